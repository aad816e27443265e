"""Which slices are really bad, once it is allowed for that many are looked at.

The worst of fifty slices is bad by chance alone. So each slice is asked whether the model, measured by the baseline's
error on the same rows, does worse there than on all other rows: ``(ours / baseline) there ÷ (ours / baseline) elsewhere``
above 1. How sure that is comes from the paired block bootstrap over cutoffs (``bootstrap``), the same draws for both
models, the slice and the rest; the logarithm over its bootstrap deviation is compared with Student's t of one and a
half times as many degrees of freedom as blocks fit side by side, less one (Meketon and Schmeiser, 1984). The p-values of all slices together are adjusted (Benjamini and Hochberg, 1995,
doi 10.1111/j.2517-6161.1995.tb02031.x): among those that are named, about ``SHARE`` are false alarms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.domain.results import BadSlice, Interval
from penstock.evaluation.bootstrap import BootstrapConfig, block_length, draw_blocks
from penstock.evaluation.metrics import get_metric
from penstock.evaluation.scores import group_columns
from penstock.evaluation.terms import Recipe, known_rows, recipes_for, term_sums

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from penstock.evaluation.slices import SliceRequest

SHARE = 0.1
"""Share of false alarms among the slices that are named."""

FEWEST_VALUES = 30
"""Slices of fewer values are not asked."""

FEWEST_BLOCKS = 3
"""With fewer blocks of cutoffs nothing is sure."""

_AT_ONCE = 256


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """One column's slices: names, values scored, and for each the excess with its bootstrap draws (B, G)."""

    by: str
    names: tuple[str, ...]
    counts: NDArray[np.int64]
    there: NDArray[np.float64]
    elsewhere: NDArray[np.float64]
    drawn: NDArray[np.float64]


def bad_slices(
    predictions: pl.DataFrame,
    baseline: pl.DataFrame,
    scales: pl.DataFrame | None,
    request: SliceRequest,
    config: BootstrapConfig,
) -> tuple[BadSlice, ...]:
    """Name the slices in which the model really does worse than elsewhere, worst first.

    Parameters
    ----------
    predictions, baseline
        Of the same rows, with ``cutoff`` and the columns of ``request.by``; where the baseline lacks a row, neither
        counts.
    scales, request
        As for ``slice_scores``; a metric that is not minimised, such as ``bias``, is replaced by ``mae``.
    config
        Resamples, block and seed; ``level`` is that of the interval of the excess.

    Returns
    -------
    tuple[BadSlice, ...]
        Empty where too few cutoffs were scored. Slices without a defined ratio, or of fewer than ``FEWEST_VALUES``
        values, are not asked, nor is a column with one value only.
    """
    metric = request.metric if get_metric(request.metric).direction == "minimise" else "mae"
    recipe = recipes_for([metric], request.options)[metric]
    rows = [
        group_columns(known_rows(side, scales), request.by, request.options)
        for side in _paired(predictions, baseline)
    ]
    asked = [_ask(column, rows, recipe, request, config) for column in request.by]
    return _named([one for one in asked if one is not None], metric, rows[0]["cutoff"].n_unique(), config)


def adjusted(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the p-values (N,) adjusted for their number after Benjamini and Hochberg; NaN stays and does not count."""
    import numpy as np

    found = np.full(len(p_values), np.nan)
    places = np.flatnonzero(np.isfinite(p_values))
    order = places[np.argsort(p_values[places], kind="stable")]
    scaled = p_values[order] * len(order) / np.arange(1, len(order) + 1)
    found[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return found


def student_tail(values: NDArray[np.float64], degrees: int) -> NDArray[np.float64]:
    """Return the probability that Student's t of whole ``degrees`` of freedom is above each of ``values``.

    Abramowitz and Stegun (1964), 26.7.3 and 26.7.4.
    """
    import numpy as np

    angle = np.arctan(np.asarray(values) / math.sqrt(degrees))
    sine, cosine = np.sin(angle), np.cos(angle)
    odd = degrees % 2
    term = cosine if odd else np.ones_like(cosine)
    total = np.zeros_like(cosine)
    for power in range(1 if odd else 0, degrees - 1, 2):
        total = total + term
        term = term * cosine**2 * (power + 1) / (power + 2)
    within = 2 / math.pi * (angle + sine * total) if odd else sine * total
    return np.asarray((1 - within) / 2)


def _paired(predictions: pl.DataFrame, baseline: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return both with the rows and columns of the first that the second has too."""
    keys = ["series", "cutoff", "step"]
    theirs = baseline.select(*keys, theirs="prediction")
    both = predictions.join(theirs, on=keys, how="inner", maintain_order="left")
    return both.drop("theirs"), both.drop("prediction").rename({"theirs": "prediction"})


def _ask(
    column: str, rows: list[pl.DataFrame], recipe: Recipe, request: SliceRequest, config: BootstrapConfig
) -> _Asked | None:
    import numpy as np

    sums = [term_sums(side, {"metric": recipe}, [column, "cutoff"], request.options) for side in rows]
    names = sums[0][column].unique().sort().to_list()
    cutoffs = sums[0]["cutoff"].unique().sort().to_list()
    if len(names) < 2 or len(cutoffs) < FEWEST_BLOCKS * block_length(len(cutoffs), config):  # noqa: PLR2004 - a slice and a rest
        return None
    terms = [_cube(side, column, (names, cutoffs), recipe) for side in sums]
    draws = draw_blocks(len(cutoffs), config)
    times = np.stack([np.bincount(draw, minlength=len(cutoffs)) for draw in draws]).astype(np.float64)
    whole = np.ones((1, len(cutoffs)))
    there, elsewhere = (ratio[0] for ratio in _ratios(terms, whole, recipe))
    counts = _cube(sums[0], column, (names, cutoffs), Recipe("rows"))["rows"].sum(axis=0).astype(np.int64)
    parts = [
        np.log(np.divide(*_ratios(terms, times, recipe, slice(start, start + _AT_ONCE))))
        for start in range(0, len(names), _AT_ONCE)
    ]
    return _Asked(
        by=column,
        names=tuple(map(str, names)),
        counts=counts,
        there=there,
        elsewhere=elsewhere,
        drawn=np.concatenate(parts, axis=1),
    )


def _cube(
    sums: pl.DataFrame, column: str, axes: tuple[list[object], list[object]], recipe: Recipe
) -> dict[str, NDArray[np.float64]]:
    """Lay the terms out as (C, G)."""
    import numpy as np

    names, cutoffs = ({value: place for place, value in enumerate(axis)} for axis in axes)
    at = (
        [cutoffs[value] for value in sums["cutoff"].to_list()],
        [names[value] for value in sums[column].to_list()],
    )
    found = {}
    for term in (recipe.numerator, recipe.denominator):
        found[term] = np.zeros((len(cutoffs), len(names)))
        found[term][at] = sums[term].to_numpy()
    return found


def _ratios(
    terms: list[dict[str, NDArray[np.float64]]],
    times: NDArray[np.float64],
    recipe: Recipe,
    part: slice = slice(None),
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return ours over the baseline's (B, G) in each slice and on all other rows, NaN where it means nothing."""
    import numpy as np

    own = [{name: times @ cube[:, part] for name, cube in side.items()} for side in terms]
    rest = [
        {name: times @ cube.sum(axis=1, keepdims=True) - mine[name] for name, cube in side.items()}
        for side, mine in zip(terms, own, strict=True)
    ]
    with np.errstate(invalid="ignore", divide="ignore"):
        found = [recipe.finish(pair[0]) / recipe.finish(pair[1]) for pair in (own, rest)]
    there, elsewhere = (np.where(np.isfinite(one) & (one > 0), one, np.nan) for one in found)
    return there, elsewhere


def _named(asked: list[_Asked], metric: str, cutoffs: int, config: BootstrapConfig) -> tuple[BadSlice, ...]:
    import numpy as np

    if not asked:
        return ()
    blocks = cutoffs / block_length(cutoffs, config)
    p_values = [_p_values(one, blocks) for one in asked]
    certain = np.split(adjusted(np.concatenate(p_values)), np.cumsum([len(one) for one in p_values])[:-1])
    found = [
        _bad(one, place, (metric, float(doubt[place])), config)
        for one, doubt in zip(asked, certain, strict=True)
        for place in np.flatnonzero(doubt <= SHARE).tolist()
    ]
    return tuple(sorted(found, key=lambda one: (-one.ratio / one.elsewhere, one.by, one.slice)))


def _p_values(one: _Asked, blocks: float) -> NDArray[np.float64]:
    """Return how probable an excess like this is where there is none; NaN for slices that are not asked."""
    import numpy as np

    excess = np.log(one.there / one.elsewhere)
    deviation = one.drawn.std(axis=0, ddof=1) * math.sqrt(blocks / (blocks - 1))
    usable = np.isfinite(excess) & np.isfinite(deviation) & (one.counts >= FEWEST_VALUES)
    never = np.where(excess > 0, np.inf, -np.inf)
    over = np.divide(excess, deviation, out=never, where=usable & (deviation > 0))
    return np.where(usable, student_tail(over, int(1.5 * blocks) - 1), np.nan)


def _bad(one: _Asked, place: int, judged: tuple[str, float], config: BootstrapConfig) -> BadSlice:
    import numpy as np

    ends = np.exp(np.quantile(one.drawn[:, place], [(1 - config.level) / 2, (1 + config.level) / 2]))
    return BadSlice(
        by=one.by,
        slice=one.names[place],
        metric=judged[0],
        ratio=float(one.there[place]),
        elsewhere=float(one.elsewhere[place]),
        interval=Interval(lower=float(ends[0]), upper=float(ends[1]), level=config.level),
        doubt=judged[1],
        count=int(one.counts[place]),
    )
