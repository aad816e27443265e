"""The fixed sample of a run: short pieces of its panel, drawn by a seed and kept, that every check tries first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

PIECE = "piece"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Pieces of a panel: its columns, and ``piece`` (Int32, from 0), sorted by piece, series, time.

    Piece 0 is the newest one, with series from the smallest level to the largest; ``seed`` drew the others.
    """

    rows: pl.DataFrame
    seed: int

    def pieces(self) -> tuple[pl.DataFrame, ...]:
        """Return each piece as a panel frame."""
        return tuple(part.drop(PIECE) for part in self.rows.partition_by(PIECE, maintain_order=True))


def draw_sample(panel: pl.DataFrame, size: tuple[int, int, int], seed: int) -> Sample:
    """Draw the sample.

    Parameters
    ----------
    panel
        What the model was trained on, on a regular grid; series may start late and end early.
    size
        Drawn pieces beside the newest one; series in a piece, at most; stamps in a piece.
    seed
        Draws where the pieces end, and their series. A piece holds only series with a value at each of its stamps; a
        panel that is hardly longer than one piece gives fewer.
    """
    import numpy as np
    import polars as pl

    count, series, steps = size
    stamps = panel["time"].unique().sort()
    rng = np.random.default_rng(seed)
    ends = np.arange(steps, len(stamps))  # without the last one, at which piece 0 ends
    chosen = np.sort(rng.choice(ends, min(count, len(ends)), replace=False)) if len(ends) else ends
    parts = [sample_history(panel, series, steps)]
    parts += [_piece(panel, stamps[int(end) - steps : int(end)], series, rng) for end in chosen]
    filled = [part for part in parts if part.height]
    numbered = [
        part.with_columns(pl.lit(place, dtype=pl.Int32).alias(PIECE)) for place, part in enumerate(filled)
    ]
    return Sample(rows=pl.concat(numbered), seed=seed)


def sample_history(panel: pl.DataFrame, series: int, steps: int) -> pl.DataFrame:
    """Take the last ``steps`` stamps of at most ``series`` series, spread evenly from the smallest level to the largest.

    Series that do not reach the last stamp are left out, and where others hold all the stamps, those that do not.
    Sorted by ``series``, ``time``.
    """
    import polars as pl

    stamps = panel["time"].unique().sort().tail(steps)
    recent = panel.filter(pl.col("time") >= stamps[0])
    facts = recent.group_by("series").agg(
        pl.col("y").abs().mean().alias("level"), pl.col("time").max().alias("end"), pl.len()
    )
    reaching = facts.filter(pl.col("end") == stamps[-1]).sort("level", "series")
    whole = reaching.filter(pl.col("len") == len(stamps))
    levels = (whole if whole.height else reaching)["series"].to_list()
    count = min(series, len(levels))
    chosen = sorted({levels[round(n * (len(levels) - 1) / max(count - 1, 1))] for n in range(count)})
    return recent.filter(pl.col("series").is_in(chosen)).sort("series", "time")


def _piece(panel: pl.DataFrame, stamps: pl.Series, series: int, rng: np.random.Generator) -> pl.DataFrame:
    """Take some of the series that have a value at each of ``stamps``; without rows where none has."""
    import polars as pl

    rows = panel.filter(pl.col("time").is_between(stamps[0], stamps[-1]))
    full = rows.group_by("series").len().filter(pl.col("len") == len(stamps))["series"].sort().to_list()
    chosen = sorted(rng.choice(full, min(series, len(full)), replace=False).tolist()) if full else []
    return rows.filter(pl.col("series").is_in(chosen)).sort("series", "time")
