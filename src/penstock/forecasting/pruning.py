"""When to stop a trial: after a fold in which it stands worse than the median of earlier rounds."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class FoldWeights:
    """How much each fold counts, in the order in which folds are scored."""

    weights: tuple[float, ...]

    def mean(self, losses: Sequence[float]) -> float:
        """Return the weighted mean of the losses of the first folds, as many as are given."""
        used = self.weights[: len(losses)]
        return sum(weight * loss for weight, loss in zip(used, losses, strict=True)) / sum(used)


@dataclass(frozen=True, kw_only=True)
class MedianPruner:
    """Median of the running mean loss after each fold, from trials of earlier rounds.

    A trial is stopped after k folds if its mean loss over them is above the median of the trials that were scored on
    k folds; fewer than ``warm_up`` of them stop nothing.
    """

    weights: FoldWeights
    medians: tuple[float | None, ...]

    @classmethod
    def of(cls, losses: Sequence[Sequence[float]], weights: FoldWeights, warm_up: int) -> MedianPruner:
        """Learn the medians from the fold losses of earlier trials, in the order in which folds are scored."""
        medians: list[float | None] = []
        for count in range(1, len(weights.weights) + 1):
            means = [weights.mean(each[:count]) for each in losses if len(each) >= count]
            medians.append(statistics.median(means) if len(means) >= max(warm_up, 1) else None)
        return cls(weights=weights, medians=tuple(medians))

    def hopeless(self, losses: Sequence[float]) -> bool:
        """Tell whether a trial with these losses should stop; never after the last fold."""
        if not losses or len(losses) >= len(self.medians):
            return False
        median = self.medians[len(losses) - 1]
        return median is not None and self.weights.mean(losses) > median


def fold_weights(folds: int, power: float) -> tuple[float, ...]:
    """Return the weights of folds 1 … ``folds`` by a power of their number, the last fold first."""
    return tuple(float(number**power) for number in range(folds, 0, -1))
