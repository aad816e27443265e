"""Tiny panels, a tiny configuration, and what a command answered."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

TINY = (
    "horizon=6",
    "threads=1",
    "features.lags=[1,24]",
    "features.means=[]",
    "features.deviations=[]",
    "ladder=[seasonal_naive_short]",
    "split.origins=2",
    "split.every=6",
    "split.folds=2",
    "tune.trials=1",
    "tune.workers=1",
    "model.n_estimators=5",
    "checks.names=[finite]",
    "checks.examples=1",
)
"""Overrides that make a run of the panel system as small as it can be."""

COLUMNS = ("target=load", "time=stamp", "series=id")

Rows = Sequence[tuple[object, ...]]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one command said."""

    code: int
    out: str
    err: str


Command = Callable[..., Answer]


def wave(hours: int = 240, name: str = "a", level: float = 100.0) -> list[tuple[object, ...]]:
    """Return rows ``id, stamp, load`` of one hourly series with a daily season and no two equal values."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    return [
        (
            name,
            (start + timedelta(hours=hour)).isoformat(),
            round(level + 0.3 * level * math.sin(hour * math.tau / 24) + 0.01 * (hour * 37 % 101), 3),
        )
        for hour in range(hours)
    ]


def write_csv(path: Path, rows: Rows, header: str = "id,stamp,load") -> Path:
    """Write rows below a header line."""
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n", encoding="utf-8")
    return path


def files_in(home: Path) -> dict[str, int]:
    """Return how much lies in each folder of a workspace that a run may fill for good."""
    return {
        name: sum(path.is_file() for path in (home / name).rglob("*"))
        for name in ("manifests/dataset", "manifests/release", "manifests/run_result", "doors")
    }


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A folder with a data file and a workspace, and the command that ran there."""

    folder: Path
    home: Path
    command: tuple[str, ...]

    @property
    def environ(self) -> Mapping[str, str]:
        """Variables under which commands find the workspace."""
        return {"PENSTOCK_HOME": str(self.home), "PENSTOCK_TRACKING_URI": "off"}
