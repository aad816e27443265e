from __future__ import annotations

from penstock.quality.found import Found, found, sound
from penstock.quality.report import MAX_EXAMPLES
from penstock.testing.quality import panel, rows


def test_findings_are_told_within_bounds() -> None:
    told = found("late_rows", "noted", panel(rows("a", range(40))), finding="late", remedy="Wait.").told()
    assert (told.verdict, told.count, len(told.examples)) == ("noted", 40, MAX_EXAMPLES)
    assert str(told).endswith("and 35 more. Wait.")


def test_a_rule_without_rows_holds() -> None:
    nothing = found("late_rows", "broken", panel(), finding="late", remedy="Wait.")
    assert nothing.told() == sound("late_rows").told()
    assert nothing.verdict == "passed"


def test_a_finding_about_the_table_needs_no_row() -> None:
    told = Found(
        rule="empty", verdict="broken", count=1, finding="nothing", remedy="Look.", reach="table"
    ).told()
    assert (told.count, told.examples) == (1, ())


def test_a_row_without_a_series_says_so() -> None:
    told = found("missing_keys", "broken", panel(rows(None, [1])), finding="keyless", remedy="Fill.").told()
    assert str(told.examples[0]) == "(no series) 2024-01-01T01:00Z"
