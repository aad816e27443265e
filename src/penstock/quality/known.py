"""Rules about when rows became known: none sooner than their source can have them, none much later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl

from penstock.quality.found import Found, found, sound

if TYPE_CHECKING:
    from penstock.quality.facts import Facts

KNOWN_AT = "known_at"
"""Column (Datetime us, UTC) that says when a row was learnt; null where nobody knows."""


def late_rows(facts: Facts) -> Found:
    """Refuse rows that are there before their source can have published them."""
    lag, now = facts.context.config.lag, facts.context.now
    if lag is None or now is None:
        return sound("late_rows")
    last = now.astimezone(UTC) - lag
    return found(
        "late_rows",
        "broken",
        facts.frame.filter(pl.col("time") > _literal(last)),
        finding=f"rows later than a lag of {_days(lag)} days allows",
        remedy=f"At {now:%Y-%m-%dT%H:%MZ} nothing after {last:%Y-%m-%dT%H:%MZ} can be known; "
        "check the clock, the time zone of the stamps or quality.lag_days.",
    )


def early_rows(facts: Facts) -> Found:
    """Note rows whose ``known_at`` is sooner than the lag of their source allows."""
    lag = facts.context.config.lag
    if lag is None or KNOWN_AT not in facts.frame.columns:
        return sound("early_rows")
    return found(
        "early_rows",
        facts.context.config.verdict_of("early_rows"),
        facts.frame.filter(pl.col(KNOWN_AT) < pl.col("time") + lag).with_columns(_known_note()),
        finding=f"rows known sooner than a lag of {_days(lag)} days allows",
        remedy="A replay would see them too early; check known_at, the time zone of the stamps or quality.lag_days.",
    )


def overdue_rows(facts: Facts) -> Found:
    """Note rows that became known later than lag and tolerance allow.

    Only moments that the source published count: an ingest that looks late says nothing about the source.
    """
    config = facts.context.config
    if config.lag is None or KNOWN_AT not in facts.frame.columns:
        return sound("overdue_rows")
    allowed = config.lag + config.lag_tolerance
    published = (
        pl.col("known_how") == "published" if "known_how" in facts.frame.columns else pl.lit(value=True)
    )
    return found(
        "overdue_rows",
        config.verdict_of("overdue_rows"),
        facts.frame.filter((pl.col(KNOWN_AT) > pl.col("time") + allowed) & published).with_columns(
            _known_note()
        ),
        finding=f"rows known later than {_days(allowed)} days after their time",
        remedy="A replay learns them as late as that; raise quality.lag_days if the source has become slower.",
    )


def stale_input(facts: Facts) -> Found:
    """Note that the newest row is older than lag and tolerance allow, and name the command that fetches."""
    config, now = facts.context.config, facts.context.now
    newest = facts.values["time"].max()
    if config.lag is None or now is None or not isinstance(newest, datetime):
        return sound("stale_input")
    age = now.astimezone(UTC) - newest.astimezone(UTC)
    if age <= config.lag + config.lag_tolerance:
        return sound("stale_input")
    last = facts.values.filter(pl.col("time") == newest).head(1)
    limit = f"{_days(config.lag)} days of lag and {_days(config.lag_tolerance)} of tolerance"
    return Found(
        rule="stale_input",
        verdict=config.verdict_of("stale_input"),
        rows=last,
        finding=f"at {now.astimezone(UTC):%Y-%m-%dT%H:%MZ} the newest row is {_days(age)} days old, more than {limit}",
        remedy=f"Fetch what came since: penstock data ingest {config.system or 'SYSTEM'}",
        reach="table",
    )


def _known_note() -> pl.Expr:
    return pl.format("known {}", pl.col(KNOWN_AT).dt.strftime("%Y-%m-%dT%H:%MZ")).alias("note")


def _literal(moment: datetime) -> pl.Expr:
    return pl.lit(moment.replace(tzinfo=None)).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _days(span: timedelta) -> str:
    return f"{span / timedelta(days=1):.3g}"
