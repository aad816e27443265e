"""Small panels with faults, and one rule's verdict on them: for tests of rules, built-in or of a plug-in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

from penstock.quality.config import QualityConfig
from penstock.quality.rules import validate_panel

if TYPE_CHECKING:
    import polars as pl

    from penstock.quality.report import QualityReport, RuleResult

START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)

Row: TypeAlias = tuple[str | None, datetime | None, float | None]
"""Series, time, y."""


def rows(
    series: str | None = "a", hours: Sequence[int] = range(6), values: Sequence[float | None] = ()
) -> list[Row]:
    """Return rows of one series at ``hours`` after :data:`START`; without ``values`` they rise from 1 by 1."""
    filled = values or [1.0 + n for n in range(len(hours))]
    return [(series, START + hour * HOUR, y) for hour, y in zip(hours, filled, strict=True)]


def panel(*parts: list[Row]) -> pl.DataFrame:
    """Return a panel of all ``parts`` in the order given."""
    import polars as pl

    schema = {"series": pl.String(), "time": pl.Datetime("us", "UTC"), "y": pl.Float64()}
    return pl.DataFrame([row for part in parts for row in part], schema=schema, orient="row")


def judge(
    frame: pl.DataFrame, *, known: Sequence[str] | None = None, now: datetime | None = None, **config: object
) -> QualityReport:
    """Return the report on an hourly panel; ``config`` are fields of :class:`QualityConfig`."""
    tolerances = QualityConfig.model_validate(config)
    return validate_panel(frame, tolerances, frequency="1h", known_series=known, now=now)


def ask(
    rule: str,
    frame: pl.DataFrame,
    *,
    known: Sequence[str] | None = None,
    now: datetime | None = None,
    **config: object,
) -> RuleResult:
    """Return the verdict of the rule called ``rule``; arguments as :func:`judge`."""
    report = judge(frame, known=known, now=now, **config)
    return next(result for result in report.rules if result.rule == rule)
