from __future__ import annotations

import pytest

from penstock.domain.errors import DataError, ExitCode, ValidationError
from penstock.quality.report import Example, QualityReport, RuleResult, passed
from penstock.testing.quality import START


def _report(*rules: RuleResult) -> QualityReport:
    return QualityReport(subject="The panel", rows=1000, series=3, rules=rules)


_BROKEN = RuleResult(
    rule="gaps",
    verdict="broken",
    count=12,
    finding="gaps of more than 3 steps, beginning at",
    remedy="Fetch the rows.",
    examples=(Example(series="a", stamp=START, note="9 steps"), Example(series="b")),
)
_NOTED = RuleResult(rule="absent_series", verdict="noted", count=1, finding="absent", remedy="Not learnt.")


def test_report_without_broken_rules_raises_nothing() -> None:
    report = _report(passed("gaps"), _NOTED)
    report.raise_if_broken()
    assert report.noted == (_NOTED,)


def test_error_names_places_and_counts_the_rest() -> None:
    with pytest.raises(ValidationError) as caught:
        _report(passed("empty"), _BROKEN, _NOTED).raise_if_broken()
    assert str(caught.value) == (
        "The panel breaks 1 of 3 data rules (1,000 rows, 3 series)\n"
        "  - gaps (12): gaps of more than 3 steps, beginning at: a 2024-01-01T00:00Z (9 steps), b and 10 more. "
        "Fetch the rows."
    )
    assert caught.value.exit_code == ExitCode.BAD_DATA
    assert isinstance(caught.value, DataError)


def test_rules_read_as_sentences() -> None:
    assert str(passed("gaps")) == "gaps: holds"
    assert str(_NOTED) == "absent_series (1): absent. Not learnt."


def test_report_survives_json() -> None:
    report = _report(_BROKEN, passed("empty"))
    assert QualityReport.model_validate_json(report.model_dump_json()) == report
