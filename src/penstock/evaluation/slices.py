"""Where a model is bad: the score of every slice with the baseline's beside, worst first."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from penstock.domain.results import SliceScore
from penstock.evaluation.metrics import get_metric
from penstock.evaluation.scores import score
from penstock.evaluation.terms import ScoreOptions

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

WORST_SHOWN = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class SliceRequest:
    """What to slice by and score with.

    Each column of ``by`` makes slices of its own: ``("series", "area")`` scores every series and then every area.
    """

    metric: str
    by: tuple[str, ...] = ("series",)
    options: ScoreOptions = field(default_factory=ScoreOptions)


def slice_scores(
    predictions: pl.DataFrame,
    scales: pl.DataFrame | None,
    request: SliceRequest,
    baseline: pl.DataFrame | None = None,
) -> tuple[SliceScore, ...]:
    """Score every slice, worst first.

    Parameters
    ----------
    predictions, scales
        As for ``score``; the predictions hold the columns of ``request.by``.
    request
        Metric and columns.
    baseline
        Predictions of the same rows by the baseline, if it shall stand beside.

    Returns
    -------
    tuple[SliceScore, ...]
        One for each slice in which the metric is defined. A slice with a missing prediction has an infinite value,
        and so is the worst. ``count`` is the number of values scored.

    Raises
    ------
    UnknownNameError
        A metric or a column that does not exist.
    """
    found = [
        one
        for column in request.by
        for one in _slices_of(column, predictions, scales, request, baseline=baseline)
    ]
    badness = get_metric(request.metric).badness
    return tuple(sorted(found, key=lambda one: (-badness(one.value), one.by, one.slice)))


def worst(slices: Iterable[SliceScore], limit: int = WORST_SHOWN) -> tuple[SliceScore, ...]:
    """Return at most ``limit`` slices, worst first; ties stand in the order of their names."""
    ordered = sorted(slices, key=lambda one: (-get_metric(one.metric).badness(one.value), one.by, one.slice))
    return tuple(ordered[:limit])


def _slices_of(
    column: str,
    predictions: pl.DataFrame,
    scales: pl.DataFrame | None,
    request: SliceRequest,
    *,
    baseline: pl.DataFrame | None,
) -> list[SliceScore]:
    ours = score(predictions, scales, [request.metric], [column], request.options)
    beside = (
        {}
        if baseline is None
        else _values(score(baseline, scales, [request.metric], [column], request.options))
    )
    return [
        SliceScore(
            by=column,
            slice=str(row[column]),
            metric=request.metric,
            value=math.inf if math.isnan(row[request.metric]) else row[request.metric],
            baseline=beside.get(str(row[column])),
            count=row["rows"],
        )
        for row in ours.iter_rows(named=True)
        if _is_defined(request.metric, row)
    ]


def _values(scores: pl.DataFrame) -> dict[str, float]:
    """Map the name of each slice to its score, where that is a number."""
    column, metric = scores.columns[:2]
    return {
        str(row[column]): row[metric] for row in scores.iter_rows(named=True) if math.isfinite(row[metric])
    }


def _is_defined(metric: str, counts: dict[str, int]) -> bool:
    """Tell whether any row of a slice counts for ``metric``."""
    rule = get_metric(metric)
    left_out = counts["near_zero_rows"] if rule.relative else 0
    left_out += counts["unscaled_rows"] if rule.needs_scale else 0
    return counts["rows"] > left_out
