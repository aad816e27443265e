"""An hourly panel of hundreds of series that have little in common, as two CSV files: run with Penstock's Python.

    python unlike_panel.py development|final DATA_FOLDER KNOWN.csv HIDDEN.csv

The pieces are real load and temperature (PJM, Victoria), sales spread over the hours of a day, simulated Danish
consumption, and counts drawn around such consumption. Each has 700 to 1,000 known hours and 48 hidden ones, begins at
another hour of its week, is scaled to a level between 1 and 10,000, and may have a trend or further noise. One in
four ends up to two weeks before the others. No two pieces overlap, in one panel or between the two: of every file,
``development`` takes the first half and ``final`` the second; the simulated ones come from other worlds. Same name,
same bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from penstock.sources.simulators.denmark import DenmarkSimulatorConfig, simulate

Values = NDArray[np.float64]
HORIZON = 48
KNOWN = (700, 1000)
LEVELS = (0.0, 4.0)
END = datetime(2024, 3, 1, tzinfo=UTC)
LATEST = 336
PANELS = ("development", "final")
LONGEST = KNOWN[1] + HORIZON
COUNTS = {"pjm": 20, "victoria": 12, "temperature": 12, "denmark": 236, "sales": 60, "counts": 60}
OPENING = np.array([0] * 8 + [2, 4, 5, 6, 7, 6, 5, 5, 6, 8, 8, 6, 3, 1, 0, 0], dtype=np.float64)
"""When people buy, by the hour."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One series: its kind, and all its values, the hidden ones last."""

    kind: str
    values: Values


def pieces(panel: str, folder: Path) -> Iterator[Piece]:
    """Cut the pieces of a panel, always the same."""
    rng = np.random.default_rng([PANELS.index(panel), 20_240_301])
    long = dict(_sources(panel, folder))
    for kind, count in COUNTS.items():
        size = LONGEST // 24 + 2 if kind == "sales" else LONGEST  # sales are daily
        slots = [
            source[start : start + size]
            for source in long[kind]
            for start in range(0, len(source) - size + 1, size)
        ]
        for place in rng.permutation(len(slots))[:count]:
            length = int(rng.integers(*KNOWN, endpoint=True)) + HORIZON
            yield Piece(kind=kind, values=_changed(kind, slots[place], rng)[-length:])


def _sources(panel: str, folder: Path) -> Iterator[tuple[str, list[Values]]]:
    pjm = pl.read_csv(folder / "pjm_zones_2023.csv.gz").partition_by("unique_id", maintain_order=True)
    yield "pjm", [_half(zone["y"], panel) for zone in pjm]
    victoria = (
        pl.read_csv(folder / "victoria_demand.csv.gz", try_parse_dates=True)
        .sort("Time")
        .group_by_dynamic("Time", every="1h")
        .agg(pl.col("Demand", "Temperature").mean())
    )
    yield "victoria", [_half(victoria["Demand"], panel)]
    yield "temperature", [_half(victoria["Temperature"], panel)]
    first, second = (_simulated(seed + 2 * PANELS.index(panel)) for seed in (1, 2))
    yield "denmark", first
    yield "counts", second
    sold = pl.read_csv(folder / "m5_small.csv.gz").partition_by("unique_id", maintain_order=True)
    yield "sales", [_half(item["y"], panel) for item in sold]


def _simulated(seed: int) -> list[Values]:
    world = DenmarkSimulatorConfig(seed=seed, days=365, gaps_per_series_year=0, duplicates_per_series_year=0)
    made = simulate(world).sort("PriceArea", "ConsumerType_DE35", "HourUTC")
    each = made.partition_by("PriceArea", "ConsumerType_DE35", maintain_order=True)
    return [one["TotalCon"].to_numpy() for one in each]


def _half(values: pl.Series, panel: str) -> Values:
    middle = len(values) // 2
    half = values[:middle] if panel == PANELS[0] else values[middle:]
    return half.to_numpy().astype(np.float64)


def _changed(kind: str, cut: Values, rng: np.random.Generator) -> Values:
    """Scale a piece to a level of its own, and bend and shake it as its kind allows."""
    level = 10 ** rng.uniform(*LEVELS)
    if kind == "sales":
        hours = [rng.multinomial(int(day), OPENING / OPENING.sum()) for day in cut]
        return np.concatenate(hours)[int(rng.integers(24)) :].astype(np.float64)
    if kind == "counts":
        return rng.poisson(_trend(len(cut), rng) * cut / cut.mean() * 10 ** rng.uniform(-0.5, 1.5)) * 1.0
    if kind == "temperature":
        return np.round(cut, 2)
    noise = np.exp(rng.normal(0, rng.choice([0.0, 0.02, 0.06]), len(cut)))
    return np.asarray(_trend(len(cut), rng) * noise * cut / cut.mean() * level)


def _trend(length: int, rng: np.random.Generator) -> Values:
    steep = rng.choice([0.0, 0.0, 0.3, -0.3, 0.8])
    return np.asarray(np.exp(steep * np.linspace(-0.5, 0.5, length)))


def frames(panel: str, folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the known and the hidden rows: ``unique_id``, ``ds``, ``y``."""
    rng = np.random.default_rng([PANELS.index(panel), 48])
    known, hidden = [], []
    for number, piece in enumerate(pieces(panel, folder)):
        late = int(rng.integers(LATEST)) if rng.random() < 0.25 else 0
        last = END - timedelta(hours=late)
        first = last - timedelta(hours=len(piece.values) - 1)
        frame = pl.DataFrame(
            {
                "unique_id": [f"{piece.kind}-{number:03}"] * len(piece.values),
                "ds": pl.datetime_range(first, last, "1h", eager=True),
                "y": piece.values,
            }
        )
        known.append(frame.head(-HORIZON))
        hidden.append(frame.tail(HORIZON))
    return pl.concat(known), pl.concat(hidden)


if __name__ == "__main__":
    name, data, *files = sys.argv[1:]
    for frame, file in zip(frames(name, Path(data)), files, strict=True):
        frame.write_csv(file, datetime_format="%Y-%m-%dT%H:%M:%SZ")
