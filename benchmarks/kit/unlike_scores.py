"""sMAPE and MASE of forecasts of the hidden hours, means over series, as JSON; run with Penstock's Python.

python unlike_scores.py KNOWN.csv HIDDEN.csv PENSTOCK.csv PEERS.csv

sMAPE in percent, zero where truth and forecast are both zero; MASE over the in-sample error of the daily naive, for
the series that have one. A peer's forecast that is missing or no number is replaced by the daily naive's, and counted.
The seasonal naives are computed here.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import polars as pl

DAY, WEEK = 24, 168
KEYS = ["unique_id", "step"]


def numbered(frame: pl.DataFrame) -> pl.DataFrame:
    """Number the hours of each series from 1."""
    step = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("unique_id")
    return frame.sort("unique_id", "ds").with_columns(step=step)


def naive(known: pl.DataFrame, hidden: pl.DataFrame, season: int) -> pl.DataFrame:
    """Repeat the last season of each series."""
    last = numbered(known.sort("unique_id", "ds").group_by("unique_id", maintain_order=True).tail(season))
    phase = ((pl.col("step") - 1) % season + 1).alias("phase")
    wanted = hidden.select("unique_id", "step", phase)
    repeated = last.select("unique_id", phase="step", prediction="y")
    return wanted.join(repeated, on=["unique_id", "phase"]).select(*KEYS, "prediction")


def scored(hidden: pl.DataFrame, scales: pl.DataFrame, forecast: pl.DataFrame) -> dict[str, float]:
    """Return the means over series and of each kind of series."""
    rows = hidden.join(forecast, on=KEYS, how="left").join(scales, on="unique_id")
    error = (pl.col("y") - pl.col("prediction")).abs()
    size = pl.col("y").abs() + pl.col("prediction").abs()
    symmetric = pl.when(size > 0).then(200 * error / size).otherwise(0.0)
    each = rows.group_by("unique_id").agg(
        smape=symmetric.mean(), mase=(error / pl.col("scale")).mean(), lost=pl.col("prediction").null_count()
    )
    kinds = each.group_by(kind=pl.col("unique_id").str.split("-").list.first()).agg(pl.col("mase").mean())
    whole = each.select(pl.col("smape", "mase").mean(), pl.col("lost").sum()).row(0, named=True)
    return {**whole, **{f"mase_{kind}": mase for kind, mase in sorted(kinds.rows())}}


def main(known_file: str, hidden_file: str, ours_file: str, peers_file: str) -> dict[str, Any]:
    """Score everything that forecast the hidden hours."""
    known, hidden, ours = (pl.read_csv(file) for file in (known_file, hidden_file, ours_file))
    hidden = numbered(hidden)
    daily = naive(known, hidden, DAY)
    change = (pl.col("y") - pl.col("y").shift(DAY).over("unique_id")).abs()
    means = known.sort("unique_id", "ds").with_columns(change=change).group_by("unique_id")
    scales = means.agg(scale=pl.col("change").mean()).with_columns(
        pl.when(pl.col("scale") > 0).then(pl.col("scale"))
    )
    forecasts = {
        "Penstock": numbered(ours).select(*KEYS, "prediction"),
        f"seasonal naive {DAY}": daily,
        f"seasonal naive {WEEK}": naive(known, hidden, WEEK),
    }
    replaced = {}
    peers = pl.read_csv(peers_file, schema_overrides={"prediction": pl.Float64})
    for (name,), rows in peers.group_by("model", maintain_order=True):
        usable = rows.filter(pl.col("prediction").is_finite()).select(*KEYS, "prediction")
        missing = daily.join(usable, on=KEYS, how="anti")
        replaced[str(name)] = missing["unique_id"].n_unique()
        forecasts[str(name)] = pl.concat([usable, missing])
    return {
        "series": scales.height,
        "without_scale": scales["scale"].null_count(),
        "replaced": replaced,
        "scores": {name: scored(hidden, scales, each) for name, each in forecasts.items()},
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*sys.argv[1:])))
