"""Scores of bounds and quantiles with their bootstrap intervals.

A quantile is a bound: the 5 % quantile is the lower bound of the 90 % interval, the median the prediction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.domain.errors import ConfigError, bounded, did_you_mean
from penstock.evaluation.bootstrap import FEWEST_CUTOFFS, BootstrapConfig, draw_blocks, percentiles
from penstock.evaluation.bounds import LOWER, UPPER, interval_levels, interval_metrics
from penstock.evaluation.sums import group_sums

if TYPE_CHECKING:
    import polars as pl

    from penstock.domain.results import Interval

MEDIAN = 0.5
FEWEST_OF_CRPS = 3
"""Fewer quantiles say too little of a distribution for a CRPS."""

_DIGITS = 10
_COUNT = "#"


@dataclass(frozen=True, kw_only=True)
class Bands:
    """Which quantiles are scored, rising, and the static column with each series' unit price, if there is one."""

    quantiles: tuple[float, ...] = ()
    price: str | None = None


def levels_of(quantiles: Sequence[float]) -> tuple[float, ...]:
    """Return the levels of the central intervals whose bounds are these quantiles, rising; the median needs none."""
    found = {round(abs(2 * quantile - 1), _DIGITS) for quantile in quantiles}
    return tuple(sorted(found - {0.0}))


def bound_of(quantile: float) -> str:
    """Return the column that holds a quantile: ``lower_90`` for 0.05, ``prediction`` for 0.5."""
    level = round(abs(2 * quantile - 1), _DIGITS)
    if level == 0:
        return "prediction"
    return f"{LOWER if quantile < MEDIAN else UPPER}{100 * level:.10g}"


def band_metrics(
    predictions: pl.DataFrame, bands: Bands, config: BootstrapConfig
) -> tuple[dict[str, float], dict[str, Interval]]:
    """Score intervals and quantiles.

    Parameters
    ----------
    predictions
        With ``cutoff``, ``y``, ``prediction`` and bounds such as ``lower_90``, ``upper_90``.
    bands
        Quantiles to score; those whose bound is not there are left out.
    config
        How to resample whole cutoffs.

    Returns
    -------
    tuple
        Metrics, and their intervals where at least two cutoffs count: ``coverage_90`` and ``interval_score_90`` for each
        level; ``pinball_5`` for each quantile, in the unit of the target; with prices also ``pinball_5_priced``, the mean
        of each loss times its series' price, and ``price_sum``, the sum of the prices; ``crps``, twice the mean
        pinball loss over at least three quantiles. A metric without any known row is left out.

    Raises
    ------
    ConfigError
        The price's column does not exist, or does not hold numbers of at least 0.
    """
    import polars as pl

    known = predictions.filter(pl.col("y").is_not_null() & pl.col("y").is_not_nan())
    prices = _prices(known, bands)
    terms = {**_of_intervals(known), **_of_quantiles(known, bands)}
    means, ends = _means(known, terms, config)
    # What the plain functions say has no other order of summing.
    return {**means, **interval_metrics(known), **prices}, ends


def _of_intervals(known: pl.DataFrame) -> dict[str, pl.Expr]:
    import polars as pl

    found: dict[str, pl.Expr] = {}
    for level in interval_levels(known):
        low, high = _number(LOWER + level), _number(UPPER + level)
        beyond = pl.max_horizontal(low - pl.col("y"), pl.col("y") - high, 0.0)
        whole = low.is_not_null() & high.is_not_null()
        fine = 2.0 / (1.0 - float(level) / 100)
        found[f"coverage_{level}"] = pl.when(whole).then((beyond <= 0).cast(pl.Float64))
        found[f"interval_score_{level}"] = pl.when(whole).then(high - low + fine * beyond)
    return found


def _of_quantiles(known: pl.DataFrame, bands: Bands) -> dict[str, pl.Expr]:
    import polars as pl

    there = [quantile for quantile in bands.quantiles if bound_of(quantile) in known.columns]
    losses = {f"pinball_{100 * quantile:.10g}": _pinball(quantile) for quantile in there}
    found = dict(losses)
    if bands.price is not None:
        price = pl.col(bands.price).cast(pl.Float64)
        found.update({f"{name}_priced": loss * price for name, loss in losses.items()})
    if len(there) >= FEWEST_OF_CRPS:
        total = pl.sum_horizontal(*losses.values(), ignore_nulls=False)
        found["crps"] = 2.0 * total / len(there)
    return found


def _pinball(quantile: float) -> pl.Expr:
    import polars as pl

    short = pl.col("y") - _number(bound_of(quantile))
    return pl.max_horizontal(quantile * short, (quantile - 1.0) * short)


def _number(column: str) -> pl.Expr:
    import polars as pl

    return pl.col(column).cast(pl.Float64).fill_nan(None)


def _means(
    known: pl.DataFrame, terms: Mapping[str, pl.Expr], config: BootstrapConfig
) -> tuple[dict[str, float], dict[str, Interval]]:
    """Return the mean of each term over the rows where it is known, and its interval over cutoffs."""
    import numpy as np

    counts = {name + _COUNT: term.is_not_null() for name, term in terms.items()}
    sums = group_sums(known, {**terms, **counts}, ["cutoff"])
    cutoffs = sums.height
    draws = draw_blocks(cutoffs, config) if cutoffs >= FEWEST_CUTOFFS else None
    means: dict[str, float] = {}
    ends: dict[str, Interval] = {}
    for name in terms:
        total, count = sums[name].to_numpy(), sums[name + _COUNT].to_numpy()
        if not count.sum():
            continue
        means[name] = float(total.sum() / count.sum())
        if draws is None:
            continue
        drawn = count[draws].sum(axis=1)
        ratio = np.divide(total[draws].sum(axis=1), drawn, out=np.full(len(drawn), np.nan), where=drawn > 0)
        found = percentiles(ratio, config.level)
        ends |= {name: found} if found else {}
    return means, ends


def _prices(known: pl.DataFrame, bands: Bands) -> dict[str, float]:
    """Return the sum of the series' prices, once it is sure that each has one."""
    if bands.price is None or not bands.quantiles:
        return {}
    return {"price_sum": price_sum(known, bands.price)}


def price_sum(rows: pl.DataFrame, price: str) -> float:
    """Return the sum of the series' prices, in the order of series.

    Parameters
    ----------
    rows
        With ``series`` and static columns.
    price
        The column with the price of a unit, one for each series.

    Raises
    ------
    ConfigError
        The column does not exist, or does not hold numbers of at least 0.
    """
    import polars as pl

    columns = [name for name in rows.columns if name != "series"]
    if price not in columns:
        raise ConfigError(
            f"intervals.price={price!r} is no static column of the data{did_you_mean(price, columns)}; "
            "name one that holds the price of a unit, and list it in `static`"
        )
    each = rows.select("series", pl.col(price).cast(pl.Float64, strict=False).alias("price")).unique("series")
    wrong = each.filter(pl.col("price").is_null() | ~pl.col("price").is_finite() | (pl.col("price") < 0))
    if wrong.height:
        raise ConfigError(
            f"intervals.price={price!r}: {bounded(sorted(wrong['series'].to_list()))} have no price that is a number "
            "of at least 0; correct the column, or name another"
        )
    return float(each.sort("series")["price"].to_numpy().sum())
