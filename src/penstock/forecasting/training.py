"""Train a model: scale, build the table, fit one regressor for each target."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from penstock.domain.errors import DataError, bounded
from penstock.forecasting.direct import EVERYTHING, STEP, Drawing, direct_table
from penstock.forecasting.features import FeatureConfig, ResolvedFeatures, covariates_of, resolve_features
from penstock.forecasting.forecaster import ForecastModel, history_needed
from penstock.forecasting.grid import grid_of
from penstock.forecasting.known import Known, fit_known
from penstock.forecasting.linear import fit_ridge
from penstock.forecasting.models import ModelConfig, Ridge, Trees, dataset_params, lightgbm_params
from penstock.forecasting.objectives import monotone_params, require_never_negative
from penstock.forecasting.panel import (
    constant_series,
    detect_frequency,
    require_length,
    require_panel,
    season_lengths,
    static_columns,
    useful_covariates,
)
from penstock.forecasting.scaling import Scaling, fit_scaling, scaling_of
from penstock.forecasting.table import FeatureTable, LagPlan, build_table, member_matrix, plan_lags

if TYPE_CHECKING:
    import lightgbm as lgb
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from penstock.forecasting.targets import TableKey, Target

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A training part ready to be learned from: tables that members and trials share."""

    frequency: str
    series: tuple[str, ...]
    scaling: pl.DataFrame
    known: Known
    plan: LagPlan
    tables: dict[TableKey, FeatureTable]

    def table(self, target: Target) -> FeatureTable:
        """Return the table that ``target`` is learned from."""
        return self.tables[target.table]

    def thinned(self, limit: int, seed: int) -> Prepared:
        """Keep at most ``limit`` rows of every table."""
        tables = {key: table.thinned(limit, seed) for key, table in self.tables.items()}
        return replace(self, tables=tables)

    def columns(self, target: Target) -> tuple[str, ...]:
        """Return the names of the columns as the member with this target sees them."""
        return (*self.known.names, *((STEP,) if target.ahead else ()), *self.plan.shown)

    @property
    def categorical(self) -> list[int]:
        """Places of the id columns."""
        return list(range(len(self.known.categories)))


def resolve(
    panel: pl.DataFrame,
    features: FeatureConfig,
    model: ModelConfig,
    *,
    steps: int | None = None,
    horizon: int | None = None,
) -> tuple[ResolvedFeatures, ModelConfig]:
    """Work out every ``auto`` from the training part.

    Parameters
    ----------
    panel
        Training part.
    features, model
        What the user asked for.
    steps
        Shortest history a model will be trained on, such as the first fold; by default the median series' length.
    horizon
        Steps to forecast; needed where there are past covariates.
    """
    frequency = detect_frequency(panel)
    seasons = season_lengths(frequency, panel)
    shortest = (
        steps or sorted(panel.group_by("series").len()["len"].to_list())[panel["series"].n_unique() // 2]
    )
    resolved = resolve_features(
        features,
        frequency=frequency,
        seasons=seasons,
        statics=static_columns(panel),
        steps=shortest,
    )
    there = useful_covariates(panel)
    covered = covariates_of(features, there, seasons=seasons, steps=shortest, horizon=horizon)
    resolved = resolved.model_copy(update={"covariates": covered})
    return resolved, model.resolved([season for season in seasons if season * 3 <= shortest])


def fit(  # noqa: PLR0913 - what is learned, and how
    panel: pl.DataFrame,
    features: FeatureConfig | ResolvedFeatures,
    model: ModelConfig,
    *,
    seed: int,
    threads: int,
    horizon: int | None = None,
) -> ForecastModel:
    """Train on all rows of ``panel``.

    Parameters
    ----------
    panel
        Training part: ``series``, ``time`` (UTC), ``y``, static columns and covariates; regular, without missing values.
    features
        Columns; every ``auto`` is worked out from ``panel``.
    model
        Regressor and targets.
    seed
        Seed of LightGBM's draws.
    threads
        Threads of LightGBM; part of the result's identity.
    horizon
        Steps to forecast; a model that learns them directly takes them where ``model.steps`` is null, and past covariates
        are seen so many steps before.

    Raises
    ------
    DataError
        Missing values, gaps, series shorter than the longest lag, only constant series, values of zero and below
        where a logarithm is asked, or below zero where ``tweedie`` is; names the series.
    ConfigError
        ``model.monotone`` names what is no column of the model, or a category.
    """
    started = time.perf_counter()
    if isinstance(features, FeatureConfig):
        features, model = resolve(panel, features, model, horizon=horizon)
    if model.targets == "auto":
        _, model = resolve(panel, FeatureConfig(covariates=()), model)
    model = model.for_horizon(horizon)
    require_never_negative(panel, model)
    prepared = prepare(
        panel,
        features,
        model.members,
        history=history_needed(features, model),
        drawing=Drawing(seed=seed, limit=model.max_rows),
    )
    monotone_params(
        model, prepared.columns(model.members[-1]), prepared.categorical
    )  # before the boosting, which takes long
    if model.max_rows is not None:
        prepared = prepared.thinned(model.max_rows, seed)
    members = tuple(
        fit_member(prepared, target, model, seed=seed, threads=threads) for target in model.members
    )
    fitted = assemble(prepared, features, model, members, seed=seed, threads=threads)
    return replace(fitted, fit_seconds=time.perf_counter() - started)


def assemble(  # noqa: PLR0913 - the parts of one value
    prepared: Prepared,
    features: ResolvedFeatures,
    model: ModelConfig,
    members: tuple[Trees | Ridge, ...],
    *,
    seed: int,
    threads: int,
) -> ForecastModel:
    """Put fitted members and what they were fitted on together; ``fit_seconds`` is left at 0."""
    return ForecastModel(
        features=features,
        model=model,
        frequency=prepared.frequency,
        series=prepared.series,
        scaling=prepared.scaling,
        known=prepared.known,
        members=members,
        columns=prepared.columns(model.members[-1]),
        rows=len(prepared.table(model.members[0]).label),
        seed=seed,
        threads=threads,
        fit_seconds=0.0,
    )


def prepare(
    panel: pl.DataFrame,
    features: ResolvedFeatures,
    targets: Sequence[Target],
    *,
    history: int,
    drawing: Drawing = EVERYTHING,
) -> Prepared:
    """Scale every series by its training values and build the tables that ``targets`` need.

    ``drawing`` says at which steps direct members learn.

    Raises
    ------
    DataError
        See ``fit``.
    """
    ordered = require_panel(panel)
    require_length(ordered, history + 1, "the lags and windows of the model and one row to learn from")
    _note_constant(ordered)
    frequency = detect_frequency(ordered)
    grid = grid_of(ordered, frequency)
    known = fit_known(ordered, features)
    plan = plan_lags(features, targets)
    scaling = _scaling_table(grid.values, grid.series, targets)
    tables: dict[TableKey, FeatureTable] = {}
    for target in sorted(targets, key=_ahead):
        near = target.model_copy(update={"ahead": 0})
        if near.table not in tables:
            scaled = _scaled(ordered, grid.values, scaling_of(scaling, target.scale, grid.series))
            tables[near.table] = build_table(scaled, plan, known, difference=target.difference)
        if target.table not in tables:
            seasons = season_lengths(frequency)
            tables[target.table] = direct_table(tables[near.table], target.ahead, seasons, drawing)
    asked = {target.table for target in targets}
    tables = {key: table for key, table in tables.items() if key in asked}
    return Prepared(
        frequency=frequency, series=grid.series, scaling=scaling, known=known, plan=plan, tables=tables
    )


def fit_member(
    prepared: Prepared, target: Target, model: ModelConfig, *, seed: int, threads: int
) -> Trees | Ridge:
    """Fit the regressor of one target."""
    table = prepared.table(target)
    if model.kind == "linear":
        matrix, label = member_matrix(table, prepared.plan, target)
        groups = None if model.pooled else table.series
        return fit_ridge(matrix, label, groups, known=prepared.known.stamped, alpha=model.alpha)
    data = binned(prepared, target, model.max_bin, threads=threads)
    return Trees(booster=boost(data, model, seed=seed, threads=threads), threads=threads)


def binned(prepared: Prepared, target: Target, max_bin: int, *, threads: int) -> lgb.Dataset:
    """Bin the columns of one target: what every boosting on it shares."""
    import lightgbm as lgb

    matrix, label = member_matrix(prepared.table(target), prepared.plan, target)
    data = lgb.Dataset(
        matrix,
        label,
        feature_name=list(prepared.columns(target)),
        categorical_feature=prepared.categorical,
        params=dataset_params(max_bin, threads=threads),
        free_raw_data=True,
    )
    return data.construct()


def boost(data: lgb.Dataset, model: ModelConfig, *, seed: int, threads: int) -> lgb.Booster:
    """Boost trees on binned columns.

    Raises
    ------
    ConfigError
        A direction is asked of what is no column, or of a category.
    """
    import lightgbm as lgb

    params = lightgbm_params(model, seed=seed, threads=threads)
    params |= monotone_params(model, data.get_feature_name(), _categorical(data))
    booster = lgb.train(params, data, num_boost_round=model.n_estimators, keep_training_booster=False)
    booster.free_dataset()
    return booster


def _categorical(data: lgb.Dataset) -> list[int]:
    listed = data.categorical_feature
    return [place for place in listed if isinstance(place, int)] if isinstance(listed, list) else []


def _ahead(target: Target) -> int:
    return target.ahead


def _scaling_table(
    values: NDArray[np.float64], series: Sequence[str], targets: Sequence[Target]
) -> pl.DataFrame:
    import polars as pl

    scales = dict.fromkeys(target.scale for target in targets)
    return pl.concat([fit_scaling(values, series, scale) for scale in scales])


def _scaled(panel: pl.DataFrame, values: NDArray[np.float64], scaling: Scaling) -> pl.DataFrame:
    import numpy as np
    import polars as pl

    scaled = scaling.forward(values)
    return panel.with_columns(y=pl.Series(scaled[~np.isnan(values)]))


def _note_constant(panel: pl.DataFrame) -> None:
    constant = constant_series(panel)
    if len(constant) == panel["series"].n_unique():
        raise DataError(
            f"every series is constant: {bounded(constant)}; there is nothing to learn. Check the target column"
        )
    if constant:
        log.info(
            "%d series never change; they are forecast as they are: %s", len(constant), bounded(constant)
        )
