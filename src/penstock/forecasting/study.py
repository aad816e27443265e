"""What a tuning study leaves behind: every trial, the best configuration on each fold, and what mattered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict

from penstock.domain.values import Seconds
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.space import Choice

TrialState: TypeAlias = Literal["complete", "pruned", "failed"]


class FoldScore(BaseModel):
    """How one configuration did on one fold.

    ``fit_seconds`` went into training, ``predict_seconds`` into forecasting all windows of the fold. ``metrics`` maps
    metric to value, ``None`` where it is undefined.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    metrics: dict[str, float | None]
    fit_seconds: Seconds
    predict_seconds: Seconds


class FoldResult(FoldScore):
    """One row of the table of folds: what the best configuration learned from, and how it did.

    ``train_end`` is the last stamp learned from and ``last`` the last stamp forecast (UTC). ``rows`` is the number of
    training rows, ``weight`` the share of the fold in the score of a trial.
    """

    fold: int
    train_end: datetime
    last: datetime
    cutoffs: int
    rows: int
    weight: float


class TrialRecord(BaseModel):
    """One configuration that was tried.

    ``fold_scores`` holds the metric of each fold, in the order of folds, ``None`` where it was not scored; ``score`` is
    their weighted mean, ``None`` unless all were scored. ``folds`` holds times and further metrics in the same order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    params: dict[str, Choice]
    state: TrialState
    fold_scores: tuple[float | None, ...]
    score: float | None
    seconds: Seconds = 0.0
    reason: str = ""
    folds: tuple[FoldScore | None, ...] = ()


class StudyCounts(BaseModel):
    """How many trials there were: ``distinct`` counts configurations that differ."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trials: int
    distinct: int
    complete: int
    pruned: int
    failed: int
    folds: int
    fits: int

    @classmethod
    def of(cls, records: Sequence[TrialRecord], folds: int) -> Self:
        """Count the trials of a study on so many folds."""
        states = [record.state for record in records]
        return cls(
            trials=len(records),
            distinct=len({tuple(sorted(record.params.items())) for record in records}),
            complete=states.count("complete"),
            pruned=states.count("pruned"),
            failed=states.count("failed"),
            folds=folds,
            fits=sum(score is not None for record in records for score in record.fold_scores),
        )


class Study(BaseModel):
    """Result of a tuning study.

    ``best`` is the configuration with the best score; ``fold_weights`` (which sum to 1) say how much each fold counts
    in it. ``importances`` sum to 1 and are empty where too few trials finished. ``rows`` is the number of training
    rows of each fold that trials learned from. ``folds`` is the table of the best configuration, one row for each fold.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: str
    direction: str
    method: str
    trials: tuple[TrialRecord, ...]
    best: ModelConfig
    best_number: int
    best_score: float
    base_score: float | None
    importances: dict[str, float]
    counts: StudyCounts
    rows: tuple[int, ...]
    fold_weights: tuple[float, ...] = ()
    folds: tuple[FoldResult, ...] = ()
    seconds: Seconds = 0.0
