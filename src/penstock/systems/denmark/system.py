"""The Danish system: hourly consumption of every (price area, consumer type), 24 h ahead, one global model."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.domain.rows import RowSchema
from penstock.domain.windows import Window
from penstock.engine import effect, pipeline, step
from penstock.forecasting.forecaster import ForecastModel
from penstock.forecasting.replay.slots import ReplayPlan
from penstock.quality.report import QualityReport
from penstock.sources.denmark_rows import DENMARK_ROWS
from penstock.sources.simulators.denmark import DenmarkSimulatorConfig
from penstock.storage.datasets import DatasetPin
from penstock.systems.denmark.config import DenmarkConfig
from penstock.systems.denmark.feed import intake, rows_of
from penstock.systems.denmark.replay import knowledge, recall
from penstock.systems.shared.data import pinned_rows
from penstock.systems.shared.feed import Feed
from penstock.systems.shared.ingest import Landed, cut_table, land_window, observed, recalled
from penstock.systems.shared.packaging import FORECASTER
from penstock.systems.shared.pipeline import PREPARING, Labels, checked, forecast, ingested, learn
from penstock.systems.shared.replay import look_back
from penstock.systems.shared.system import System

if TYPE_CHECKING:
    import polars as pl


@step(stage="acquire")
def simulate(source: DenmarkSimulatorConfig) -> pl.DataFrame:
    """Return the published rows of the simulated source, in the schema of the real one."""
    from penstock.sources.simulators.denmark import simulate

    return simulate(source)


@step(stage="validate")
def check_rows(rows: pl.DataFrame, schema: RowSchema) -> QualityReport:
    """Compare the rows with the schema of the source: columns, types, known areas and consumer types."""
    from penstock.quality.rows import validate_rows

    report = validate_rows(rows, schema)
    report.raise_if_broken()
    return report


@step(stage="prepare")
def to_panel(rows: pl.DataFrame, schema: QualityReport) -> pl.DataFrame:
    """Reshape checked rows into a panel: one series for each area and consumer type."""
    from penstock.sources.denmark_rows import to_panel

    schema.raise_if_broken()
    return to_panel(rows)


@step(stage="evaluate")
def expect(source: DenmarkSimulatorConfig) -> pl.DataFrame:
    """Return what the simulator knows and no model may: the truth without its noise."""
    from penstock.sources.denmark_rows import to_panel
    from penstock.sources.simulators.denmark import oracle

    truth = to_panel(oracle(source), value="expected_kwh")
    return truth.select("series", "time", truth["y"].alias("expected"))


@step(stage="export")
def danish_columns(future: pl.DataFrame) -> pl.DataFrame:
    """Put the forecast into the columns of the source."""
    import polars as pl
    import polars.selectors as cs

    return future.select(
        pl.col("time").alias("HourUTC"),
        pl.col("area").alias("PriceArea"),
        pl.col("consumer_type").alias("ConsumerType_DE35"),
        "prediction",
        cs.starts_with("lower_", "upper_"),
    )


LABELS = Labels(
    system="denmark",
    source="ConsumptionDE35Hour, simulated",
    target="electricity consumption",
    simulated=True,
)


@pipeline(name="denmark")
def train(cfg: DenmarkConfig, pinned: DatasetPin | None = None) -> dict[str, object]:
    """Carry simulated Danish consumption to a registered model, a forecast and a report."""
    rows, oracle = acquire(cfg, pinned), None if pinned else expect(cfg.source)
    return learn(rows, cfg.strict(pinned), LABELS.of(pinned), oracle=oracle, shape_forecast=danish_columns)


@pipeline(name="denmark-predict")
def predict(cfg: DenmarkConfig, package: Path, pinned: DatasetPin | None = None) -> dict[str, object]:
    """Forecast simulated Danish consumption with a registered model."""
    rows = acquire(cfg, pinned)
    return forecast(rows, cfg.strict(pinned), LABELS.of(pinned), package, shape_forecast=danish_columns)


@pipeline(name="denmark-check")
def check(cfg: DenmarkConfig, package: Path, pinned: DatasetPin | None = None) -> dict[str, object]:
    """Ask a registered model of Danish consumption for its properties."""
    return checked(acquire(cfg, pinned), cfg.strict(pinned), LABELS.of(pinned), package)


def acquire(cfg: DenmarkConfig, pinned: DatasetPin | None) -> pl.DataFrame:
    """Draw the steps to panel rows: of a dataset version, else of what the source shows."""
    if pinned is not None:
        return pinned_rows(pinned)
    rows = simulate(cfg.source)
    return to_panel(rows, check_rows(rows, DENMARK_ROWS))


@effect(stage="acquire")
def land(cfg: DenmarkConfig, window: Window) -> Landed:
    """Fetch one window and append what is new to the table."""
    return land_window(lambda access: intake(cfg, access), window)


@pipeline(name="denmark-ingest")
def ingest(cfg: DenmarkConfig, windows: tuple[Window, ...], as_of: datetime | None) -> dict[str, object]:
    """Land every window, cut the table and publish the cut."""
    cut = cut_table([land(cfg, window) for window in windows], cfg.dataset_name, as_of)
    schema = rows_of(cfg)
    rows = observed(cut, schema.names)
    panel_rows = to_panel(rows, check_rows(rows, schema))
    return ingested(panel_rows, cfg.known_only(as_of), labels_of(cfg), cut)


@pipeline(name="denmark-replay")
def replay(cfg: DenmarkConfig, plan: ReplayPlan, pinned: DatasetPin | None = None) -> dict[str, object]:
    """Say for every past cutoff what would have been forecast from what the source had shown by then."""
    if pinned and pinned.cut:
        return look_back(recall(recalled(pinned.cut)), cfg.known_only(), LABELS.of(pinned), plan)
    return look_back(knowledge(cfg.source), cfg.strict(None), LABELS, plan)


def labels_of(cfg: DenmarkConfig) -> Labels:
    """Return what the chosen source is called."""
    if cfg.origin == "simulator":
        return LABELS
    return replace(LABELS, source=cfg.energidata.dataset, simulated=False, dataset=cfg.dataset_name)


SYSTEM = System(
    name="denmark",
    title="Hourly electricity consumption of 2 price areas × 38 consumer types, 24 h ahead",
    folder=Path(__file__).parent,
    config=DenmarkConfig,
    train=train,
    predict=predict,
    check=check,
    prepare=PREPARING,
    loaders={FORECASTER: ForecastModel.load},
    simulated=lambda _: True,
    live=lambda cfg: cfg.origin != "simulator",
    feed=Feed(intake=intake, ingest=ingest),
    replay=replay,
)
