"""Set rows aside that break a rule, with the reason, instead of stopping for the sake of a few."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.domain.errors import ValidationError
from penstock.quality.report import QualityReport, RuleResult
from penstock.quality.rules import Asked, findings, report_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import polars as pl

    from penstock.domain.rows import RowSchema
    from penstock.quality.config import QualityConfig
    from penstock.quality.found import Found

REASON = ("rule", "finding")
"""Columns that a row gets when it is set aside."""


@dataclass(frozen=True, kw_only=True)
class Sifted:
    """Rows that keep every rule, rows that were set aside with the reason, and the report on both.

    ``set_aside`` has the columns of the rows, then ``rule`` and ``finding``. In ``report`` a rule that set rows aside
    is noted, not broken.
    """

    kept: pl.DataFrame
    set_aside: pl.DataFrame
    report: QualityReport


def quarantine(rows: pl.DataFrame, violations: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Divide ``rows`` into those that break nothing and those that do, both in their order.

    Parameters
    ----------
    rows
        Any table.
    violations
        ``index`` (UInt32, the number of a row from 0), ``rule``, ``finding``. Of a row that stands there several
        times, the first reason counts.

    Returns
    -------
    tuple
        The rows kept, and the rows set aside with the columns ``rule`` and ``finding`` behind their own.
    """
    import polars as pl

    reasons = violations.select(pl.col("index").cast(pl.UInt32), *REASON)
    reasons = reasons.unique("index", keep="first", maintain_order=True)
    numbered = rows.with_row_index("__index")
    kept = numbered.join(reasons, left_on="__index", right_on="index", how="anti", maintain_order="left")
    aside = numbered.join(reasons, left_on="__index", right_on="index", maintain_order="left")
    return kept.drop("__index"), aside.drop("__index")


def panel_violations(frame: pl.DataFrame, found: Iterable[Found]) -> pl.DataFrame:
    """Return the rows of ``frame`` that broken rules condemn: ``index``, ``rule``, ``finding``, in the order of rules.

    A finding about a row condemns every row of its series and stamp, one that lasts all until its end, one about a
    series all its rows. A finding about the whole table condemns no row.
    """
    import polars as pl

    keyed = frame.select("series", "time").with_row_index("index")
    kinds = {"index": pl.UInt32, "rule": pl.String, "finding": pl.String}
    parts = [_condemned(keyed, one) for one in found if one.verdict == "broken" and one.reach != "table"]
    return pl.concat([pl.DataFrame(schema=kinds), *parts])


def sift_panel(frame: pl.DataFrame, config: QualityConfig, asked: Asked) -> Sifted:
    """Set aside what breaks a rule, and ask again until nothing does: a series may be too short once rows are gone.

    Parameters
    ----------
    frame, config, asked
        As :func:`penstock.quality.rules.findings` takes them.

    Raises
    ------
    ValidationError
        If a rule about the whole table is broken, or more than ``max_quarantine_share`` of the rows would be set aside.
    """
    import polars as pl

    kept, parts, told = frame, [], list[RuleResult]()
    while True:
        found = findings(kept, config, asked)
        report = report_on(kept, found)
        if not report.broken:
            break
        _require_rows_only(report, found)
        kept, aside = quarantine(kept, panel_violations(kept, found))
        parts.append(aside)
        told.extend(report.broken)
        _require_share(sum(part.height for part in parts), frame.height, config, told)
    nothing = quarantine(frame.clear(), panel_violations(frame.clear(), ()))[1]
    return Sifted(kept=kept, set_aside=pl.concat([nothing, *parts]), report=_with_told(report, told))


def sift_rows(frame: pl.DataFrame, schema: RowSchema, config: QualityConfig) -> Sifted:
    """Set aside the raw rows of a source whose values break its schema.

    Raises
    ------
    ValidationError
        If columns or types are wrong, or more than ``max_quarantine_share`` of the rows would be set aside.
    """
    from penstock.quality.rows import STRUCTURE, row_violations, validate_rows

    report = validate_rows(frame, schema)
    if any(rule.rule in STRUCTURE for rule in report.broken):
        report.raise_if_broken()
    kept, aside = quarantine(frame, row_violations(frame, schema))
    _require_share(aside.height, frame.height, config, report.broken)
    sound = validate_rows(kept, schema) if report.broken else report
    return Sifted(kept=kept, set_aside=aside, report=_with_told(sound, report.broken))


def told_of(set_aside: pl.DataFrame) -> RuleResult:
    """Tell how many rows of a panel were set aside, and by which rules: a rule of its own, which only notes."""
    import polars as pl

    from penstock.quality.found import found

    rows = set_aside.select("series", "time", pl.col("rule").alias("note"))
    counts = (
        set_aside["rule"].value_counts(sort=True).sort(["count", "rule"], descending=[True, False]).rows()
    )
    return found(
        "quarantine",
        "noted",
        rows,
        finding=f"rows set aside by {', '.join(f'{rule} ({count:,})' for rule, count in counts)}",
        remedy="They lie in the output quarantine with their reasons, and are neither learnt nor published.",
    ).told()


def _condemned(keyed: pl.DataFrame, one: Found) -> pl.DataFrame:
    import polars as pl

    note = pl.col("note") if "note" in one.rows.columns else pl.lit("")
    finding = (
        pl.when(note.fill_null("") == "")
        .then(pl.lit(one.finding))
        .otherwise(pl.concat_str(pl.lit(one.finding + ": "), note))
    )
    reasons = one.rows.with_columns(pl.lit(one.rule).alias("rule"), finding.alias("finding"))
    if one.reach == "rows" and "until" not in one.rows.columns:
        hit = keyed.join(reasons.select("series", "time", *REASON), on=["series", "time"], nulls_equal=True)
    elif one.reach == "rows":
        spans = reasons.select("series", pl.col("time").alias("from"), "until", *REASON)
        hit = keyed.join(spans, on="series").filter(pl.col("time").is_between("from", "until"))
    else:
        hit = keyed.join(reasons.select("series", *REASON), on="series", nulls_equal=True)
    return hit.select("index", *REASON).sort("index", maintain_order=True)


def _require_rows_only(report: QualityReport, found: Iterable[Found]) -> None:
    """Raise if a rule about the whole table is broken: no row can be set aside for it."""
    if any(one.verdict == "broken" and one.reach == "table" for one in found):
        report.raise_if_broken()


def _require_share(aside: int, rows: int, config: QualityConfig, told: Sequence[RuleResult]) -> None:
    if aside <= config.max_quarantine_share * rows:
        return
    lines = "".join(f"\n  - {rule}" for rule in told)
    raise ValidationError(
        f"{aside:,} of {rows:,} rows ({aside / rows:.1%}) break a rule, more than the share of "
        f"{config.max_quarantine_share:.1%} that may be set aside; correct the source, or raise "
        f"quality.max_quarantine_share{lines}"
    )


def _with_told(report: QualityReport, told: Sequence[RuleResult]) -> QualityReport:
    """Return ``report`` with the rules that set rows aside as noted, in their places."""
    first = {rule.rule: rule for rule in reversed(told)}
    noted = {
        name: rule.model_copy(
            update={"verdict": "noted", "remedy": "These rows were set aside, with the reason."}
        )
        for name, rule in first.items()
    }
    return report.model_copy(update={"rules": tuple(noted.get(rule.rule, rule) for rule in report.rules)})
