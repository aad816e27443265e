"""Judge the raw rows of a source by the schema that the source declares, through Pandera."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from penstock.domain.errors import bounded
from penstock.quality.personal import MASKED, masked
from penstock.quality.report import MAX_EXAMPLES, Example, QualityReport, RuleResult, passed

if TYPE_CHECKING:
    import polars as pl

    from penstock.domain.rows import ColumnKind, ColumnRule, RowSchema

STRUCTURE = ("columns", "types")
_CONTENT = ("missing", "allowed", "minimum", "infinite")

_RULE_OF_CHECK = {"column_in_schema": "columns", "column_in_dataframe": "columns", "not_nullable": "missing"}
_COLUMN_FAULT = {"column_in_schema": "not wanted", "column_in_dataframe": "missing"}
_FINDING = {
    "columns": "columns too many or too few",
    "types": "columns of another type",
    "missing": "cells without a value (empty or NaN)",
    "allowed": "names that are not known",
    "minimum": "values that are too small",
    "infinite": "infinite values",
}
_MAX_ALLOWED_SHOWN = 40


def validate_rows(frame: pl.DataFrame, schema: RowSchema) -> QualityReport:
    """Compare ``frame`` with ``schema``; nothing is raised for bad data.

    First its columns, exactly, and their types; if these hold also the values. Examples name the texts that tell
    the series of a row apart, joined by ``/``, and its stamp in UTC. Duplicate rows and gaps are the business of
    :func:`penstock.quality.rules.validate_panel`.
    """
    structure = _judge(STRUCTURE, frame, schema)
    sound = all(result.verdict == "passed" for result in structure)
    content = _judge(_CONTENT, frame, schema) if sound else ()
    texts = _columns_of(schema, "text")
    return QualityReport(
        subject=f"The table {schema.name}",
        rows=frame.height,
        series=frame.select(texts).n_unique() if sound and texts else 0,
        rules=(*structure, *content),
    )


def row_violations(frame: pl.DataFrame, schema: RowSchema) -> pl.DataFrame:
    """Return every row whose values break the schema: ``index`` (of the row in ``frame``), ``rule``, ``finding``.

    A row that breaks several rules stands there several times; values of personal columns are masked. The columns
    must be sound: ask :func:`validate_rows` first.
    """
    import polars as pl

    personal = [column.name for column in schema.columns if column.personal]
    failures = _failures(frame, schema, with_values=True).drop_nulls("index")
    shown = (
        pl.when(pl.col("column").is_in(personal))
        .then(pl.lit(MASKED))
        .otherwise(pl.col("failure_case").fill_null("nothing"))
    )
    order = pl.col("rule").replace_strict(
        {rule: at for at, rule in enumerate(_CONTENT)}, return_dtype=pl.Int64
    )
    told = pl.format("{}: {}={}", pl.col("rule").replace_strict(_FINDING), "column", shown).alias("finding")
    return failures.sort("index", order, "column").select(pl.col("index").cast(pl.UInt32), "rule", told)


def _judge(rules: tuple[str, ...], frame: pl.DataFrame, schema: RowSchema) -> tuple[RuleResult, ...]:
    failures = _failures(frame, schema, with_values=rules == _CONTENT)
    return tuple(_result(rule, failures, frame, schema) for rule in rules)


def _failures(frame: pl.DataFrame, schema: RowSchema, *, with_values: bool) -> pl.DataFrame:
    """Return what Pandera found: ``rule``, ``check``, ``column``, ``failure_case`` and the ``index`` of the row."""
    import pandera.polars as pa
    import polars as pl

    text, number = pl.String, pl.Int64
    wanted = {"rule": text, "check": text, "column": text, "failure_case": text, "index": number}
    try:
        _pandera(schema, with_values=with_values).validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases: pl.DataFrame = errors.failure_cases
    else:
        return pl.DataFrame(schema=wanted)
    by_type = pl.when(pl.col("check").str.starts_with("dtype")).then(pl.lit("types")).otherwise("check")
    named = cases.with_columns(by_type.replace(_RULE_OF_CHECK).alias("rule"))
    return named.select(pl.col(name).cast(kind) for name, kind in wanted.items())


def _pandera(schema: RowSchema, *, with_values: bool) -> Any:
    import pandera.polars as pa

    columns = {
        column.name: pa.Column(
            _polars_type(column.kind),
            checks=_checks(column) if with_values else None,
            nullable=column.nullable or not with_values,
        )
        for column in schema.columns
    }
    return pa.DataFrameSchema(columns, strict=True, name=schema.name)


def _checks(column: ColumnRule) -> list[Any]:
    import pandera.polars as pa
    import polars as pl

    checks = []
    if column.allowed is not None:
        checks.append(pa.Check.isin(list(column.allowed), error="allowed"))
    if column.minimum is not None:
        checks.append(pa.Check.ge(column.minimum, error="minimum"))
    if column.kind == "number":
        finite = ~pl.col(column.name).is_infinite()
        checks.append(pa.Check(lambda data: data.lazyframe.select(finite), error="infinite"))
    return checks


def _polars_type(kind: ColumnKind) -> Any:
    import polars as pl

    return {
        "text": pl.String,
        "number": pl.Float64,
        "whole": pl.Int64,
        "instant": pl.Datetime("us", "UTC"),
        "local_time": pl.Datetime("us"),
        "date": pl.Date,
    }[kind]


def _result(rule: str, failures: pl.DataFrame, frame: pl.DataFrame, schema: RowSchema) -> RuleResult:
    import polars as pl

    mine = failures.filter(pl.col("rule") == rule).sort("index", maintain_order=True)
    if mine.is_empty():
        return passed(rule)
    first = mine.head(MAX_EXAMPLES).iter_rows(named=True)
    return RuleResult(
        rule=rule,
        verdict="broken",
        count=mine.height,
        finding=_FINDING[rule],
        remedy=_remedy(rule, mine, schema),
        examples=tuple(_example(failure, frame, schema) for failure in first),
    )


def _example(failure: dict[str, Any], frame: pl.DataFrame, schema: RowSchema) -> Example:
    if failure["index"] is None:
        fault = _COLUMN_FAULT.get(failure["check"])
        if fault:
            return Example(series=failure["failure_case"], note=fault)
        return Example(series=failure["column"], note=failure["failure_case"])
    row = masked(frame.row(failure["index"], named=True), schema)
    texts = (str(row[name]) for name in _columns_of(schema, "text"))
    stamps = [row[name] for name in _columns_of(schema, "instant")]
    stamp = stamps[0].replace(tzinfo=UTC) if stamps and isinstance(stamps[0], datetime) else None
    return Example(series="/".join(texts), stamp=stamp, note=f"{failure['column']}={row[failure['column']]}")


def _remedy(rule: str, failures: pl.DataFrame, schema: RowSchema) -> str:
    """Return what is allowed in the columns that failed, and the next step."""
    if rule in STRUCTURE:
        wanted = ", ".join(f"{column.name} ({column.kind})" for column in schema.columns)
        return f"Exactly these are allowed: {wanted}. The source may have changed its schema."
    failing = set(failures["column"])
    allowed = [
        f"{column.name} {_wanted(rule, column)}" for column in schema.columns if column.name in failing
    ]
    return f"Allowed: {'; '.join(allowed)}. Correct or leave out these rows."


def _wanted(rule: str, column: ColumnRule) -> str:
    if rule == "allowed":
        return f"one of {bounded(column.allowed or (), _MAX_ALLOWED_SHOWN)}"
    if rule == "minimum":
        return f"from {column.minimum:g} {column.unit}".rstrip()
    return "a finite number" if rule == "infinite" else "never empty"


def _columns_of(schema: RowSchema, kind: ColumnKind) -> list[str]:
    return [column.name for column in schema.columns if column.kind == kind]
