from __future__ import annotations

import math

from penstock.reporting.sparks import HEIGHT, WIDTH, spark


def test_lines_share_one_scale_and_stay_in_the_box() -> None:
    drawn = spark("two lines", [("--quiet", [0.0, 10.0]), ("--model", [5.0, math.nan, 0.0])])
    assert drawn is not None
    first, second = (points for _, points in drawn.lines)
    assert first == f"0.0,{HEIGHT - 2:.1f} {WIDTH:.1f},2.0"
    assert second == f"0.0,{HEIGHT / 2:.1f} {WIDTH:.1f},{HEIGHT - 2:.1f}"


def test_nothing_to_draw_is_nothing() -> None:
    assert spark("empty", [("--quiet", [math.nan, 1.0])]) is None


def test_a_constant_is_a_level_line() -> None:
    drawn = spark("flat", [("--quiet", [3.0, 3.0, 3.0])])
    assert drawn is not None
    assert len({point.split(",")[1] for point in drawn.lines[0][1].split()}) == 1
