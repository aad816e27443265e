"""A system whose whole knowledge is a file with both clocks, and histories for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from penstock.forecasting.knowledge import history_of
from penstock.testing.panels import START, random_panel

SYSTEM = """\
from __future__ import annotations

from pathlib import Path

import polars as pl

from penstock.engine import pipeline, step
from penstock.forecasting.replay.slots import ReplayPlan
from penstock.systems.shared.config import ForecastingConfig
from penstock.systems.shared.pipeline import Labels
from penstock.systems.shared.replay import look_back
from penstock.systems.shared.system import System


class Config(ForecastingConfig):
    history: Path


@step(stage="acquire")
def knowledge(history: Path) -> pl.DataFrame:
    return pl.read_parquet(history)


@pipeline(name="past-replay")
def replay(cfg: Config, plan: ReplayPlan) -> dict[str, object]:
    return look_back(knowledge(cfg.history), cfg, Labels(system="past", source="a file", target="load"), plan)


@pipeline(name="past")
def train(cfg: Config) -> object:
    return knowledge(cfg.history)


SYSTEM = System(
    name="past", title="The past", folder=Path(__file__).parent, config=Config, train=train, replay=replay
)
"""
CONFIG = """\
horizon: 6
threads: 1
features: {lags: [1, 24], means: [], deviations: [], ids: [series]}
model: {n_estimators: 4, min_child_samples: 5}
replay: {rolling: 2, chunk: 3}
"""
LAG = timedelta(hours=30)
REVISED_AT = START + timedelta(days=14, hours=6)


def write_system(folder: Path) -> Path:
    """Write the system and return its folder."""
    folder.mkdir(parents=True)
    (folder / "system.py").write_text(SYSTEM)
    (folder / "config.yaml").write_text(CONFIG)
    return folder


def history(days: int = 18, *, start: datetime = START) -> pl.DataFrame:
    """Return two series of which every value is known a day and six hours after its time."""
    moved = start - START
    panel = random_panel({"a1": (0, 24 * days), "b1": (0, 24 * days)}, seed=5)
    known = panel.with_columns(pl.col("time") + moved).with_columns(known_at=pl.col("time") + LAG)
    return history_of(known, "published")


def revised(history: pl.DataFrame) -> pl.DataFrame:
    """Add a revision of the hours from day 12 to noon of day 13 that was learned at ``REVISED_AT``."""
    span = pl.col("time").is_between(START + timedelta(days=12), START + timedelta(days=13, hours=12))
    rows = history.filter(span, pl.col("series") == "a1").with_columns(
        pl.col("y") * 2, known_at=pl.lit(REVISED_AT, pl.Datetime("us", "UTC"))
    )
    return history_of(pl.concat([history, rows]).drop("sequence", "deleted", "known_how"), "published")
