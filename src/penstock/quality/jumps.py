"""The rule about levels that shift: a renamed unit, a meter exchanged, half of the customers gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from penstock.quality.found import Found, found, sound
from penstock.quality.grid import Step

if TYPE_CHECKING:
    from penstock.quality.facts import Facts

LEAST_WINDOW = 7  # steps: a median of fewer values is no level
LEAST_SEASONS = 4  # of history: fewer say nothing about what is usual
FLOOR = 0.01
"""Movement, as a share of the series' median size, that counts as usual however still the series is."""
TO_DEVIATION = 1.4826  # the median of absolute values times this is the deviation of a normal distribution
_WEEK_US = 604_800_000_000
_YEAR_WEEKS, _YEAR_MONTHS = 52, 12


def level_jumps(facts: Facts) -> Found:
    """Note series whose level shifts by more than ``max_jump`` times their usual seasonal movement."""
    limit = facts.context.config.max_jump
    if limit is None:
        return sound("level_jumps")
    return found(
        "level_jumps",
        facts.context.config.verdict_of("level_jumps"),
        shifts(facts.values, facts.context.step, limit).with_columns(
            pl.format(
                "by {}, usual is {}", pl.col("shift").round_sig_figs(3), pl.col("usual").round_sig_figs(3)
            ).alias("note")
        ),
        finding=f"shifts of the level by more than {limit:g} times the usual seasonal movement",
        remedy="The source may have changed its unit or meaning; correct the values, begin the series after the shift, "
        "or raise quality.max_jump.",
        reach="series",
    )


def window_of(step: Step) -> int:
    """Return the steps of the longest usual season (a week, a year for weeks and longer), at least ``LEAST_WINDOW``."""
    if step.months:
        season = max(_YEAR_MONTHS // step.months, 1)
    else:
        season = _WEEK_US // step.span_us if _WEEK_US % step.span_us == 0 else 1
        season = _YEAR_WEEKS if step.span_us == _WEEK_US else season
    return season * -(-LEAST_WINDOW // season)


def shifts(values: pl.DataFrame, step: Step, limit: float) -> pl.DataFrame:
    """Find shifts of the level: ``series``, ``time`` (first stamp of the new level), ``shift``, ``usual``.

    Let ``d`` be the difference to the value one window ago (:func:`window_of`, so that the season falls out), and ``m``
    the median of ``d`` over one window from a stamp on, as far as the series goes and over half a window at least.
    A level that shifts by D makes ``m`` about D; a spike or a few odd days do not move a median. ``usual`` is 1.4826
    times the median of ``|d|``, at least half the mean of ``|d|`` (which counts where most differences are zero) and
    one per cent of the median of ``|y|``. Where ``|m| > limit * usual``, the
    shift stands at the stamp of that stretch at which the mean of ``d`` over a window is farthest from zero.

    Series shorter than four windows are left alone.
    """
    window = window_of(step)
    differences = _differences(values, step, window)
    if differences.is_empty():
        return differences.select("series", "time", pl.lit(0.0).alias("shift"), pl.lit(0.0).alias("usual"))
    ahead = _ahead(differences, window)
    beyond = pl.col("shift").abs() > limit * pl.col("usual")
    stretch = (beyond != beyond.shift(1)).fill_null(value=True).cum_sum().over("series")
    hot = ahead.with_columns(stretch.alias("stretch")).filter(beyond)
    farthest = pl.all().sort_by(pl.col("mean").abs(), descending=True, maintain_order=True).first()
    peaks = hot.group_by("series", "stretch", maintain_order=True).agg(farthest)
    return peaks.select("series", "time", "shift", "usual")


def _differences(values: pl.DataFrame, step: Step, window: int) -> pl.DataFrame:
    """Return ``series``, ``time``, ``d`` and ``usual`` of long series, sorted; only stamps with a value a window ago."""
    long = values.select("series", "time", "y").filter(pl.len().over("series") >= LEAST_SEASONS * window)
    long = long.unique(["series", "time"], keep="first", maintain_order=True)
    next_series = pl.col("series") != pl.col("series").shift(1, fill_value="")
    coded = long.with_columns(next_series.cum_sum().alias("code"))  # joined faster than names
    by = f"{step.span_us * window}us" if step.span_us else f"{step.months * window}mo"
    before = coded.select("code", pl.col("time").dt.offset_by(by), pl.col("y").alias("before"))
    joined = coded.join(before, on=["code", "time"], maintain_order="left")
    d = joined.with_columns((pl.col("y") - pl.col("before")).alias("d"))
    size = coded.group_by("series").agg((FLOOR * pl.col("y").abs().median()).alias("size"))
    moves = d.group_by("series").agg(
        (TO_DEVIATION * pl.col("d").abs().median()).alias("median"),
        (pl.col("d").abs().mean() / 2).alias("mean"),
    )
    usual = pl.max_horizontal("median", "mean", "size").alias("usual")
    scales = moves.join(size, on="series").select("series", usual)
    return d.select("series", "time", "d").join(scales, on="series", maintain_order="left")


def _ahead(differences: pl.DataFrame, window: int) -> pl.DataFrame:
    """Add median (``shift``) and ``mean`` of ``d`` over one window from each stamp on; null where half is missing."""
    half = -(-window // 2)
    backwards = pl.col("d").reverse()
    median = backwards.rolling_median(window, min_samples=half).reverse().over("series")
    mean = backwards.rolling_sum(window, min_samples=1).reverse().over("series") / window
    return differences.with_columns(median.alias("shift"), mean.alias("mean"))
