from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.forecasting.racing import behind

Losses = st.dictionaries(st.integers(0, 20), st.none() | st.floats(0, 1), max_size=9)


def test_the_worse_half_goes_no_further() -> None:
    assert behind({4: 0.3, 5: 0.1, 6: 0.2, 7: 0.4}) == {4: 0.3, 7: 0.4}
    assert behind({4: 0.3, 5: 0.1, 6: 0.2}) == {4: 0.3}
    assert behind({4: 0.1, 5: 0.1}) == {5: 0.1}
    assert behind({}) == {}


def test_the_base_and_what_has_no_loss_go_on() -> None:
    assert behind({0: 0.9, 1: 0.1, 2: None, 3: 0.2}) == {}
    assert behind({1: None, 2: None}) == {}


@given(losses=Losses)
def test_nothing_behind_beats_what_goes_on(losses: dict[int, float | None]) -> None:
    lost = behind(losses)
    going = [
        loss for number, loss in losses.items() if loss is not None and number not in lost and number != 0
    ]
    assert len(lost) <= len([loss for loss in losses.values() if loss is not None]) // 2
    assert all(loss <= min(lost.values()) for loss in going) if lost else True
