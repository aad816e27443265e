from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.proving.samples import draw_sample
from penstock.testing.panels import random_panel

PANEL = random_panel({"a": (0, 200), "b": (40, 200), "c": (0, 150), "d": (0, 200)})


def test_equal_seeds_draw_equal_samples_and_others_others() -> None:
    one, same, other = (draw_sample(PANEL, (3, 2, 30), seed) for seed in (1, 1, 2))
    assert one.rows.equals(same.rows)
    assert not one.rows.equals(other.rows)


@given(count=st.integers(0, 4), series=st.integers(1, 5), steps=st.integers(2, 60), seed=st.integers(0, 20))
@settings(max_examples=30, deadline=None)
def test_pieces_are_whole_and_the_newest_comes_first(count: int, series: int, steps: int, seed: int) -> None:
    pieces = draw_sample(PANEL, (count, series, steps), seed).pieces()
    assert len(pieces) == count + 1
    assert pieces[0]["time"].max() == PANEL["time"].max()
    for piece in pieces[1:]:
        lengths = piece.group_by("series").len()
        assert lengths["len"].unique().to_list() == [steps]
        assert 1 <= lengths.height <= series
        assert piece["time"].sort()[-1] < PANEL["time"].sort()[-1]
        assert piece.join(PANEL, on=PANEL.columns, how="anti").is_empty()


@pytest.mark.parametrize("steps", [199, 200, 500])
def test_a_short_panel_gives_fewer_pieces(steps: int) -> None:
    assert len(draw_sample(PANEL, (3, 2, steps), 1).pieces()) == (2 if steps == 199 else 1)
