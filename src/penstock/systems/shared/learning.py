"""Steps that learn: climb the ladder, tune, fit, refit, forecast."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from penstock.domain.covariates import KNOWN
from penstock.domain.errors import DataError
from penstock.engine import effect, step
from penstock.engine.context import scratch_dir, world
from penstock.evaluation.splits import Split, panel_times, up_to
from penstock.evaluation.undefined import deciding
from penstock.forecasting.calibration import IntervalsConfig
from penstock.forecasting.classical import ClassicalKind
from penstock.forecasting.export.config import Runtime
from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.forecaster import ForecastModel
from penstock.forecasting.intervals import Calibration
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.rehearsal import Promise, Rehearsal
from penstock.forecasting.study import Study
from penstock.forecasting.tuning import TuneConfig
from penstock.systems.shared.configs import ConfigVersion, publish_config
from penstock.systems.shared.ladders import RungName, ensemble_members, rung_config
from penstock.systems.shared.values import Climb, Effort, PanelShape, RemarkedClimb, Start

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from penstock.evaluation.predictor import Forecaster

CANDIDATE = "model"
log = logging.getLogger(__name__)


@step(stage="train", cpu=2)
def climb(panel: pl.DataFrame, shape: PanelShape, split: Split, rung: RungName, effort: Effort) -> Climb:
    """Fit one baseline on the training part and forecast every window of the final part; it sees no covariates.

    A rung that these data are too short for is skipped and says why.
    """
    from penstock.forecasting.ahead import without_covariates
    from penstock.forecasting.rungs import fit_rung

    config = rung_config(rung, known_seasons(panel, shape, split))
    if config is None:
        return _skipped(rung, rung, "these data have no second season", panel)
    known = without_covariates(up_to(panel, split.train_end))
    fitting = partial(fit_rung, known, config, seed=effort.seed, threads=effort.threads)
    return _climbed((rung, config.name), fitting, panel, shape, split)


@step(stage="train", cpu=2)
def climb_ensemble(panel: pl.DataFrame, shape: PanelShape, split: Split, effort: Effort) -> Climb:
    """Average rungs by weights that are learned on the folds, and forecast every window of the final part."""
    from penstock.forecasting.ahead import without_covariates
    from penstock.forecasting.ensemble import EnsembleConfig, fit_ensemble

    seasons = known_seasons(panel, shape, split)
    config = EnsembleConfig(
        members=ensemble_members(seasons),
        folds=split.folds,
        horizon=split.horizon,
        season=(seasons or (1,))[0],
    )
    known = without_covariates(up_to(panel, split.train_end))
    fitting = partial(fit_ensemble, known, config, seed=effort.seed, threads=effort.threads)
    return _climbed(("ensemble", "ensemble"), fitting, panel, shape, split)


def _climbed(
    names: tuple[str, str],
    fitting: Callable[[], Forecaster],
    panel: pl.DataFrame,
    shape: PanelShape,
    split: Split,
) -> Climb:
    """Fit, forecast every window of the final part, and note the seconds of both; ``names``: the rung, its label."""
    from penstock.forecasting.ensemble import Ensemble

    rung, label = names
    started = time.perf_counter()
    try:
        fitted = fitting()
    except DataError as error:
        return _skipped(rung, label, str(error), panel)
    fit_seconds = time.perf_counter() - started
    predictions, predict_seconds = _timed_backtest(fitted, panel, split)
    climbed = Climb(
        rung=rung,
        label=label,
        note="",
        predictions=with_static(predictions, panel, shape),
        fit_seconds=fit_seconds,
        predict_seconds=predict_seconds,
    )
    return RemarkedClimb(**vars(climbed), remark=fitted.told) if isinstance(fitted, Ensemble) else climbed


@step(stage="train")
def climb_classical(
    panel: pl.DataFrame, shape: PanelShape, split: Split, rung: ClassicalKind, limit_s: float
) -> Climb:
    """Fit an automatic classical model to every series of the training part and forecast every window of the final one.

    One that is not done in ``limit_s`` seconds is skipped and says so: a part of its series would be no fair number.
    The next run tries it again, for the machine may only have been busy.
    """
    from penstock.forecasting.classical import ClassicalConfig, forecast_classical

    seasons = known_seasons(panel, shape, split)
    config = ClassicalConfig(kind=rung, season=(seasons or (1,))[0], limit_s=limit_s)
    try:
        found = forecast_classical(panel, split.train_end, split.final, split.horizon, config)
    except DataError as error:
        return _skipped(rung, rung, str(error), panel)
    return Climb(
        rung=rung,
        label=rung,
        note="",
        predictions=with_static(found.predictions, panel, shape),
        fit_seconds=found.fit_seconds,
        predict_seconds=found.predict_seconds,
    )


@step(stage="tune", cpu=2)
def search(panel: pl.DataFrame, split: Split, start: Start, tune: TuneConfig, effort: Effort) -> Study:
    """Search the model's parameters on the folds of the training part; the final window is not handed over."""
    from penstock.forecasting.tuning import Search
    from penstock.forecasting.tuning import tune as tune_model

    known = up_to(panel, split.train_end)
    tune = tune.model_copy(update={"metric": deciding(known, tune.metric).metric})
    wanted = Search(
        features=start.features, model=start.model, config=tune, seed=effort.seed, threads=effort.threads
    )
    return tune_model(known, split, wanted, scratch_dir())


@step(stage="tune")
def as_given(model: ModelConfig, metric: str) -> Study:
    """Take the configuration as it is, without a search: for training a known one again."""
    from penstock.forecasting.study import StudyCounts

    return Study(
        metric=metric,
        direction="none",
        method="as given",
        trials=(),
        best=model,
        best_number=-1,
        best_score=0.0,
        base_score=None,
        importances={},
        counts=StudyCounts.of((), folds=0),
        rows=(),
    )


@effect(stage="tune", once_per=["study", "name"])
def keep_best(study: Study, name: str) -> ConfigVersion:
    """Publish the best configuration as a numbered version that trains any number of models."""
    here = world()
    return publish_config(here.catalogue, name, study, run_id=here.run_id, now=here.now)


@step(stage="train", cpu=2)
def fit_candidate(
    panel: pl.DataFrame, split: Split, features: FeatureConfig, study: Study, effort: Effort
) -> ForecastModel:
    """Fit the best configuration on the training part, for judging."""
    from penstock.forecasting.training import fit

    return fit(
        up_to(panel, split.train_end),
        features,
        study.best,
        seed=effort.seed,
        threads=effort.threads,
        horizon=split.horizon,
    )


@step(stage="evaluate", cpu=2)
def try_candidate(
    panel: pl.DataFrame, shape: PanelShape, split: Split, model: ForecastModel, runtime: Runtime
) -> Climb:
    """Forecast every window of the final part with the candidate, as it is or converted."""
    from penstock.forecasting.export.runtime import as_judged

    predictions, predict_seconds = _timed_backtest(as_judged(model, runtime), panel, split)
    return Climb(
        rung=CANDIDATE,
        label=CANDIDATE,
        note="",
        predictions=with_static(predictions, panel, shape),
        fit_seconds=model.fit_seconds,
        predict_seconds=predict_seconds,
    )


@step(stage="train", cpu=2)
def calibrate(
    panel: pl.DataFrame, shape: PanelShape, split: Split, model: ForecastModel, intervals: IntervalsConfig
) -> Rehearsal:
    """Forecast rolling origins of the training part, to learn how far forecasts err; the final window has no say."""
    from penstock.forecasting.calibration import CalibrationPlan, rehearse

    plan = CalibrationPlan(
        config=intervals,
        train_end=split.train_end,
        horizon=split.horizon,
        every=intervals.every or split.horizon,
        season=(known_seasons(panel, shape, split) or (1,))[0],
    )
    return rehearse(panel, model, plan)


@step(stage="evaluate")
def bound(panel: pl.DataFrame, candidate: Climb, rehearsal: Rehearsal, promise: Promise) -> Climb:
    """Put intervals around the candidate's forecasts of the final window, by errors known at each cutoff."""
    from penstock.forecasting.rehearsal import with_followed_bounds

    bounded = with_followed_bounds(rehearsal, candidate.predictions, panel_times(panel), promise)
    return replace(candidate, predictions=bounded)


@step(stage="evaluate")
def settle(panel: pl.DataFrame, candidate: Climb, rehearsal: Rehearsal, promise: Promise) -> Calibration:
    """Learn how wide the intervals of forecasts to come must be, from every error known by now."""
    from penstock.forecasting.rehearsal import settled

    found = settled(rehearsal, candidate.predictions, panel_times(panel), promise)
    for note in found.notes:
        log.warning("%s", note)
    return found


@step(stage="train", cpu=2)
def refit(panel: pl.DataFrame, candidate: ForecastModel, effort: Effort) -> ForecastModel:
    """Fit what was judged on everything, with the same columns and targets: this is what is registered.

    Worked out anew, ``auto`` could find longer lags in the longer history, and the metrics would be another model's.
    """
    from penstock.forecasting.training import fit

    return fit(panel, candidate.features, candidate.model, seed=effort.seed, threads=effort.threads)


@step(stage="export")
def forecast_future(
    panel: pl.DataFrame,
    shape: PanelShape,
    model: ForecastModel,
    horizon: int,
    ahead: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Forecast the unseen future: ``series``, ``time`` (UTC), ``step``, ``prediction`` and static columns.

    ``ahead`` says what is known of it. Where the model needs covariates and nothing is known, there is no forecast, and
    the log says what is missing: such a run still judges and registers its model.
    """
    from penstock.forecasting.ahead import with_ahead
    from penstock.forecasting.future import forecast_future as after
    from penstock.forecasting.future import no_forecast

    try:
        future = after(model, with_ahead(panel, ahead), horizon)
    except DataError as error:
        if not any(each.name.startswith(KNOWN) for each in model.covariates) or (
            ahead is not None and ahead.height
        ):
            raise
        log.warning("no forecast of the future: %s", error)
        future = no_forecast(panel)
    return with_static(future, panel, shape)


@step(stage="export")
def bound_future(future: pl.DataFrame, calibration: Calibration) -> pl.DataFrame:
    """Put intervals around the forecast of the unseen future: ``lower_90``, ``upper_90`` for each level."""
    return calibration.with_bounds(future)


def known_seasons(panel: pl.DataFrame, shape: PanelShape, split: Split) -> tuple[int, ...]:
    """Return the season lengths, shortest first, that the training part shows; the final window has no say."""
    from penstock.forecasting.panel import season_lengths

    return season_lengths(shape.frequency, up_to(panel, split.train_end))


def _timed_backtest(forecaster: Forecaster, panel: pl.DataFrame, split: Split) -> tuple[pl.DataFrame, float]:
    from penstock.forecasting.backtest import backtest

    started = time.perf_counter()
    predictions = backtest(forecaster, panel, split.final, split.horizon)
    return predictions, time.perf_counter() - started


def with_static(predictions: pl.DataFrame, panel: pl.DataFrame, shape: PanelShape) -> pl.DataFrame:
    """Add the panel's static columns to predictions, by series."""
    if not shape.static:
        return predictions
    statics = panel.select("series", *shape.static).unique("series", keep="first", maintain_order=True)
    return predictions.join(statics, on="series", how="left", maintain_order="left")


def _skipped(rung: str, label: str, why: str, panel: pl.DataFrame) -> Climb:
    nothing = panel.clear().select("series")
    return Climb(rung=rung, label=label, note=why, predictions=nothing, fit_seconds=0.0, predict_seconds=0.0)
