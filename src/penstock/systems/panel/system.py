"""The panel system: a user's own CSV or Parquet file, without code."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.domain.errors import WorkspaceError
from penstock.domain.windows import Window
from penstock.engine import effect, pipeline, step
from penstock.engine.context import shelf, world
from penstock.forecasting.forecaster import ForecastModel
from penstock.forecasting.replay.slots import ReplayPlan
from penstock.sources.files import FileColumns
from penstock.storage.datasets import DatasetPin
from penstock.storage.keys import FOLDER, personal_key
from penstock.systems.panel.config import PanelConfig
from penstock.systems.panel.feed import intake, rows_of
from penstock.systems.panel.replay import knowledge
from penstock.systems.panel.sample import write_sample
from penstock.systems.shared.data import pinned_rows
from penstock.systems.shared.feed import Feed
from penstock.systems.shared.ingest import Landed, cut_table, land_window, observed, recalled
from penstock.systems.shared.packaging import FORECASTER
from penstock.systems.shared.pipeline import PREPARING, Labels, checked, forecast, ingested, learn
from penstock.systems.shared.replay import look_back
from penstock.systems.shared.system import System

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from penstock.storage.workspace import Workspace


@step(stage="acquire")
def read(data: Path, columns: FileColumns, timezone: str) -> pl.DataFrame:
    """Read the file as panel rows; nothing is repaired, dropped or filled."""
    from penstock.sources.files import read_panel_file

    key = personal_key(shelf().workspace) if columns.personal else None
    return read_panel_file(data, columns, timezone, key=key)


@step(stage="acquire")
def with_future(rows: pl.DataFrame, future: Path, columns: FileColumns, timezone: str) -> pl.DataFrame:
    """Add what a second file says of the steps to forecast."""
    from penstock.sources.files import with_future as added

    key = personal_key(shelf().workspace) if columns.personal else None
    return added(rows, future, columns, timezone, key=key)


@step(stage="export")
def own_columns(future: pl.DataFrame, columns: FileColumns) -> pl.DataFrame:
    """Put the forecast into the user's own id and time columns."""
    import polars.selectors as cs

    from penstock.sources.files import with_id_columns

    wanted = future.select("series", "time", "prediction", cs.starts_with("lower_", "upper_"))
    own = with_id_columns(wanted, columns)
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


@pipeline(name="panel-check")
def check(cfg: PanelConfig, package: Path, pinned: DatasetPin | None = None) -> dict[str, object]:
    """Ask a registered model for its properties, on a user's file."""
    named, labels = _named(cfg)
    return checked(acquire(cfg, pinned), named, labels.of(pinned), package)


@pipeline(name="panel-replay")
def replay(cfg: PanelConfig, plan: ReplayPlan, pinned: DatasetPin | None = None) -> dict[str, object]:
    """Say for every past cutoff what would have been forecast from what was known of the series by then."""
    named, labels = _named(cfg)
    if pinned and pinned.cut:
        return look_back(recalled(pinned.cut), named, labels.of(pinned), plan)
    rows = read(cfg.data, cfg.ingested, cfg.timezone)  # type: ignore[arg-type] # the schema asks for a file here
    history = knowledge(rows, cfg.lag_days, published=cfg.known_at is not None)
    return look_back(history, named, labels, plan)


def acquire(cfg: PanelConfig, pinned: DatasetPin | None) -> pl.DataFrame:
    """Draw the steps to panel rows: of a dataset version, else of the file, with what is known ahead."""
    rows = _rows(cfg, pinned)
    return with_future(rows, cfg.future, cfg.columns, cfg.timezone) if cfg.future else rows


def _rows(cfg: PanelConfig, pinned: DatasetPin | None) -> pl.DataFrame:
    if pinned is not None:
        return pinned_rows(pinned)
    return read(cfg.data, cfg.columns, cfg.timezone)  # type: ignore[arg-type] # the schema asks for one of both


@effect(stage="acquire")
def land(cfg: PanelConfig, window: Window) -> Landed:
    """Read the file and append what is new to the table."""
    key = personal_key(world().workspace) if cfg.columns.personal else None
    return land_window(lambda access: intake(cfg, access, key), window)


@step(stage="prepare")
def to_panel(rows: pl.DataFrame) -> pl.DataFrame:
    """Put the rows of the table into the order of a panel."""
    return rows.select("series", "time", "y", *rows.columns[3:]).sort("series", "time")


@pipeline(name="panel-ingest")
def ingest(cfg: PanelConfig, windows: tuple[Window, ...], as_of: datetime | None) -> dict[str, object]:
    """Land the file, cut the table and publish the cut."""
    cut = cut_table([land(cfg, window) for window in windows], cfg.table_name, as_of)
    named, labels = _named(cfg)
    of_table = replace(labels, source=f"table {cfg.table_name}")
    return ingested(to_panel(observed(cut, rows_of(cfg).names)), named, of_table, cut)


def reveal(cfg: PanelConfig, future: pl.DataFrame, workspace: Workspace) -> pl.DataFrame:
    """Put the user's own names back into a forecast that leaves the workspace.

    Raises
    ------
    WorkspaceError
        If no pseudonym is one of a name of the file: the key is not the one with which the file was read.
    """
    from penstock.sources.personal import with_real_names

    if cfg.data is None or not cfg.columns.personal:
        return future
    named = with_real_names(future, cfg.data, cfg.columns, personal_key(workspace))
    hidden = list(cfg.columns.personal)
    if not cfg.dataset and future.height and named.select(hidden).equals(future.select(hidden)):
        raise WorkspaceError(
            f"the key in {workspace.root / FOLDER} is not the one with which {cfg.data.name} was read, so the names in the "
            "forecast cannot be put back; restore the key from a backup, or start anew in another PENSTOCK_HOME"
        )
    return named


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
    check=check,
    prepare=PREPARING,
    loaders={FORECASTER: ForecastModel.load},
    replay=replay,
    feed=Feed(intake=intake, ingest=ingest),
    reveal=reveal,
    sample=write_sample,
)
