"""The panel system: a user's own CSV or Parquet file, without code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from penstock.engine import pipeline, step
from penstock.forecasting.forecaster import ForecastModel
from penstock.sources.files import FileColumns
from penstock.systems.shared.config import ForecastingConfig
from penstock.systems.shared.packaging import FORECASTER
from penstock.systems.shared.pipeline import PREPARING, Labels, forecast, learn
from penstock.systems.shared.system import System

if TYPE_CHECKING:
    import polars as pl


class PanelConfig(ForecastingConfig):
    """What the panel system must and can be told beside what every forecasting system can."""

    data: Path = Field(description="The file: .csv, .csv.gz or .parquet.")
    target: str = Field(description="Column to forecast.")
    time: str = Field(description="Column with the stamps.")
    series: tuple[str, ...] = Field(
        default=(), description="Column or columns that together name a series; none: the file holds one."
    )
    static: tuple[str, ...] = Field(
        default=(), description="Columns that are constant in a series: features, and slices of the report."
    )
    time_format: str | None = Field(default=None, description="Format of stamps that are not ISO 8601.")
    decimal: Literal[".", ","] = Field(default=".", description="Decimal sign of numbers in a CSV.")

    @model_validator(mode="before")
    @classmethod
    def _one_or_many(cls, values: Any) -> Any:
        if isinstance(values, dict):
            for key in ("series", "static"):
                if isinstance(values.get(key), str):
                    values = {**values, key: (values[key],)}
        return values

    @property
    def columns(self) -> FileColumns:
        """The columns and their parts."""
        return FileColumns(
            time=self.time,
            target=self.target,
            series=self.series,
            static=self.static,
            time_format=self.time_format,
            decimal=self.decimal,
        )

    @property
    def dataset_name(self) -> str:
        """Name of dataset and model: the file's own, unless one is given."""
        stem = self.data.name.split(".")[0]
        return self.name or re.sub(r"[^A-Za-z0-9_-]+", "_", stem).strip("_") or "panel"


@step(stage="acquire")
def read(data: Path, columns: FileColumns, timezone: str) -> pl.DataFrame:
    """Read the file as panel rows; nothing is repaired, dropped or filled."""
    from penstock.sources.files import read_panel_file

    return read_panel_file(data, columns, timezone)


@step(stage="export")
def own_columns(future: pl.DataFrame, columns: FileColumns) -> pl.DataFrame:
    """Put the forecast into the user's own id and time columns."""
    from penstock.sources.files import with_id_columns

    own = with_id_columns(future.select("series", "time", "prediction"), columns)
    return own.rename({"time": columns.time})


@pipeline(name="panel")
def train(cfg: PanelConfig) -> dict[str, object]:
    """Carry a user's file to a registered model, a forecast and a report."""
    rows = read(cfg.data, cfg.columns, cfg.timezone)
    named, labels = _named(cfg)
    return learn(rows, named, labels, shape_forecast=lambda future: own_columns(future, cfg.columns))


@pipeline(name="panel-predict")
def predict(cfg: PanelConfig, package: Path) -> dict[str, object]:
    """Forecast what follows a user's file with a registered model."""
    rows = read(cfg.data, cfg.columns, cfg.timezone)
    named, labels = _named(cfg)
    return forecast(
        rows, named, labels, package, shape_forecast=lambda future: own_columns(future, cfg.columns)
    )


def _named(cfg: PanelConfig) -> tuple[PanelConfig, Labels]:
    labels = Labels(system="panel", source=f"file {cfg.data.name}", target=cfg.target)
    return cfg.model_copy(update={"name": cfg.dataset_name}), labels


SYSTEM = System(
    name="panel",
    title="Any panel of series in your own CSV or Parquet file; no code",
    folder=Path(__file__).parent,
    config=PanelConfig,
    train=train,
    predict=predict,
    prepare=PREPARING,
    loaders={FORECASTER: ForecastModel.load},
)
