"""Judge a panel by the time-series rules, then take out what the rules allow to be taken out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.domain.errors import UsageError
from penstock.quality.report import QualityReport, RuleResult

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    import polars as pl

    from penstock.quality.config import QualityConfig


def validate_panel(
    frame: pl.DataFrame,
    config: QualityConfig,
    *,
    frequency: str,
    known_series: Iterable[str] | None = None,
    now: datetime | None = None,
) -> QualityReport:
    """Ask every rule of :mod:`penstock.quality.panel`; nothing is raised for bad data.

    Parameters
    ----------
    frame
        ``series`` (String), ``time`` (Datetime us, UTC), ``y`` (Float64, null or NaN where nothing is known),
        other columns allowed, any order of rows.
    frequency
        The step of the grid, a polars duration such as ``"1h"``. Days and weeks are those of UTC.
    known_series
        Names that may appear; ``None`` allows any.
    now
        The moment of judging, with a time zone; needed where ``config.lag_days`` is set.

    Raises
    ------
    UsageError
        If ``frequency`` is not a duration, or ``now`` is missing or has no zone where it is needed.
    """
    from penstock.quality import facts, panel
    from penstock.quality.grid import parse_step

    step = parse_step(frequency)
    _check_now(config, now)
    wrong = _wrong_columns(frame)
    if wrong is not None:
        return QualityReport(subject="The panel", rows=frame.height, series=0, rules=(wrong,))
    known = None if known_series is None else frozenset(known_series)
    context = facts.Context(config=config, step=step, known_series=known, now=now)
    seen = facts.facts_of(frame, context)
    results = tuple(rule(seen) for rule in panel.RULES)
    dropped = any(result.rule == "short_series" and result.verdict == "noted" for result in results)
    return QualityReport(
        subject="The panel",
        rows=frame.height,
        series=frame["series"].n_unique(),
        rules=results,
        dropped_series=facts.too_short(seen) if dropped else (),
    )


def _check_now(config: QualityConfig, now: datetime | None) -> None:
    if config.lag_days is not None and (now is None or now.tzinfo is None):
        raise UsageError(
            f"lag_days={config.lag_days:g} needs the moment of judging; give now with a time zone."
        )


def _wrong_columns(frame: pl.DataFrame) -> RuleResult | None:
    """Return the broken rule if a column is missing or has another type; no other rule could be asked."""
    from penstock.quality.facts import COLUMNS

    faults = [
        f"{name} is {frame.schema.get(name, 'missing')}, must be {kind}"
        for name, kind in COLUMNS.items()
        if frame.schema.get(name) != kind
    ]
    if not faults:
        return None
    return RuleResult(
        rule="columns",
        verdict="broken",
        count=len(faults),
        finding="; ".join(faults),
        remedy="Give the columns series, time and y with these types.",
    )


def clean(frame: pl.DataFrame, report: QualityReport) -> pl.DataFrame:
    """Return ``frame`` without exact duplicates, rows without a value and the series that the report drops.

    What is left has one row per series and stamp, sorted by both; gaps are gaps still, NaN is gone.

    Raises
    ------
    ValidationError
        If the report says that a rule is broken: such data are not cleaned but corrected.
    """
    import polars as pl

    report.raise_if_broken()
    kept = frame.filter(
        pl.col("y").is_not_null() & pl.col("y").is_not_nan(),
        ~pl.col("series").is_in(list(report.dropped_series)),
    )
    return kept.unique(maintain_order=True).sort("series", "time")
