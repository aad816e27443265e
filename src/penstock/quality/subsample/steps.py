"""The steps that a system puts into its pipeline to subsample a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from penstock.engine import step
from penstock.quality.subsample.counts import SampleCount

if TYPE_CHECKING:
    import polars as pl


class NearConfig(BaseModel):
    """When two rows are near duplicates."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[str, ...] = Field(description="Text columns that are compared as one text.")
    similarity: Annotated[float, Field(ge=0.5, le=1)] = Field(
        default=0.9,
        description="Share of letters that must agree; lower finds more, and joins what only looks alike.",
    )
    within: tuple[str, ...] = Field(
        default=(), description="Columns in which rows must be equal to be compared; makes large tables fast."
    )


class LimitConfig(BaseModel):
    """How many rows of a kind may stay."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: tuple[str, ...] = Field(description="Columns that name a kind, such as a user or a cluster.")
    limit: Annotated[int, Field(ge=1)] = Field(
        description="Largest number of rows of a kind: how much one may say."
    )
    seed: Annotated[int, Field(ge=0)] = Field(default=7, description="Seed of the draw.")


@step(stage="prepare")
def drop_copies(table: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    """Keep the first of the rows that are equal in ``columns``, or in all if none is named."""
    from penstock.quality.subsample.exact import without_copies

    return without_copies(table, columns)


@step(stage="prepare")
def drop_near_copies(table: pl.DataFrame, near: NearConfig) -> pl.DataFrame:
    """Keep the first row of each cluster of near duplicates."""
    from penstock.quality.subsample.near import without_near_copies

    return without_near_copies(table, near.columns, near.similarity, within=near.within)


@step(stage="prepare")
def with_clusters(table: pl.DataFrame, near: NearConfig) -> pl.DataFrame:
    """Add the column ``cluster``: which rows are near duplicates of each other."""
    from penstock.quality.subsample.near import clusters

    return table.with_columns(clusters(table, near.columns, near.similarity, within=near.within))


@step(stage="prepare")
def limit_rows(table: pl.DataFrame, limit: LimitConfig) -> pl.DataFrame:
    """Keep at most so many rows of each kind, drawn by seed."""
    from penstock.quality.subsample.limits import at_most

    return at_most(table, limit.by, limit.limit, seed=limit.seed)


@step(stage="prepare")
def count_rows(before: pl.DataFrame, after: pl.DataFrame, what: str) -> SampleCount:
    """Count what a step took away, for the report."""
    return SampleCount(what=what, before=before.height, after=after.height)
