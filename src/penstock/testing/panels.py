"""Small panels and predictions to test with, the same for the same arguments."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

START = datetime(2024, 1, 1, tzinfo=UTC)


def grid(steps: int, frequency: str = "1h", start: datetime = START) -> pl.Series:
    """Return ``steps`` stamps, ``start`` the first, each ``frequency`` (a polars duration) after the one before."""
    import polars as pl

    stamps = [pl.Series("time", [start], dtype=pl.Datetime("us", "UTC"))][: min(steps, 1)]
    for _ in range(steps - 1):
        stamps.append(stamps[-1].dt.offset_by(frequency))
    return pl.concat(stamps) if stamps else pl.Series("time", [], dtype=pl.Datetime("us", "UTC"))


def random_panel(spans: Mapping[str, tuple[int, int]], seed: int = 0) -> pl.DataFrame:
    """Return an hourly panel with a daily season, noise and levels up to three decades apart.

    Each series holds the steps ``first`` (included) to ``end`` (excluded) of one grid. ``area`` is a static column:
    the first letter of the series.
    """
    import numpy as np
    import polars as pl

    generator = np.random.default_rng(seed)
    stamps = grid(max(end for _, end in spans.values()))
    frames = []
    for decade, (name, (first, end)) in enumerate(sorted(spans.items())):
        steps = np.arange(first, end)
        shape = 5.0 + np.sin(2.0 * np.pi * steps / 24.0) + generator.normal(0.0, 0.2, len(steps))
        frames.append(
            pl.DataFrame(
                {"series": [name] * len(steps), "time": stamps[first:end], "y": 10.0 ** (decade % 4) * shape}
            )
        )
    panel = pl.concat(frames).with_columns(pl.col("series").str.head(1).alias("area"))
    return panel.sort("series", "time")


def random_predictions(series: int = 4, cutoffs: int = 5, horizon: int = 6, seed: int = 0) -> pl.DataFrame:
    """Return hourly predictions with truths; cutoffs stand one horizon apart, levels a decade.

    The static column ``area`` holds two groups of series.
    """
    import numpy as np
    import polars as pl

    names = pl.DataFrame({"series": [f"s{number:03}" for number in range(series)]}).with_row_index("number")
    starts = pl.DataFrame({"cutoff": grid(cutoffs, f"{horizon}h")})
    steps = pl.DataFrame({"step": pl.Series(range(1, horizon + 1), dtype=pl.Int32)})
    frame = names.join(starts, how="cross").join(steps, how="cross")
    generator = np.random.default_rng(seed)
    level = 10.0 ** (frame["number"] % 4).to_numpy()
    truth = level * generator.normal(5.0, 1.0, frame.height)
    return frame.select(
        "series",
        "cutoff",
        (pl.col("cutoff") + pl.duration(hours=pl.col("step"))).cast(pl.Datetime("us", "UTC")).alias("time"),
        "step",
        pl.Series("y", truth),
        pl.Series("prediction", truth + level * generator.normal(0.1, 0.5, frame.height)),
        pl.when(pl.col("number") % 2 == 0).then(pl.lit("even")).otherwise(pl.lit("odd")).alias("area"),
    )


def scales_of(predictions: pl.DataFrame) -> pl.DataFrame:
    """Return one positive scale for each series, rising with its name."""
    import polars as pl

    return (
        predictions.select(pl.col("series").unique().sort())
        .with_row_index("rank", offset=1)
        .select(
            "series",
            pl.col("rank").cast(pl.Float64).alias("mae_scale"),
            (pl.col("rank") * 2.0).alias("rmse_scale"),
        )
    )
