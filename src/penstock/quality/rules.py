"""Judge a panel by the time-series rules, then take out what the rules allow to be taken out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from penstock.domain.errors import UsageError
from penstock.quality.report import QualityReport

if TYPE_CHECKING:
    import polars as pl

    from penstock.quality.config import QualityConfig
    from penstock.quality.found import Found


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What the rules are asked with beside their tolerances.

    ``frequency`` is the step of the grid, a polars duration such as ``"1h"``; days and weeks are those of UTC.
    ``known_series`` are the names that may appear (``None``: any), ``now`` the moment of judging, with a time zone:
    needed where ``lag_days`` is set. ``leads`` says how many steps beyond the newest value a covariate is known, by its
    own name; below 0 for what is published late.
    """

    frequency: str
    known_series: Iterable[str] | None = None
    now: datetime | None = None
    leads: Mapping[str, int] = field(default_factory=dict)


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
    frequency, known_series, now
        See :class:`Asked`.

    Raises
    ------
    UsageError
        If ``frequency`` is not a duration, or ``now`` is missing or has no zone where it is needed.
    """
    asked = Asked(frequency=frequency, known_series=known_series, now=now)
    return report_on(frame, findings(frame, config, asked))


def findings(frame: pl.DataFrame, config: QualityConfig, asked: Asked) -> tuple[Found, ...]:
    """Ask every rule and return all that it finds, unbounded; arguments and errors as :func:`validate_panel`."""
    from penstock.quality import facts, panel
    from penstock.quality.grid import parse_step

    step = parse_step(asked.frequency)
    _check_now(config, asked.now)
    wrong = _wrong_columns(frame)
    if wrong is not None:
        return (wrong,)
    known = None if asked.known_series is None else frozenset(asked.known_series)
    context = facts.Context(config=config, step=step, known_series=known, now=asked.now, leads=asked.leads)
    seen = facts.facts_of(frame, context)
    return tuple(rule(seen) for rule in panel.RULES)


def report_on(frame: pl.DataFrame, found: tuple[Found, ...]) -> QualityReport:
    """Tell within bounds what was found in ``frame``."""
    sound = frame.height > 0 and "series" in frame.columns
    left_out = [one.rows["series"] for one in found if one.rule == "short_series" and one.verdict == "noted"]
    return QualityReport(
        subject="The panel",
        rows=frame.height,
        series=frame["series"].n_unique() if sound else 0,
        rules=tuple(one.told() for one in found),
        dropped_series=tuple(left_out[0]) if left_out else (),
    )


def _check_now(config: QualityConfig, now: datetime | None) -> None:
    if config.lag_days is not None and (now is None or now.tzinfo is None):
        raise UsageError(
            f"lag_days={config.lag_days:g} needs the moment of judging; give now with a time zone."
        )


def _wrong_columns(frame: pl.DataFrame) -> Found | None:
    """Return the broken rule if a column is missing or has another type; no other rule could be asked."""
    from penstock.quality.facts import COLUMNS
    from penstock.quality.found import Found

    faults = [
        f"{name} is {frame.schema.get(name, 'missing')}, must be {kind}"
        for name, kind in COLUMNS.items()
        if frame.schema.get(name) != kind
    ]
    if not faults:
        return None
    return Found(
        rule="columns",
        verdict="broken",
        reach="table",
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
