"""Heats: the configurations of a round run against each other on few rows before any of them costs a whole fold.

One halving: what falls into the worse half of its round on a share of the last fold's rows goes no further. A heat
depends on the round's configurations only, so it is the same for any number of workers, and again after a kill.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from threading import Lock

from penstock.evaluation.metrics import Metric
from penstock.forecasting.folds import Fold
from penstock.forecasting.models import ModelConfig

LEAST_ROWS = 100


@dataclass(frozen=True, kw_only=True)
class Heat:
    """A fold with few rows, on which configurations are compared before they are tried in full."""

    fold: Fold
    share: float
    horizon: int
    metric: Metric

    @classmethod
    def of(cls, fold: Fold, share: float, horizon: int, metric: Metric) -> Heat:
        """Thin ``fold`` to ``share`` of its rows, drawn once; the windows it is scored on stay."""
        prepared = fold.prepared.thinned(max(LEAST_ROWS, round(share * fold.rows)), fold.seed)
        thin = replace(fold, prepared=prepared, _bins={}, _lock=Lock())
        return cls(fold=thin, share=share, horizon=horizon, metric=metric)

    def loss(self, model: ModelConfig) -> float | None:
        """Return how badly ``model`` does, lower is better; ``None`` where the metric is undefined."""
        value = self.fold.score(model, self.horizon, [self.metric.name]).metrics[self.metric.name]
        return None if value is None or not math.isfinite(value) else self.metric.badness(value)


def behind(losses: Mapping[int, float | None]) -> dict[int, float]:
    """Return the numbers, with their losses, that fall into the worse half; of equal ones the first goes on.

    What has no loss goes on: the whole trial will say why. The base configuration, number 0, always does.
    """
    known = sorted((loss, number) for number, loss in losses.items() if loss is not None)
    worse = known[-(-len(known) // 2) :]
    return {number: loss for loss, number in worse if number != 0}
