"""What a dataset version holds, in numbers: each column, and the series that lack most."""

from __future__ import annotations

import math
from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

PERCENTS = tuple(range(101))
MAX_TEXTS = 50
"""Most frequent texts that are kept of a column; the others are counted together."""
MAX_SERIES = 20

ProfileKind: TypeAlias = Literal["number", "text", "moment", "other"]


class ColumnProfile(BaseModel):
    """One column.

    ``missing`` counts null and NaN, ``distinct`` different values without these. ``minimum`` and ``maximum`` are
    numbers, or text for texts and moments (ISO 8601, UTC). ``mean``, ``deviation`` (population) and ``percentiles`` (0
    to 100, each a value of the column) belong to numbers that are finite. ``texts`` are the most frequent texts with
    their counts, most frequent first, then by name. Of a ``personal`` column only counts are kept.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    type: str
    kind: ProfileKind
    rows: int
    missing: int
    distinct: int
    personal: bool = False
    minimum: float | str | None = None
    maximum: float | str | None = None
    mean: float | None = None
    deviation: float | None = None
    percentiles: tuple[float, ...] = ()
    texts: tuple[tuple[str, int], ...] = ()


class SeriesProfile(BaseModel):
    """One series: ``rows`` with a value, steps ``missing`` between ``first`` and ``last`` (both of it), and its mean."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    series: str
    rows: int
    missing: int
    first: datetime | None
    last: datetime | None
    mean: float | None


class Profile(BaseModel):
    """A table in numbers. ``worst`` are at most ``MAX_SERIES`` of the ``series``, those that miss most first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int
    series: int
    missing: int
    columns: tuple[ColumnProfile, ...]
    worst: tuple[SeriesProfile, ...]

    def column(self, name: str) -> ColumnProfile | None:
        """Return the profile of a column, if there is one."""
        return next((column for column in self.columns if column.name == name), None)


def profile(frame: pl.DataFrame, *, frequency: str | None = None, personal: Collection[str] = ()) -> Profile:
    """Describe a table; the order of its rows does not matter.

    Parameters
    ----------
    frame
        Any columns. Where ``series``, ``time`` (UTC) and ``y`` are among them, series are described too.
    frequency
        Distance of two stamps as a polars duration; with it, absent steps of a series count as missing like rows
        without a value.
    personal
        Columns of which only counts are kept; if ``series`` is among them, series are not named but numbered.

    Raises
    ------
    UsageError
        If ``frequency`` is no duration.
    """
    from penstock.quality.facts import COLUMNS

    columns = tuple(_column(frame[name], personal=name in personal) for name in sorted(frame.columns))
    is_panel = all(name in frame.columns for name in COLUMNS)
    series = _series(frame, frequency) if is_panel else []
    if "series" in personal:
        series = [one.model_copy(update={"series": f"series {n}"}) for n, one in enumerate(series, start=1)]
    return Profile(
        rows=frame.height,
        series=len(series),
        missing=sum(one.missing for one in series),
        columns=columns,
        worst=tuple(series[:MAX_SERIES]),
    )


def _column(values: pl.Series, *, personal: bool) -> ColumnProfile:
    known = values.drop_nulls()
    if values.dtype.is_float():
        known = known.drop_nans()
    counts: dict[str, Any] = {
        "name": values.name,
        "type": str(values.dtype),
        "kind": _kind(values),
        "rows": len(values),
        "missing": len(values) - len(known),
        "distinct": known.n_unique(),
        "personal": personal,
    }
    return ColumnProfile(**counts, **({} if personal or known.is_empty() else _facts(known, counts["kind"])))


def _kind(values: pl.Series) -> ProfileKind:
    import polars as pl

    if values.dtype.is_numeric():
        return "number"
    if values.dtype.is_temporal():
        return "moment"
    return "text" if values.dtype in (pl.String, pl.Categorical, pl.Enum) else "other"


def _facts(known: pl.Series, kind: ProfileKind) -> dict[str, Any]:
    if kind == "number":
        return _number_facts(known)
    if kind == "moment":
        ends = (known.min(), known.max())
        return dict(zip(("minimum", "maximum"), (_spelled(end) for end in ends), strict=True))
    if kind == "text":
        return _text_facts(known)
    return {}


def _number_facts(known: pl.Series) -> dict[str, Any]:
    import polars as pl

    # Sorted, so that sums do not depend on the order of rows.
    values: NDArray[np.float64] = (
        known.cast(pl.Float64).filter(known.cast(pl.Float64).is_finite()).sort().to_numpy()
    )
    if not len(values):
        return {}
    mean = math.fsum(values) / len(values)
    return {
        "minimum": float(values[0]),
        "maximum": float(values[-1]),
        "mean": mean,
        "deviation": math.sqrt(math.fsum((values - mean) ** 2) / len(values)),
        "percentiles": tuple(float(values[_rank(percent, len(values))]) for percent in PERCENTS),
    }


def _rank(percent: int, count: int) -> int:
    """Return the place of a percentile among ``count`` sorted values: the smallest that so many do not exceed."""
    return max(-(-percent * count // 100) - 1, 0)


def _text_facts(known: pl.Series) -> dict[str, Any]:
    import polars as pl

    text = known.cast(pl.String)
    counts = (
        text.alias("text").value_counts().sort(["count", "text"], descending=[True, False]).head(MAX_TEXTS)
    )
    return {"minimum": text.min(), "maximum": text.max(), "texts": tuple(counts.rows())}


def _spelled(moment: Any) -> str | None:
    return moment.isoformat() if hasattr(moment, "isoformat") else str(moment)


def _series(frame: pl.DataFrame, frequency: str | None) -> list[SeriesProfile]:
    """Return the series, those that miss most first, then by name."""
    import polars as pl

    known = frame.filter(pl.col("y").cast(pl.Float64).is_not_nan(), pl.col("series").is_not_null())
    known = known.sort("series", "time", "y").unique(["series", "time"], keep="first", maintain_order=True)
    empty = frame.filter(pl.col("y").cast(pl.Float64).fill_null(math.nan).is_nan()).drop_nulls("series")
    facts = known.group_by("series").agg(
        pl.len().alias("rows"),
        pl.col("time").min(),
        pl.col("time").max().alias("next"),
        pl.col("y").filter(pl.col("y").is_finite()).mean().alias("mean"),
    )
    lost = empty.group_by("series").len("empty")
    joined = facts.join(lost, on="series", how="full", coalesce=True).with_columns(
        _absent(frequency).alias("absent")
    )
    missing = pl.max_horizontal("absent", pl.col("empty").fill_null(0)).cast(pl.Int64).alias("missing")
    told = joined.with_columns(pl.col("rows").fill_null(0), missing)
    return [
        SeriesProfile(**row)
        for row in told.sort(["missing", "series"], descending=[True, False])
        .select("series", "rows", "missing", first="time", last="next", mean="mean")
        .iter_rows(named=True)
    ]


def _absent(frequency: str | None) -> pl.Expr:
    """Return how many steps of the grid between the first and the last stamp have no value."""
    import polars as pl

    from penstock.quality.grid import missing_steps, parse_step

    if frequency is None:
        return pl.lit(0)
    between = missing_steps(parse_step(frequency)) + 2 - pl.col("rows").cast(pl.Int64)
    return (
        pl.when(pl.col("time") < pl.col("next")).then(between.clip(lower_bound=0)).otherwise(0).fill_null(0)
    )
