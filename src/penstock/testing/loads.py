"""An hourly panel with a day and a week in it, the same for the same arguments."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from penstock.testing.panels import START

FRIDAY = 4

if TYPE_CHECKING:
    import polars as pl


def load_panel(series: int = 4, steps: int = 24 * 21, *, seed: int = 7) -> pl.DataFrame:
    """Hourly series on levels that span four decades, with a day, a week and noise."""
    import numpy as np
    import polars as pl

    draws = np.random.default_rng(seed)
    hours = np.arange(steps)
    parts = []
    for place in range(series):
        shape = 1 + 0.3 * np.sin(2 * np.pi * (hours + 3 * place) / 24) + 0.1 * (hours // 24 % 7 > FRIDAY)
        values = 10.0 ** (place % 4 + 1) * shape * np.exp(0.03 * draws.standard_normal(steps))
        parts.append(
            pl.DataFrame(
                {
                    "series": [f"s{place:02d}"] * steps,
                    "time": [START + timedelta(hours=int(hour)) for hour in hours],
                    "y": values,
                    "area": ["DK1" if place % 2 else "DK2"] * steps,
                },
                schema_overrides={"time": pl.Datetime("us", "UTC")},
            )
        )
    return pl.concat(parts)
