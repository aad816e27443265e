"""Forecasts of many slots with one model: every slot's snapshot, then one recursion over all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from penstock.forecasting.forecaster import ForecastModel
from penstock.forecasting.naive import SeasonalNaive
from penstock.forecasting.origins import ArrayForecaster, Origins, statics_of
from penstock.forecasting.panel import season_lengths
from penstock.forecasting.recursion import ROWS_AT_ONCE
from penstock.forecasting.replay.slots import SlotRange
from penstock.forecasting.replay.walk import Reach, Snapshot, Walk

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

UNSEEN = "not in the training of the model"


@dataclass(frozen=True, kw_only=True)
class SlotForecasts:
    """What came of a range of slots.

    ``rows``: ``cutoff`` (of the slot), ``series``, ``origin`` (the last stamp known), ``time``, ``step``,
    ``prediction``, ``naive`` (the same season as long ago as the model looks back), ``model`` (cutoff of its refit);
    sorted by cutoff, series and step. ``refused``: ``cutoff``, ``series``, ``reason``. All moments are in UTC.
    ``season`` is that of the naive, in steps.
    """

    rows: pl.DataFrame
    refused: pl.DataFrame
    season: int


@dataclass(frozen=True, kw_only=True)
class Remembered(Origins):
    """Windows of several slots: each keeps its own history (N, M), because a value may be revised in between."""

    histories: NDArray[np.float64]

    def history(self, steps: int) -> NDArray[np.float64]:
        """Return the last ``steps`` values known (N, ``steps``)."""
        return self.histories[:, -steps:]

    def part(self, start: int, size: int) -> Remembered:
        """Return the windows from ``start``, at most ``size``."""
        end = start + size
        return Remembered(
            grid=self.grid,
            statics=self.statics,
            rows=self.rows[start:end],
            places=self.places[start:end],
            histories=self.histories[start:end],
        )


@dataclass(frozen=True, kw_only=True)
class SlotRequest:
    """Which slots to forecast how far, and when their model was fitted."""

    slots: SlotRange
    horizon: int
    max_gap: int
    fitted_at: datetime


def forecast_slots(
    known: pl.DataFrame, arrivals: pl.DataFrame, model: ForecastModel, request: SlotRequest
) -> SlotForecasts:
    """Forecast the steps after the last stamp known at each cutoff.

    Parameters
    ----------
    known
        Panel as known when the model was fitted.
    arrivals
        What was learned after that, up to the last cutoff at least, in the order of learning.
    model
        Fitted on nothing later than ``request.fitted_at``.
    request
        Slots, horizon and longest gap to fill.

    Returns
    -------
    SlotForecasts
        For every slot what ``model.predict`` says of ``regularise(known_as_of(…))`` at its cutoff. A series that
        would be refused there is left out and listed.

    Raises
    ------
    DataError
        A stamp does not stand on the grid.
    """
    work = _Work(
        walk=Walk(known, arrivals, model.series, model.frequency),
        statics=_statics(known, arrivals, model.series),
        model=model,
        season=_naive_season(model),
        request=request,
    )
    unseen = _Unseen(known, arrivals, model.series)
    parts, refused = [], list[tuple[datetime, str, str]]()
    for turn in work.turns():
        parts.append(work.forecast(turn))
        for cutoff, found in turn:
            refused += [(cutoff, name, reason) for name, reason in sorted(found.refused.items())]
            refused += [(cutoff, name, UNSEEN) for name in unseen.at(cutoff)]
    return SlotForecasts(rows=_stacked(parts), refused=_refused(refused), season=work.season)


_Turn: TypeAlias = list[tuple[datetime, Snapshot]]


@dataclass(frozen=True, kw_only=True)
class _Work:
    walk: Walk
    statics: pl.DataFrame
    model: ForecastModel
    season: int
    request: SlotRequest

    def turns(self) -> Iterator[_Turn]:
        """Yield the snapshots of all slots, in turns that together hold no more windows than fit into memory."""
        reach = Reach(history=self._width, max_gap=self.request.max_gap)
        turn: _Turn = []
        for cutoff in self.request.slots.cutoffs():
            self.walk.to(cutoff)
            turn.append((cutoff, self.walk.snapshot(reach)))
            if sum(len(found.rows) for _, found in turn) >= ROWS_AT_ONCE:
                yield turn
                turn = []
        yield turn

    def forecast(self, turn: _Turn) -> pl.DataFrame:
        import numpy as np

        origins = Remembered(
            grid=self.walk.grid,
            statics=self.statics,
            rows=np.concatenate([np.empty(0, np.int64), *(one.rows for _, one in turn)]),
            places=np.concatenate([np.empty(0, np.int64), *(one.places for _, one in turn)]),
            histories=np.concatenate([np.empty((0, self._width)), *(one.histories for _, one in turn)]),
        )
        cutoffs = [cutoff for cutoff, one in turn for _ in one.rows]
        naive = SeasonalNaive(season=self.season, frequency=self.model.frequency)
        said = {
            "prediction": self._said(self.model, origins),
            "naive": self._said(naive, origins),
        }
        return _rows(origins, cutoffs, said, self.request)

    @property
    def _width(self) -> int:
        return max(self.model.history, self.season)

    def _said(self, forecaster: ArrayForecaster, origins: Remembered) -> NDArray[np.float64]:
        import numpy as np

        if not len(origins.rows):
            return np.empty((0, self.request.horizon))
        return forecaster.continue_windows(origins, self.request.horizon)


class _Unseen:
    """Series that are known but not to the model, by the moment they were first learned of."""

    def __init__(self, known: pl.DataFrame, arrivals: pl.DataFrame, series: tuple[str, ...]) -> None:
        import polars as pl

        others = ~pl.col("series").is_in(list(series))
        self._always = sorted(known.filter(others)["series"].unique().to_list())
        later = arrivals.filter(others, ~pl.col("series").is_in(self._always))
        self._since = dict(later.group_by("series").agg(pl.col("known_at").min()).sort("series").iter_rows())

    def at(self, cutoff: datetime) -> Iterator[str]:
        yield from self._always
        yield from (name for name, since in self._since.items() if since <= cutoff)


def _naive_season(model: ForecastModel) -> int:
    """Return the longest season of the grid that the model's own history holds."""
    return max((season for season in season_lengths(model.frequency) if season <= model.history), default=1)


def _statics(known: pl.DataFrame, arrivals: pl.DataFrame, series: tuple[str, ...]) -> pl.DataFrame:
    """Return ``series`` and the static columns, one row for each series of the model, in its order."""
    import polars as pl

    rows = pl.concat([known.select(known.columns), arrivals.select(known.columns)])
    found = statics_of(rows.filter(pl.col("series").is_in(list(series))))
    return pl.DataFrame({"series": list(series)}).join(found, on="series", how="left", maintain_order="left")


def _rows(
    origins: Remembered,
    cutoffs: list[datetime],
    said: dict[str, NDArray[np.float64]],
    request: SlotRequest,
) -> pl.DataFrame:
    import numpy as np
    import polars as pl

    utc = pl.Datetime("us", "UTC")
    horizon, count = request.horizon, len(cutoffs)
    stamps = origins.grid.stamps(horizon)
    places = np.repeat(origins.places, horizon)
    return pl.DataFrame(
        {
            "cutoff": pl.Series(cutoffs, dtype=utc).gather(np.repeat(np.arange(count), horizon)),
            "series": pl.Series(origins.grid.series, dtype=pl.String).gather(
                np.repeat(origins.rows, horizon)
            ),
            "origin": stamps.gather(places),
            "time": stamps.gather(places + np.tile(np.arange(1, horizon + 1), count)),
            "step": np.tile(np.arange(1, horizon + 1, dtype=np.int32), count),
            **{name: values.ravel() for name, values in said.items()},
            "model": pl.Series([request.fitted_at], dtype=utc).new_from_index(0, count * horizon),
        }
    )


def _stacked(parts: list[pl.DataFrame]) -> pl.DataFrame:
    import polars as pl

    return pl.concat(parts).rechunk()


def _refused(found: list[tuple[datetime, str, str]]) -> pl.DataFrame:
    import polars as pl

    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "cutoff": pl.Datetime("us", "UTC"),
        "series": pl.String,
        "reason": pl.String,
    }
    return pl.DataFrame(found, schema=schema, orient="row")
