"""The features of a trained model as rows that say whose they are, for those who want to look at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.forecasting.grid import grid_of
from penstock.forecasting.panel import require_panel
from penstock.forecasting.scaling import scaling_of
from penstock.forecasting.table import LagPlan, build_table, plan_lags

if TYPE_CHECKING:
    import polars as pl

    from penstock.forecasting.forecaster import ForecastModel
    from penstock.forecasting.targets import Target


def feature_rows(model: ForecastModel, panel: pl.DataFrame) -> pl.DataFrame:
    """Make the columns that ``model`` learns from, by the same code, for every stamp that has all of its past.

    Parameters
    ----------
    model
        A trained model; its scaling and its transformers stay as they were fitted.
    panel
        ``series``, ``time`` (UTC), ``y`` and the static columns of training: regular, without missing values.

    Returns
    -------
    pl.DataFrame
        ``series``, ``time`` (of the value to predict), the known columns, and the past columns of each scale and
        difference that a member of the model needs, named such as ``mean:0:lag24``; float32, sorted by series and time.

    Raises
    ------
    DataError
        The panel has gaps, or a series is too short.
    """
    ordered = require_panel(panel)
    plan = plan_lags(model.features, model.model.members)
    spaces = {(target.scale, target.difference): target for target in model.model.members}
    frames = [_rows(model, ordered, plan, target) for target in sorted(spaces.values(), key=_difference)]
    rows = frames[0]
    for other in frames[1:]:
        fresh = [name for name in other.columns if name not in rows.columns]
        rows = rows.join(
            other.select("series", "time", *fresh), on=["series", "time"], how="left", maintain_order="left"
        )
    return rows


def _difference(target: Target) -> int:
    return target.difference  # the widest reach first, so that a join loses no row


def _rows(model: ForecastModel, ordered: pl.DataFrame, plan: LagPlan, target: Target) -> pl.DataFrame:
    import numpy as np
    import polars as pl

    grid = grid_of(ordered, model.frequency)
    scaled = scaling_of(model.scaling, target.scale, grid.series).forward(grid.values)
    frame = ordered.with_columns(y=pl.Series(scaled[~np.isnan(grid.values)]))
    table = build_table(frame, plan, model.known, difference=target.difference)
    lost = plan.history + target.difference
    keys = ordered.filter(pl.int_range(pl.len()).over("series") >= lost).select("series", "time")
    space = f"{target.scale}:{target.difference}"
    known = [pl.Series(name, table.known[:, at]) for at, name in enumerate(model.known.names)]
    past = [pl.Series(f"{space}:{name}", table.past[:, at]) for at, name in enumerate(table.columns)]
    return keys.with_columns(*(column for column in known if column.name not in keys.columns), *past)
