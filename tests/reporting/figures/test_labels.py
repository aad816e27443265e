from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.reporting.figures.labels import Dot, placed

DOTS = st.lists(
    st.builds(
        Dot,
        x=st.floats(min_value=1e-3, max_value=1e3),
        y=st.floats(min_value=0.1, max_value=100),
        label=st.sampled_from(["", "LightGBM", "A very long name of a rung"]),
        must=st.booleans(),
    ),
    max_size=8,
)


@given(DOTS)
def test_labels_that_must_stand_do_and_empty_ones_do_not(dots: list[Dot]) -> None:
    for dot, side in zip(dots, placed(dots, log_x=True, log_y=False), strict=True):
        if not dot.label:
            assert side is None
        elif dot.must:
            assert side is not None


def test_a_label_at_the_right_edge_stands_left() -> None:
    dots = [Dot(x=1, y=1, label="left one"), Dot(x=100, y=2, label="right one")]
    assert placed(dots, log_x=True, log_y=False) == ["middle right", "middle left"]


def test_a_label_without_room_is_left_out() -> None:
    crowd = [
        Dot(x=1, y=1, label="must stand here", must=True),
        *(Dot(x=1, y=1, label="crowded") for _ in range(9)),
    ]
    sides = placed(crowd, log_x=False, log_y=False)
    assert sides[0] is not None
    assert None in sides[1:]
