"""The Danish system: hourly consumption of every (price area, consumer type), 24 h ahead, one global model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from penstock.engine import pipeline, step
from penstock.forecasting.forecaster import ForecastModel
from penstock.quality.report import QualityReport
from penstock.sources.denmark_rows import DENMARK_ROWS, series_name
from penstock.sources.simulators.denmark import DenmarkSimulatorConfig
from penstock.storage.datasets import DatasetPin
from penstock.systems.shared.config import ForecastingConfig
from penstock.systems.shared.data import pinned_rows
from penstock.systems.shared.packaging import FORECASTER
from penstock.systems.shared.pipeline import PREPARING, Labels, forecast, learn
from penstock.systems.shared.system import System

if TYPE_CHECKING:
    import polars as pl


class DenmarkConfig(ForecastingConfig):
    """What the Danish system can be told beside what every forecasting system can."""

    source: DenmarkSimulatorConfig = Field(
        default_factory=DenmarkSimulatorConfig, description="The embedded source: span, seed, lag, faults."
    )

    def strict(self, pinned: DatasetPin | None) -> DenmarkConfig:
        """Return the configuration with all that is known of the source: its series, and when it shows a row.

        Rows of a dataset version were checked when it was published.
        """
        if pinned is not None:
            return self
        known = {
            "known_series": tuple(series_name(area, code) for area, code in self.source.series),
            "lag_days": self.source.lag_days,
            "as_of": self.source.asked_at,
        }
        return self.model_copy(update={"quality": self.quality.model_copy(update=known)})


@step(stage="acquire")
def simulate(source: DenmarkSimulatorConfig) -> pl.DataFrame:
    """Return the published rows of the simulated source, in the schema of the real one."""
    from penstock.sources.simulators.denmark import simulate

    return simulate(source)


@step(stage="validate")
def check_rows(rows: pl.DataFrame) -> QualityReport:
    """Compare the rows with the schema of the source: columns, types, known areas and consumer types."""
    from penstock.quality.rows import validate_rows

    report = validate_rows(rows, DENMARK_ROWS)
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

    return future.select(
        pl.col("time").alias("HourUTC"),
        pl.col("area").alias("PriceArea"),
        pl.col("consumer_type").alias("ConsumerType_DE35"),
        "prediction",
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


def acquire(cfg: DenmarkConfig, pinned: DatasetPin | None) -> pl.DataFrame:
    """Draw the steps to panel rows: of a dataset version, else of what the source shows."""
    if pinned is not None:
        return pinned_rows(pinned)
    rows = simulate(cfg.source)
    return to_panel(rows, check_rows(rows))


SYSTEM = System(
    name="denmark",
    title="Hourly electricity consumption of 2 price areas × 38 consumer types, 24 h ahead",
    folder=Path(__file__).parent,
    config=DenmarkConfig,
    train=train,
    predict=predict,
    prepare=PREPARING,
    loaders={FORECASTER: ForecastModel.load},
    simulated=lambda _: True,
)
