"""A tiny model with a bundle, for tests of packaging, registers and loaders."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.release.bundle import BundleParts, Inference
from penstock.release.card import CardFacts
from penstock.release.schema import BundleSchema, Column

if TYPE_CHECKING:
    import polars as pl

KIND = "toy_naive"


@dataclass(frozen=True)
class ToyNaive:
    """Repeats the last ``season`` values of every series, hour by hour."""

    season: int

    def predict(self, history: pl.DataFrame, horizon: int) -> pl.DataFrame:
        """Forecast ``horizon`` hours after the last stamp of every series."""
        import polars as pl

        last = history.sort("series", "time").group_by("series", maintain_order=True).tail(self.season)
        seasons = last.group_by("series", maintain_order=True).agg("y", end=pl.col("time").max())
        ahead = seasons.join(pl.DataFrame({"step": range(1, horizon + 1)}), how="cross")
        return ahead.select(
            "series",
            time=pl.col("end") + pl.duration(hours="step"),
            step=pl.col("step").cast(pl.Int32),
            prediction=pl.col("y").list.get((pl.col("step") - 1) % self.season),
        )

    def save(self, folder: Path) -> None:
        """Write the model as JSON."""
        (folder / "naive.json").write_text(json.dumps({"season": self.season}))


def load_toy(folder: Path) -> ToyNaive:
    """Read what ``ToyNaive.save`` wrote."""
    return ToyNaive(**json.loads((folder / "naive.json").read_text()))


def toy_schema() -> BundleSchema:
    """Return the schema of a panel with non-negative values."""
    columns = (
        Column(name="series", type="string"),
        Column(name="time", type="time"),
        Column(name="y", type="number", unit="kWh", minimum=0.0, seen=(0.5, 9.0)),
    )
    return BundleSchema(columns=columns, example=({"series": "a", "time": "2026-01-01T00:00:00Z", "y": 1.5},))


def toy_parts(model: ToyNaive | None = None) -> BundleParts:
    """Return what a bundle of the toy consists of."""
    card = CardFacts(
        model="denmark",
        dataset="denmark@v3",
        simulated=True,
        trained_to=datetime(2026, 1, 1, tzinfo=UTC),
        rung="toy",
        metrics={"toy": {"mae": 1.25}},
        limits=("Knows nothing but the last season.",),
    )
    return BundleParts(
        save_model=(model or ToyNaive(season=24)).save,
        inference=Inference(kind=KIND, parameters={"horizon": 48}),
        schema=toy_schema(),
        card=card,
        environment={"polars": "2.1.0", "numpy": "2.4.6"},
    )
