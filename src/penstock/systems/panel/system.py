"""The panel system: a user's own CSV or Parquet file, without code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from penstock.engine import pipeline, step
from penstock.forecasting.forecaster import ForecastModel
from penstock.sources.files import FileColumns
from penstock.storage.datasets import DatasetPin
from penstock.systems.shared.config import ForecastingConfig
from penstock.systems.shared.data import pinned_rows
from penstock.systems.shared.packaging import FORECASTER
from penstock.systems.shared.pipeline import PREPARING, Labels, forecast, learn
from penstock.systems.shared.system import System

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl


class PanelConfig(ForecastingConfig):
    """What the panel system must and can be told beside what every forecasting system can."""

    data: Path | None = Field(
        default=None,
        description="The file: .csv, .csv.gz or .parquet. Needed unless `dataset` names a version.",
    )
    target: str = Field(default="", description="Column to forecast; needed with `data`.")
    time: str = Field(default="", description="Column with the stamps; needed with `data`.")
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

    @model_validator(mode="after")
    def _file_or_version(self) -> Self:
        missing = [key for key in ("data", "target", "time") if not getattr(self, key)]
        if missing and not self.dataset:
            raise ValueError(
                f"{', '.join(missing)} missing: name the file and its columns, as in data=power.csv target=y time=ds, "
                "or a dataset version, as in dataset=power@v1"
            )
        return self

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
        stem = self.data.name.split(".")[0] if self.data else self.dataset.partition("@")[0]
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
def train(cfg: PanelConfig, pinned: DatasetPin | None = None) -> dict[str, object]:
    """Carry a user's file to a registered model, a forecast and a report."""
    named, labels = _named(cfg)
    return learn(acquire(cfg, pinned), named, labels.of(pinned), shape_forecast=_shape(cfg))


@pipeline(name="panel-predict")
def predict(cfg: PanelConfig, package: Path, pinned: DatasetPin | None = None) -> dict[str, object]:
    """Forecast what follows a user's file with a registered model."""
    named, labels = _named(cfg)
    return forecast(acquire(cfg, pinned), named, labels.of(pinned), package, shape_forecast=_shape(cfg))


def acquire(cfg: PanelConfig, pinned: DatasetPin | None) -> pl.DataFrame:
    """Draw the step to panel rows: of a dataset version, else of the file."""
    if pinned is not None:
        return pinned_rows(pinned)
    return read(cfg.data, cfg.columns, cfg.timezone)  # type: ignore[arg-type] # the schema asks for one of both


def _shape(cfg: PanelConfig) -> Callable[[pl.DataFrame], pl.DataFrame] | None:
    """Return the step to the user's own columns, where they are known."""
    return (lambda future: own_columns(future, cfg.columns)) if cfg.time else None


def _named(cfg: PanelConfig) -> tuple[PanelConfig, Labels]:
    source = f"file {cfg.data.name}" if cfg.data else f"dataset {cfg.dataset}"
    labels = Labels(system="panel", source=source, target=cfg.target or "y")
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
