"""The pipeline that every forecasting system runs once it has rows: from checked rows to a registered model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.forecasting.classical import is_classical, require_classical
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.tuning import priced
from penstock.release.environment import installed_distributions
from penstock.storage.datasets import DatasetPin
from penstock.storage.tables.cut import TableCut
from penstock.systems.shared.checking import draw_sample, draw_sample_for, prove, prove_release, sum_up_checks
from penstock.systems.shared.config import ForecastingConfig
from penstock.systems.shared.conversion import compare, convert, note_of
from penstock.systems.shared.data import (
    check_panel,
    describe,
    known_ahead,
    prepare,
    publish,
    set_aside,
    split,
    with_prices,
    with_set_aside,
    with_unknown_ahead,
    without,
)
from penstock.systems.shared.judging import describe_split, judge, sum_up
from penstock.systems.shared.learning import (
    as_given,
    bound,
    bound_future,
    calibrate,
    climb,
    climb_classical,
    climb_ensemble,
    fit_candidate,
    forecast_future,
    keep_best,
    refit,
    search,
    settle,
    try_candidate,
)
from penstock.systems.shared.packaging import bundle, predict_with, register
from penstock.systems.shared.reporting import gather
from penstock.systems.shared.values import (
    Demand,
    Effort,
    Evidence,
    Ground,
    Judging,
    Learned,
    Origin,
    Package,
    ReportLabels,
    Start,
    Tried,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from penstock.evaluation.splits import Split
    from penstock.forecasting.forecaster import ForecastModel
    from penstock.forecasting.intervals import Calibration
    from penstock.forecasting.study import Study
    from penstock.quality.report import QualityReport
    from penstock.systems.shared.ladders import RungName
    from penstock.systems.shared.values import Climb, PanelShape

PREPARING = ("publish", "split")
"""What `FeaturesExtractor` runs: everything up to a published dataset version and its split."""


@dataclass(frozen=True, kw_only=True)
class Labels:
    """How a system calls its things: itself, the source of its rows, its target.

    ``dataset`` names dataset and model where the configuration does not; empty: as the system. ``cut`` is that of the
    dataset version that the rows come from, if it has one.
    """

    system: str
    source: str
    target: str
    simulated: bool = False
    dataset: str = ""
    cut: TableCut | None = None

    def of(self, pinned: DatasetPin | None) -> Labels:
        """Return the labels with the source of a dataset version, where the rows come from one."""
        if pinned is None:
            return self
        name = pinned.reference.partition("@")[0]
        return replace(self, source=pinned.source, simulated=pinned.simulated, dataset=name, cut=pinned.cut)

    def name_of(self, cfg: ForecastingConfig) -> str:
        """Return the name of dataset and model."""
        return cfg.name or self.dataset or self.system

    def origin(self, cfg: ForecastingConfig) -> Origin:
        """Return what a dataset version says of itself."""
        return Origin(name=self.name_of(cfg), source=self.source, simulated=self.simulated)


def learn(
    rows: pl.DataFrame,
    cfg: ForecastingConfig,
    labels: Labels,
    *,
    oracle: pl.DataFrame | None = None,
    shape_forecast: Callable[[pl.DataFrame], pl.DataFrame] | None = None,
) -> dict[str, object]:
    """Draw the steps from rows to a registered model; call it inside a pipeline.

    Parameters
    ----------
    rows
        Panel rows with whatever duplicates and short gaps the source has.
    cfg, labels
        Configuration of the system, and what it calls its things.
    oracle
        ``series``, ``time``, ``expected``: the noise-free truth, where a simulator knows it.
    shape_forecast
        A step that puts the forecast into the user's own columns.

    Returns
    -------
    dict
        The outputs that the application knows by name.
    """
    name = labels.name_of(cfg)
    rows, report, aside = accepted(rows, cfg, demand_of(cfg))
    panel = prepare(rows, report, cfg.quality)
    shape = _described_with_prices(rows, panel, cfg)
    ahead, report = _looked_ahead(rows, panel, report, cfg)
    dataset = publish(panel, shape, labels.origin(cfg), labels.cut)
    windows = split(panel, shape, cfg.horizon, cfg.split)
    effort = Effort(seed=cfg.seed, threads=cfg.threads)
    rungs = _rungs(panel, shape, windows, cfg, effort)
    study = _study(panel, windows, cfg, effort)
    best = keep_best(study, name)
    trained = fit_candidate(panel, windows, cfg.features, study, effort)
    environment = installed_distributions()
    export = cfg.export.resolved(environment)
    candidate = try_candidate(panel, shape, windows, trained, export.judged)
    candidate, calibration = _with_intervals(panel, shape, windows, (trained, candidate), cfg)
    tried = Tried(candidate=candidate, rungs=rungs, oracle=oracle)
    judgement = judge(panel, shape, windows, tried, judging_of(cfg))
    sample = draw_sample(panel, windows, trained, cfg.checks, cfg.seed)
    final = refit(panel, trained, effort)
    converted = convert(final, shape, export, note_of(cfg.export, export))
    evidence = Evidence(
        judgement=judgement,
        checks=prove(panel, windows, trained, sample, cfg.checks),
        calibration=calibration,
        conversion=compare(panel, final, converted, cfg.horizon, export),
    )
    facts_of_split = describe_split(panel, windows, trained)
    summary = sum_up(evidence, facts_of_split, report, labels.simulated, sample)
    future = forecast_future(panel, shape, final, cfg.horizon, ahead)
    future = future if calibration is None else bound_future(future, calibration)
    ground = Ground(panel=panel, shape=shape, report=report)
    learned = Learned(study=study, model=final, evidence=evidence, forecast=future)
    facts = gather(ground, tried, learned, report_labels(cfg, labels), sample)
    package = bundle(ground, final, converted, evidence, _described(cfg, labels, environment))
    release = register(package, evidence, dataset, name)
    return {
        "dataset": dataset,
        "split": windows,
        "best_config": best,
        "summary": summary,
        "forecast": shape_forecast(future) if shape_forecast else future,
        "report": facts,
        "release": release,
        "model": final,
        "candidate": trained,
        "test_predictions": candidate,
        **aside,
    }


def _described_with_prices(rows: pl.DataFrame, panel: pl.DataFrame, cfg: ForecastingConfig) -> PanelShape:
    """Draw the step that describes the panel, and where losses are told in money, the one that asks for prices."""
    shape, price = describe(rows, panel), cfg.intervals.price
    return shape if price is None or not cfg.intervals.quantiles else with_prices(panel, shape, price)


def _looked_ahead(
    rows: pl.DataFrame, panel: pl.DataFrame, report: QualityReport, cfg: ForecastingConfig
) -> tuple[pl.DataFrame | None, QualityReport]:
    """Draw the steps to what is known of the steps to forecast, and to a report that says where nothing is."""
    if not cfg.looks_ahead:
        return None, report
    ahead = known_ahead(rows, panel, cfg.horizon, cfg.features)
    return ahead, with_unknown_ahead(report, panel, ahead, cfg.horizon, cfg.features)


def _study(panel: pl.DataFrame, windows: Split, cfg: ForecastingConfig, effort: Effort) -> Study:
    """Draw the step that finds the configuration of the model, or takes it as it is given."""
    if not cfg.search:
        return as_given(cfg.model, cfg.tune.metric)
    return search(
        panel,
        windows,
        Start(features=cfg.features, model=cfg.model),
        priced(cfg.tune, cfg.price_per_cpu_hour),
        effort,
    )


def _described(cfg: ForecastingConfig, labels: Labels, environment: dict[str, str]) -> Package:
    return Package(
        name=labels.name_of(cfg),
        horizon=cfg.horizon,
        unit=cfg.unit,
        simulated=labels.simulated,
        environment=environment,
        runtime=cfg.export.runtime,
    )


def accepted(
    rows: pl.DataFrame, cfg: ForecastingConfig, demand: Demand | None
) -> tuple[pl.DataFrame, QualityReport, dict[str, object]]:
    """Draw the steps that judge rows: what is kept of them, the report, and with a quarantine its output."""
    leads = cfg.features.known_ahead
    if not cfg.quality.quarantine:
        return rows, check_panel(rows, cfg.quality, demand, leads), {}
    aside = set_aside(rows, cfg.quality, leads)
    kept = without(rows, aside)
    report = check_panel(kept, cfg.quality, demand, leads)
    return kept, with_set_aside(report, aside), {"quarantine": aside}


def ingested(rows: pl.DataFrame, cfg: ForecastingConfig, labels: Labels, cut: TableCut) -> dict[str, object]:
    """Draw the steps from the rows of a cut to a published dataset version; call it inside a pipeline."""
    rows, report, aside = accepted(rows, cfg, None)
    panel = prepare(rows, report, cfg.quality)
    shape = describe(rows, panel)
    return {"dataset": publish(panel, shape, labels.origin(cfg), cut), "quality": report, **aside}


def forecast(
    rows: pl.DataFrame,
    cfg: ForecastingConfig,
    labels: Labels,
    package: Path,
    *,
    shape_forecast: Callable[[pl.DataFrame], pl.DataFrame] | None = None,
) -> dict[str, object]:
    """Draw the steps from rows to a forecast by a packaged model; call it inside a pipeline.

    The rows are checked, prepared and published exactly as for training.
    """
    rows, report, aside = accepted(rows, cfg, None)
    panel = prepare(rows, report, cfg.quality)
    shape = describe(rows, panel)
    ahead = known_ahead(rows, panel, cfg.horizon, cfg.features) if cfg.looks_ahead else None
    dataset = publish(panel, shape, labels.origin(cfg), labels.cut)
    future = predict_with(package, panel, shape, cfg.horizon, ahead)
    return {"dataset": dataset, "forecast": shape_forecast(future) if shape_forecast else future, **aside}


def _rungs(
    panel: pl.DataFrame, shape: PanelShape, windows: Split, cfg: ForecastingConfig, effort: Effort
) -> list[Climb]:
    """Draw one step for each rung of the ladder."""
    require_classical(cfg.ladder)

    def drawn(rung: RungName) -> Climb:
        if is_classical(rung):
            return climb_classical.named(rung)(panel, shape, windows, rung, cfg.rung_limit_s)
        if rung == "ensemble":
            return climb_ensemble.named(rung)(panel, shape, windows, effort)
        return climb.named(rung)(panel, shape, windows, rung, effort)

    return [drawn(rung) for rung in cfg.ladder]


def checked(rows: pl.DataFrame, cfg: ForecastingConfig, labels: Labels, package: Path) -> dict[str, object]:
    """Draw the steps from rows to verdicts on a packaged model; call it inside a pipeline.

    The rows are checked, prepared and published exactly as for training.
    """
    rows, report, aside = accepted(rows, cfg, None)
    panel = prepare(rows, report, cfg.quality)
    dataset = publish(panel, describe(rows, panel), labels.origin(cfg), labels.cut)
    sample = draw_sample_for(package, panel, cfg.horizon, cfg.checks, cfg.seed)
    verdicts = prove_release(package, sample, cfg.horizon, cfg.checks)
    return {"dataset": dataset, "summary": sum_up_checks(verdicts, sample, labels.simulated), **aside}


def _with_intervals(
    panel: pl.DataFrame,
    shape: PanelShape,
    windows: Split,
    tried: tuple[ForecastModel, Climb],
    cfg: ForecastingConfig,
) -> tuple[Climb, Calibration | None]:
    """Draw the steps that calibrate intervals, where any level is asked for."""
    trained, candidate = tried
    if not cfg.intervals.promise.levels:
        return candidate, None
    spaced = cfg.intervals.spaced(cfg.split.every or cfg.horizon)
    rehearsal = calibrate(panel, shape, windows, trained, spaced)
    promise = cfg.intervals.promise
    return bound(panel, candidate, rehearsal, promise), settle(panel, candidate, rehearsal, promise)


def judging_of(cfg: ForecastingConfig) -> Judging:
    """Return by what the candidate is judged."""
    return Judging(metric=cfg.metric, seed=cfg.seed, cost=cfg.cost, bands=cfg.intervals.bands)


def demand_of(cfg: ForecastingConfig) -> Demand:
    """Return what a series must be long enough for; of the model, only what changes that."""
    return Demand(
        horizon=cfg.horizon,
        features=cfg.features,
        model=ModelConfig(targets=cfg.model.targets),
        split=cfg.split,
    )


def report_labels(cfg: ForecastingConfig, labels: Labels) -> ReportLabels:
    """Return how the report calls things."""
    return ReportLabels(system=labels.system, target=labels.target, unit=cfg.unit, timezone=cfg.timezone)
