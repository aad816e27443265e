"""Folds made ready once and shared by all trials of a study: tables, binned columns, and what to score against."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from penstock.domain.errors import DataError, bounded
from penstock.evaluation.scales import naive_scales
from penstock.evaluation.scores import overall
from penstock.evaluation.splits import panel_times, up_to
from penstock.forecasting.direct import Drawing
from penstock.forecasting.forecaster import history_needed
from penstock.forecasting.models import ModelConfig, Ridge, Trees
from penstock.forecasting.panel import long_enough
from penstock.forecasting.study import FoldScore
from penstock.forecasting.training import Prepared, assemble, binned, boost, fit_member, prepare

if TYPE_CHECKING:
    import lightgbm as lgb
    import polars as pl

    from penstock.forecasting.features import ResolvedFeatures
    from penstock.forecasting.targets import Target


@dataclass(frozen=True, kw_only=True)
class Fold:
    """One fold: what trials train on and the windows they are scored on.

    ``prepared`` holds the rows up to the first of ``cutoffs``; ``panel`` what a forecast may look back on and the
    truth of the windows. Columns are binned once for each target and number of bins.
    """

    prepared: Prepared
    features: ResolvedFeatures
    panel: pl.DataFrame
    cutoffs: tuple[datetime, ...]
    scales: pl.DataFrame | None
    short: tuple[str, ...]
    seed: int
    threads: int
    _bins: dict[tuple[Target, int], lgb.Dataset] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def last(self) -> datetime:
        """Last stamp of the windows."""
        last: datetime = panel_times(self.panel)[-1]
        return last.astimezone(UTC)

    @property
    def rows(self) -> int:
        """Number of training rows."""
        return len(next(iter(self.prepared.tables.values())).label)

    def score(self, model: ModelConfig, horizon: int, metrics: Sequence[str]) -> FoldScore:
        """Train ``model`` on this fold and return ``metrics`` over all its windows, and how long both took.

        Columns are made and binned once for all trials: whoever comes first waits for the binning.
        """
        started = time.perf_counter()
        members = tuple(self._member(target, model) for target in model.members)
        fitted = assemble(self.prepared, self.features, model, members, seed=self.seed, threads=self.threads)
        trained = time.perf_counter()
        predicted = fitted.predict_origins(self.panel, self.cutoffs, horizon)
        predicted_at = time.perf_counter()
        scores = overall(predicted, self.scales, metrics)
        return FoldScore(
            metrics={name: value if math.isfinite(value) else None for name, value in scores.items()},
            fit_seconds=trained - started,
            predict_seconds=predicted_at - trained,
        )

    def _member(self, target: Target, model: ModelConfig) -> Trees | Ridge:
        if model.kind == "linear":
            return fit_member(self.prepared, target, model, seed=self.seed, threads=self.threads)
        data = self._binned(target, model.max_bin)
        return Trees(booster=boost(data, model, seed=self.seed, threads=self.threads), threads=self.threads)

    def _binned(self, target: Target, max_bin: int) -> lgb.Dataset:
        key = (target, max_bin)
        with self._lock:
            if key not in self._bins:
                self._bins[key] = binned(self.prepared, target, max_bin, threads=self.threads)
            return self._bins[key]


@dataclass(frozen=True, kw_only=True)
class FoldPlan:
    """What all folds of a study share."""

    features: ResolvedFeatures
    models: tuple[ModelConfig, ...]
    horizon: int
    season: int
    max_rows: int
    seed: int
    threads: int

    @property
    def targets(self) -> tuple[Target, ...]:
        """Return every target that a trial may learn."""
        return tuple(dict.fromkeys(target for model in self.models for target in model.members))

    @property
    def history(self) -> int:
        """Number of values that the longest-looking model needs."""
        return max(history_needed(self.features, model) for model in self.models)


def make_folds(panel: pl.DataFrame, folds: Sequence[Sequence[datetime]], plan: FoldPlan) -> tuple[Fold, ...]:
    """Prepare every fold from the training part.

    Parameters
    ----------
    panel
        Training part only.
    folds
        The cutoffs of each fold; a fold trains up to and including its first.
    plan
        Columns, targets and limits.

    Raises
    ------
    DataError
        A fold has no series that is long enough; says which fold and how long it is.
    """
    return tuple(_make(panel, tuple(cutoffs), plan, number) for number, cutoffs in enumerate(folds, start=1))


def _make(panel: pl.DataFrame, cutoffs: tuple[datetime, ...], plan: FoldPlan, number: int) -> Fold:
    known = up_to(panel, cutoffs[0])
    enough, _ = long_enough(known, plan.history + 1)
    short = sorted(set(panel["series"].unique()) - set(enough["series"].unique()))
    if enough.is_empty():
        longest = max(known.group_by("series").len()["len"].to_list(), default=0)
        raise DataError(
            f"fold {number} is too short: it ends at {cutoffs[0]} and its longest series has {longest} rows, but the "
            f"lags and windows of the model need {plan.history + 1}; give more data, fewer folds or shorter lags"
        )
    drawing = Drawing(seed=plan.seed, limit=plan.max_rows)
    prepared = prepare(enough, plan.features, plan.targets, history=plan.history, drawing=drawing)
    return Fold(
        prepared=prepared.thinned(plan.max_rows, plan.seed),
        features=plan.features,
        panel=_recent(panel, enough, cutoffs, plan),
        cutoffs=cutoffs,
        scales=naive_scales(enough, plan.season, cutoffs[0]),
        short=tuple(short),
        seed=plan.seed,
        threads=plan.threads,
    )


def _recent(
    panel: pl.DataFrame, enough: pl.DataFrame, cutoffs: tuple[datetime, ...], plan: FoldPlan
) -> pl.DataFrame:
    """Keep the rows that the fold's windows look back on or are scored against."""
    import polars as pl

    times = panel_times(panel)
    first = times.search_sorted(cutoffs[0]) - plan.history + 1
    last = min(times.search_sorted(cutoffs[-1]) + plan.horizon, len(times) - 1)
    inside = pl.col("time").is_between(times[max(first, 0)], times[last])
    return panel.filter(inside & pl.col("series").is_in(enough["series"].unique().to_list()))


def describe_short(folds: Sequence[Fold]) -> str:
    """Say which series were left out of which fold; empty where none was."""
    parts = [f"fold {number}: {bounded(fold.short)}" for number, fold in enumerate(folds, 1) if fold.short]
    return "; ".join(parts)
