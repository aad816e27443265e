"""Search for a model's configuration on the folds of the training part.

Trials run in rounds of ``round_size``. The configurations of a round are drawn together from the results of earlier
rounds, and a trial is pruned against earlier rounds only, so the same study tries, prunes and picks the same whatever
the number of workers. Workers are threads that share the folds: LightGBM works outside Python's lock.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from penstock.domain.errors import DataError
from penstock.engine.context import progress, trial
from penstock.evaluation.metrics import Metric, PointMetric, get_metric
from penstock.forecasting.budget import Budget
from penstock.forecasting.features import FeatureConfig, ResolvedFeatures
from penstock.forecasting.folds import Fold, FoldPlan, describe_short, make_folds
from penstock.forecasting.journal import Scoring, TrialJournal, study_name
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.panel import season_lengths
from penstock.forecasting.pruning import FoldWeights, MedianPruner, fold_weights
from penstock.forecasting.racing import Heat, behind
from penstock.forecasting.space import (
    Choice,
    Dimension,
    Method,
    Params,
    Sampler,
    base_params,
    check_space,
    configured,
    default_space,
    suited,
)
from penstock.forecasting.study import FoldResult, FoldScore, Study, StudyCounts, TrialRecord
from penstock.forecasting.training import resolve

if TYPE_CHECKING:
    import polars as pl

    from penstock.evaluation.splits import Split

log = logging.getLogger(__name__)
FOLD_METRICS = ("mape", "mase", "wape", "mae", "rmse", "bias")
"""What the table of folds shows beside the metric that decides."""

_REASON_LENGTH = 300
_HOUR_S = 3600.0


class TuneConfig(BaseModel):
    """How long to search, where, and what for.

    Attributes
    ----------
    trials
        Configurations to try; more find better ones more slowly.
    metric
        Metric that decides, in the direction the metric itself has.
    method
        ``tpe`` learns from earlier trials, ``random`` draws, ``grid`` tries everything in turn.
    workers
        Trials that run at once, sharing the threads of the call; raise it with the number of cores.
    round_size
        Trials that are drawn together. The same number gives the same trials however many workers there are.
    pruning
        Whether a trial that falls behind on the first folds is given up.
    racing
        Share of the last fold's rows on which the configurations of a round are compared first; the worse half goes no
        further. For a wide space and many trials: it tries more in the same time, and may lose one that needs all
        rows. null tries every one in full.
    max_rows
        Rows of each fold that a trial learns from at most, drawn once; fewer make faster, rougher trials.
    members
        ``first``: trials learn the first of the model's targets only; ``all``: every one, more slowly.
    fold_weight
        A fold counts by this power of its number: 0 makes all equal, 2 lets a fold that trained on three times as
        much count nine times, because what suits a third of the data says little about a model of all of it.
    timeout_s
        No trial starts after so many seconds; null sets no limit. A limit makes the result depend on the machine.
    cpu_s
        No trial starts once the search has used so many seconds of the processor; null sets no limit.
    money
        No trial starts once the search has cost so much, by ``price_per_cpu_hour``; null sets no limit.
    space
        Ranges or choices for fields of the model; narrow it once you know where good values lie. What you set in
        ``model`` outside a range of the default space is not searched but stays; a linear model has a space of its own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    trials: Annotated[int, Field(ge=1, le=100_000)] = 24
    metric: PointMetric = "mape"
    method: Method = "tpe"
    workers: Annotated[int, Field(ge=1, le=256)] = 2
    round_size: Annotated[int, Field(ge=1, le=1000)] = 4
    pruning: bool = True
    racing: Annotated[float, Field(gt=0, lt=1)] | None = None
    max_rows: Annotated[int, Field(ge=100)] = 50_000
    members: Literal["first", "all"] = "first"
    fold_weight: Annotated[float, Field(ge=0, le=10)] = 2.0
    timeout_s: Annotated[float, Field(gt=0)] | None = None
    cpu_s: Annotated[float, Field(gt=0)] | None = None
    money: Annotated[float, Field(gt=0)] | None = None
    space: dict[str, Dimension] = Field(default_factory=default_space)


def priced(config: TuneConfig, price_per_cpu_hour: float | None) -> TuneConfig:
    """Return ``config`` with its budget in money as processor seconds; the smaller of both limits holds."""
    if config.money is None or not price_per_cpu_hour:
        return config
    limits = [config.money / price_per_cpu_hour * _HOUR_S, *([config.cpu_s] if config.cpu_s else [])]
    return config.model_copy(update={"money": None, "cpu_s": min(limits)})


@dataclass(frozen=True, kw_only=True)
class Search:
    """What is searched for: columns, the configuration to start from, and how."""

    features: FeatureConfig | ResolvedFeatures
    model: ModelConfig
    config: TuneConfig
    seed: int
    threads: int


def tune(panel: pl.DataFrame, split: Split, search: Search, storage: Path) -> Study:
    """Try configurations on the folds and return all of them with the best.

    Parameters
    ----------
    panel
        Training part only: nothing after ``split.train_end``.
    split
        Its folds and horizon are used.
    search
        Columns, base configuration, space and budget. The base configuration is the first trial where it lies
        inside the space.
    storage
        Folder of the journal. A study that was interrupted goes on where it stopped: finished trials are kept,
        those that were running are run again with the same configuration.

    Returns
    -------
    Study
        All trials in the order of their numbers.

    Raises
    ------
    DataError
        The panel reaches beyond the training part, a fold is too short, or no trial was scored on all folds.
    ConfigError
        The space names a field or value that the model does not have; all faults are listed.
    """
    started = time.perf_counter()
    budget = Budget.starting(search.config.timeout_s, search.config.cpu_s)
    _require_training_part(panel, split)
    search = _suited(search)
    check_space(search.config.space, search.model)
    tuner = _Tuner.of(panel, split, search, storage)
    records = tuner.run(budget)
    return tuner.study(records, seconds=time.perf_counter() - started)


def _suited(search: Search) -> Search:
    """Return the search with the part of the space that suits its model."""
    space = suited(search.config.space, search.model)
    if fixed := sorted(set(search.config.space) - set(space)):
        log.info("not searched, because the model sets or does not have it: %s", ", ".join(fixed))
    return replace(search, config=search.config.model_copy(update={"space": space}))


@dataclass(frozen=True, kw_only=True)
class _Tuner:
    """One study at work."""

    config: TuneConfig
    base: ModelConfig
    metric: Metric
    horizon: int
    folds: tuple[Fold, ...]
    heat: Heat | None
    weights: FoldWeights
    journal: TrialJournal
    sampler: Sampler

    @property
    def _metrics(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.metric.name, *FOLD_METRICS)))

    @property
    def order(self) -> tuple[int, ...]:
        """Return the places of the folds in the order in which they are scored: the last tells most."""
        return tuple(reversed(range(len(self.folds))))

    @classmethod
    def of(cls, panel: pl.DataFrame, split: Split, search: Search, storage: Path) -> _Tuner:
        config, space = search.config, search.config.space
        features, base = _resolved(panel, split, search)
        folds = make_folds(panel, split.folds, _plan(split, search, features, base))
        if short := describe_short(folds):
            log.warning("series too short for a fold were left out of it: %s", short)
        metric = get_metric(config.metric)
        weights = FoldWeights(weights=fold_weights(len(folds), config.fold_weight))
        identity = [
            split.model_dump(mode="json"),
            features.model_dump(mode="json"),
            base.model_dump(mode="json"),
        ]
        name = study_name([*identity, _identity(config), search.seed, panel.hash_rows().sum()])
        return cls(
            config=config,
            base=base,
            metric=metric,
            horizon=split.horizon,
            folds=folds,
            heat=Heat.of(folds[-1], config.racing, split.horizon, metric) if config.racing else None,
            weights=weights,
            journal=TrialJournal(storage, name, Scoring(space=space, metric=metric, weights=weights)),
            sampler=Sampler(space, base, config.method, search.seed),
        )

    def run(self, budget: Budget) -> list[TrialRecord]:
        """Run the rounds; return every finished trial in the order of numbers."""
        total = self.sampler.available(self.config.trials)
        with ThreadPoolExecutor(self.config.workers, thread_name_prefix="trial") as pool:
            for start in range(0, total, self.config.round_size):
                numbers = range(start, min(start + self.config.round_size, total))
                self._round(numbers, pool, budget)
                if budget.spent:
                    break
        records = self.journal.records()
        if len(records) < total:
            log.warning("the search ended after %d of %d trials: %s", len(records), total, budget.ended_by)
        return records

    def _round(self, numbers: range, pool: ThreadPoolExecutor, budget: Budget) -> None:
        finished = self.journal.records()
        earlier = [record for record in finished if record.number < numbers.start]
        done = {record.number for record in finished}
        pruner = self._pruner(earlier)
        drawn = self.sampler.draw(numbers, [self.journal.frozen(record) for record in earlier])
        waiting = [
            (number, params) for number, params in zip(numbers, drawn, strict=True) if number not in done
        ]
        lost = self._heats(dict(zip(numbers, drawn, strict=True)), pool, budget) if waiting else {}
        for number, params in waiting:
            if number in lost:
                self._keep(self._behind(number, params, lost[number]))
        going = [each for each in waiting if each[0] not in lost]
        futures = [pool.submit(self._trial, number, params, pruner, budget) for number, params in going]
        for future in as_completed(futures):
            if (record := future.result()) is not None:
                self._keep(record)

    def _keep(self, record: TrialRecord) -> None:
        self.journal.add(record)
        self._tell(record, len(self.journal.records()))

    def _heats(
        self, drawn: Mapping[int, Params], pool: ThreadPoolExecutor, budget: Budget
    ) -> dict[int, float]:
        """Compare a whole round, finished trials too, so that a study that goes on loses the same ones again."""
        heat = self.heat
        if heat is None or budget.spent:
            return {}

        def loss(params: Params) -> float | None:
            try:
                return heat.loss(self._model(params))
            except _trial_errors():
                return None

        return behind(dict(zip(drawn, pool.map(loss, drawn.values()), strict=True)))

    def _behind(self, number: int, params: Params, loss: float) -> TrialRecord:
        share = self.heat.share if self.heat else 0.0
        return TrialRecord(
            number=number,
            params=params,
            state="pruned",
            fold_scores=(None,) * len(self.folds),
            score=None,
            reason=f"fell behind its round on {share:.0%} of the last fold's rows: {self.metric.name} loss {loss:.6g}",
            folds=(None,) * len(self.folds),
        )

    def _trial(self, number: int, params: Params, pruner: MedianPruner, budget: Budget) -> TrialRecord | None:
        if budget.spent:
            return None
        started = time.perf_counter()
        found: dict[int, FoldScore] = {}
        reason = ""
        try:
            found.update(self._scores(self._model(params), pruner))
        except _trial_errors() as error:
            reason = f"{type(error).__name__}: {error}"[:_REASON_LENGTH]
        scores = {place: self._deciding(score) for place, score in found.items()}
        if not reason and not all(map(math.isfinite, scores.values())):
            reason = f"{self.metric.name} is undefined on a fold: {list(scores.values())}"
        full = len(scores) == len(self.folds) and not reason
        return TrialRecord(
            number=number,
            params=params,
            state="failed" if reason else "complete" if full else "pruned",
            fold_scores=tuple(None if reason else scores.get(place) for place in range(len(self.folds))),
            score=self.weights.mean([scores[place] for place in self.order]) if full else None,
            seconds=time.perf_counter() - started,
            reason=reason,
            folds=tuple(found.get(place) for place in range(len(self.folds))),
        )

    def _deciding(self, score: FoldScore) -> float:
        value = score.metrics[self.metric.name]
        return math.nan if value is None else value

    def _scores(self, model: ModelConfig, pruner: MedianPruner) -> Iterator[tuple[int, FoldScore]]:
        """Score the folds, the one that counts most first, until the trial is done or hopeless."""
        losses: list[float] = []
        for place in self.order:
            score = self.folds[place].score(model, self.horizon, self._metrics)
            losses.append(self.metric.badness(self._deciding(score)))
            yield place, score
            if pruner.hopeless(losses):
                return

    def _model(self, params: Params) -> ModelConfig:
        model = configured(self.base, params)
        if self.config.members == "all" or "targets" in params:
            return model
        return model.model_copy(update={"targets": model.members[:1]})

    def _pruner(self, earlier: Sequence[TrialRecord]) -> MedianPruner:
        losses = [self.journal.losses(record) for record in earlier if record.state != "failed"]
        usable = losses if self.config.pruning else []
        return MedianPruner.of(usable, self.weights, warm_up=self.config.round_size)

    def _tell(self, record: TrialRecord, done: int) -> None:
        total = self.sampler.available(self.config.trials)
        progress(done, total, f"trial {record.number} {record.state}")
        trial(
            number=record.number,
            state=record.state,
            params=dict(record.params),
            score=record.score,
            metrics={
                f"fold_{place}": score
                for place, score in enumerate(record.fold_scores, start=1)
                if score is not None
            },
            seconds=record.seconds,
        )

    def study(self, records: Sequence[TrialRecord], seconds: float) -> Study:
        """Sum up."""
        scored = [
            (self.metric.badness(each.score), each.number, each) for each in records if each.score is not None
        ]
        if not scored:
            reasons = next((record.reason for record in records if record.reason), "the time was up")
            raise DataError(
                f"none of {len(records)} trials was scored on all {len(self.folds)} folds ({reasons}); give more time, "
                "a wider space, or another metric"
            )
        _, number, best = min(scored, key=lambda each: each[:2])
        first = base_params(self.config.space, self.base)
        base_score = next((each.score for each in records if each.params == first), None)
        return Study(
            metric=self.metric.name,
            direction=self.metric.direction,
            method=self.config.method,
            trials=tuple(records),
            best=configured(self.base, best.params),
            best_number=number,
            best_score=best.score or 0.0,
            base_score=base_score,
            importances=self.journal.importances(records),
            counts=StudyCounts.of(records, len(self.folds)),
            rows=tuple(fold.rows for fold in self.folds),
            fold_weights=self._shares,
            folds=self._table(best),
            seconds=seconds,
        )

    @property
    def _shares(self) -> tuple[float, ...]:
        """Return how much each fold counts, in the order of folds; they sum to 1."""
        return tuple(reversed([each / sum(self.weights.weights) for each in self.weights.weights]))

    def _table(self, best: TrialRecord) -> tuple[FoldResult, ...]:
        rows = zip(self.folds, best.folds, self._shares, strict=False)  # an old journal knows scores only
        return tuple(
            FoldResult(
                **dict(score),
                fold=number,
                train_end=fold.cutoffs[0],
                last=fold.last,
                cutoffs=len(fold.cutoffs),
                rows=fold.rows,
                weight=weight,
            )
            for number, (fold, score, weight) in enumerate(rows, start=1)
            if score is not None
        )


def _resolved(panel: pl.DataFrame, split: Split, search: Search) -> tuple[ResolvedFeatures, ModelConfig]:
    """Work out every ``auto`` once for all folds, as the first and shortest of them allows.

    What is judged works it out anew, as the whole training part allows: longer lags may join.
    """
    from penstock.evaluation.splits import panel_times

    features, search = search.features, _for_horizon(search, split.horizon)
    if isinstance(features, ResolvedFeatures) and search.model.targets != "auto":
        return features, search.model
    steps = int(panel_times(panel).search_sorted(split.folds[0][0])) + 1
    asked = FeatureConfig(covariates=()) if isinstance(features, ResolvedFeatures) else features
    found, model = resolve(panel, asked, search.model, steps=steps, horizon=split.horizon)
    return (features if isinstance(features, ResolvedFeatures) else found), model


def _for_horizon(search: Search, horizon: int) -> Search:
    """Say how many steps to learn directly, where a trial may ask for it."""
    steps = horizon if "strategy" in search.config.space else None
    model = search.model.for_horizon(horizon)
    return replace(search, model=model.model_copy(update={"steps": model.steps or steps}))


def _plan(split: Split, search: Search, features: ResolvedFeatures, base: ModelConfig) -> FoldPlan:
    config = search.config
    return FoldPlan(
        features=features,
        models=_searched(config, base),
        horizon=split.horizon,
        season=(season_lengths(split.frequency) or (1,))[0],
        max_rows=config.max_rows,
        seed=search.seed,
        threads=max(1, search.threads // config.workers),
    )


def _searched(config: TuneConfig, base: ModelConfig) -> tuple[ModelConfig, ...]:
    """Return a model for each way to learn that a trial may take: what folds must have tables for."""
    shown = base if config.members == "all" else base.model_copy(update={"targets": base.members[:1]})
    models = [configured(base, {"targets": each}) for each in _choices(config, "targets")] or [shown]
    strategies = _choices(config, "strategy") or (base.strategy,)
    return tuple(
        model.model_copy(update={"strategy": strategy}) for model in models for strategy in strategies
    )


def _choices(config: TuneConfig, name: str) -> tuple[Choice, ...]:
    dimension = config.space.get(name)
    return (dimension.choices or ()) if dimension else ()


def _identity(config: TuneConfig) -> object:
    """Return what decides the trials; budget and workers only decide how many there are and when."""
    return config.model_dump(mode="json", exclude={"trials", "workers", "timeout_s", "cpu_s", "money"})


def _require_training_part(panel: pl.DataFrame, split: Split) -> None:
    import polars as pl

    beyond = panel.filter(pl.col("time") > split.train_end).height
    if beyond:
        raise DataError(
            f"tuning was given {beyond} rows after {split.train_end}, the end of the training part; give it the "
            "training part only (splits.parts)"
        )


def _trial_errors() -> tuple[type[Exception], ...]:
    """Return what ends one trial and not the study."""
    from lightgbm.basic import LightGBMError

    return ArithmeticError, MemoryError, ValueError, LightGBMError
