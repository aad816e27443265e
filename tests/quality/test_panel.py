"""Each rule on a panel that breaks it and, by the first test, on one that does not."""

from __future__ import annotations

import math

import polars as pl
import pytest

from penstock.quality.panel import RULES
from penstock.testing.quality import HOUR, START, ask, judge, panel, rows


def test_sound_panel_passes_every_rule() -> None:
    report = judge(
        panel(rows("a", range(3, 9)), rows("b", range(9))),
        known=["a", "b"],
        now=START + 60 * HOUR,
        lag_days=1,
        local_zone="Europe/Copenhagen",
    )
    assert [result.verdict for result in report.rules] == ["passed"] * len(RULES)
    assert [result.rule for result in report.rules] == [rule.__name__ for rule in RULES]
    assert (report.rows, report.series, report.dropped_series) == (15, 2, ())


def test_order_of_rows_does_not_matter() -> None:
    frame = panel(rows("a", [0, 1, 5]), rows("b", [3, 3]), rows("c", [1], [-1.0]))
    assert judge(frame.reverse(), allow_negative=False) == judge(frame, allow_negative=False)


def test_no_rows() -> None:
    result = ask("empty", panel())
    assert (result.verdict, result.finding) == ("broken", "there are no rows")


def test_no_values() -> None:
    result = ask("empty", panel(rows("a", [0, 1], [None, math.nan])))
    assert (result.verdict, result.finding) == ("broken", "no row has a value")


def test_missing_keys() -> None:
    result = ask("missing_keys", panel(rows("a"), rows(None, [2]), [("a", None, 1.0)]))
    assert (result.verdict, result.count) == ("broken", 2)
    assert str(result.examples[0]) == "(no series) 2024-01-01T02:00Z"
    assert str(result.examples[1]) == "a"


def test_unknown_series() -> None:
    result = ask("unknown_series", panel(rows("a"), rows("zz", [4, 5])), known=["a", "b"])
    assert (result.verdict, result.count) == ("broken", 1)
    assert str(result.examples[0]) == "zz 2024-01-01T04:00Z (2 rows)"
    assert "2 are known, such as a, b" in result.remedy


def test_absent_series() -> None:
    result = ask("absent_series", panel(rows("a")), known=["a", "b", "c"])
    assert (result.verdict, [str(example) for example in result.examples]) == ("noted", ["b", "c"])


def test_exact_duplicates() -> None:
    result = ask("exact_duplicates", panel(rows("a"), rows("a", [1, 2], [2.0, 3.0]), rows("a", [1], [2.0])))
    assert (result.verdict, result.count) == ("noted", 3)
    assert str(result.examples[0]) == "a 2024-01-01T01:00Z"
    assert result.remedy == "The copies are dropped."


def test_duplicates_count_all_columns() -> None:
    frame = panel(rows("a", [0, 1]), rows("a", [0])).with_columns(pl.Series("area", ["x", "x", "y"]))
    assert ask("exact_duplicates", frame).verdict == "passed"
    assert ask("conflicting_duplicates", frame).verdict == "broken"


def test_conflicting_duplicates() -> None:
    result = ask("conflicting_duplicates", panel(rows("a"), rows("a", [1, 2], [9.5, 3.0])))
    assert (result.verdict, result.count) == ("broken", 1)
    assert str(result.examples[0]) == "a 2024-01-01T01:00Z (2.0 and 9.5)"


def test_value_and_no_value_conflict() -> None:
    result = ask("conflicting_duplicates", panel(rows("a"), rows("a", [1], [None])))
    assert str(result.examples[0]) == "a 2024-01-01T01:00Z (2.0 and nothing)"


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_infinite_values(value: float) -> None:
    result = ask("infinite_values", panel(rows("a", range(3), [1.0, value, 2.0])))
    assert (result.verdict, result.count) == ("broken", 1)
    assert str(result.examples[0]).startswith("a 2024-01-01T01:00Z")


@pytest.mark.parametrize("nothing", [None, math.nan])
def test_missing_values_count_as_gaps(nothing: float | None) -> None:
    frame = panel(rows("a", range(6), [1.0, nothing, nothing, 2.0, 3.0, 4.0]))
    missing = ask("missing_values", frame)
    assert (missing.verdict, missing.count) == ("noted", 2)
    assert ask("gaps", frame).verdict == "noted"
    assert ask("gaps", frame, max_gap=1).verdict == "broken"


def test_negative_values() -> None:
    frame = panel(rows("a", range(3), [0.0, -0.5, 2.0]))
    assert ask("negative_values", frame).verdict == "passed"
    result = ask("negative_values", frame, allow_negative=False)
    assert (result.verdict, str(result.examples[0])) == ("broken", "a 2024-01-01T01:00Z (-0.5)")
    assert "allow_negative=true" in result.remedy


def test_off_grid() -> None:
    frame = panel(
        rows("a"), [("b", START, 1.0), ("b", START + 0.5 * HOUR, 2.0), ("b", START + 2 * HOUR, 3.0)]
    )
    result = ask("off_grid", frame)
    assert result.verdict == "broken"
    assert [str(example) for example in result.examples] == ["b 2024-01-01T00:30Z", "b 2024-01-01T02:00Z"]


def test_series_may_stand_on_shifted_grids() -> None:
    shifted = [("b", START + (n + 0.5) * HOUR, float(n)) for n in range(3)]
    assert ask("off_grid", panel(rows("a"), list(shifted))).verdict == "passed"


def test_short_gaps_are_noted() -> None:
    result = ask("gaps", panel(rows("a", [0, 4, 5]), rows("b", [0, 1, 3])))
    assert (result.verdict, result.count) == ("noted", 2)
    assert result.finding == "gaps of 4 steps in all, beginning at"
    assert [str(e) for e in result.examples] == [
        "a 2024-01-01T01:00Z (3 steps)",
        "b 2024-01-01T02:00Z (1 steps)",
    ]


def test_long_gaps_stop_and_name_where_they_begin() -> None:
    result = ask("gaps", panel(rows("a", [0, 5, 6]), rows("b", [0, 1, 3])))
    assert (result.verdict, result.count) == ("broken", 1)
    assert str(result.examples[0]) == "a 2024-01-01T01:00Z (4 steps)"
    assert "Up to 3 missing steps are repaired" in result.remedy


def test_ended_series() -> None:
    result = ask("ended_series", panel(rows("a", range(6)), rows("b", range(4))))
    assert (result.verdict, str(result.examples[0])) == ("noted", "b 2024-01-01T03:00Z")


def test_constant_series() -> None:
    result = ask("constant_series", panel(rows("a"), rows("still", range(4), [7.0] * 4), rows("single", [1])))
    assert (result.verdict, result.count) == ("noted", 1)
    assert str(result.examples[0]) == "still (always 7.0)"


def test_a_panel_of_nothing_but_constants_is_refused() -> None:
    result = ask("constant_series", panel(rows("a", range(4), [0.0] * 4), rows("b", range(4), [7.0] * 4)))
    assert (result.verdict, result.count) == ("broken", 2)
    assert result.finding == "series that never change, and no other"
    assert str(result.examples[0]) == "a (always 0.0)"


def test_short_series_stop() -> None:
    frame = panel(rows("a", range(10)), rows("short", range(3)), rows("void", [0], [None]))
    result = ask("short_series", frame, min_rows=5)
    assert (result.verdict, result.count) == ("broken", 2)
    assert [str(e) for e in result.examples] == ["short (3 values)", "void (0 values)"]
    assert "At least 5 are needed" in result.remedy


def test_short_series_are_left_out_on_demand() -> None:
    frame = panel(rows("a", range(10)), rows("short", range(3)), rows("void", [0], [None]))
    report = judge(frame, min_rows=5, drop_short=True)
    assert report.broken == ()
    assert report.dropped_series == ("short", "void")


def test_not_every_series_can_be_left_out() -> None:
    assert ask("short_series", panel(rows("a"), rows("b")), min_rows=99, drop_short=True).verdict == "broken"
