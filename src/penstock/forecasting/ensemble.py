"""Several rungs averaged, with weights that were learned on the folds of the training part.

The weights are not negative and sum to one. They are the best on a grid of twentieths, by the mean absolute error in
units of each series' seasonal naive, so that no series counts for its level: a fine optimum would only follow the noise
of the folds. Clemen (1989), doi 10.1016/0169-2070(89)90012-5, on why few and simple weights do best.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from penstock.domain.errors import DataError, bounded
from penstock.evaluation.scales import naive_scales
from penstock.evaluation.splits import up_to
from penstock.forecasting.backtest import backtest
from penstock.forecasting.origins import ArrayForecaster, Origins
from penstock.forecasting.panel import long_enough
from penstock.forecasting.rungs import FittedRung, RungConfig, fit_rung

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

log = logging.getLogger(__name__)
PARTS = 20
_KEYS = ("series", "cutoff", "step")


@dataclass(frozen=True, kw_only=True)
class EnsembleConfig:
    """The rungs to average, and the folds that the weights are learned on: the cutoffs of each, and their horizon."""

    members: tuple[RungConfig, ...]
    folds: tuple[tuple[datetime, ...], ...]
    horizon: int
    season: int


@dataclass(frozen=True, kw_only=True)
class Ensemble(ArrayForecaster):
    """Fitted rungs and their weights (M,), none of them zero.

    ``left_out`` holds the names of members that a fold could not be used for, with the reason.
    """

    frequency: str
    members: tuple[FittedRung, ...]
    names: tuple[str, ...]
    weights: tuple[float, ...]
    left_out: tuple[tuple[str, str], ...] = ()

    @property
    def told(self) -> str:
        """The members with their weights, and which were left out, for people."""
        weights = (f"{name} {weight:.2f}" for name, weight in zip(self.names, self.weights, strict=True))
        return "; ".join(
            (f"weights {', '.join(weights)}", *(f"{name} left out: {why}" for name, why in self.left_out))
        )

    @property
    def history(self) -> int:
        """What the member that looks back furthest needs."""
        return max(member.history for member in self.members)

    def continue_windows(self, origins: Origins, horizon: int) -> NDArray[np.float64]:
        """Forecast (N, ``horizon``)."""
        import numpy as np

        forecasts = [
            weight * member.continue_windows(origins, horizon)
            for weight, member in zip(self.weights, self.members, strict=True)
        ]
        return np.asarray(sum(forecasts[1:], start=forecasts[0]))


def fit_ensemble(panel: pl.DataFrame, config: EnsembleConfig, *, seed: int, threads: int) -> Ensemble:
    """Learn the weights on the folds, then fit the members that have one on all of ``panel``.

    A fold is forecast for the series that are long enough in it for every member that any series is long enough for, so
    that a series which began late takes no member away. A member that a fold is too short for takes no part.

    Parameters
    ----------
    panel
        Training part only.
    config
        Members and folds.
    seed, threads
        As for ``fit``.

    Raises
    ------
    DataError
        Fewer than two members can be fitted on every fold, or no forecast has a scale.
    """
    parts, members = [], config.members
    left_out: dict[str, str] = {}
    for cutoffs in config.folds:
        made = list(_forecasts(panel, members, cutoffs, config.horizon, (seed, threads)))
        left_out |= {name: result for name, result in made if isinstance(result, str)}
        found = {name: result for name, result in made if not isinstance(result, str)}
        members = tuple(member for member in members if member.name in found)
        parts.append((cutoffs, found))
    if len(members) < 2:  # noqa: PLR2004 - one is no ensemble
        raise DataError(
            f"the folds are long enough for {len(members)} of {bounded([each.name for each in config.members])}; an "
            "ensemble needs two: give more data or fewer folds"
        )
    names = [member.name for member in members]
    scaled = [_scaled(panel, cutoffs, found, names, config.season) for cutoffs, found in parts]
    weights = best_weights(*_stacked(scaled))
    log.info("weights of the ensemble: %s", dict(zip(names, weights, strict=True)))
    kept = [(member, weight) for member, weight in zip(members, weights, strict=True) if weight > 0]
    fitted = tuple(fit_rung(panel, member, seed=seed, threads=threads) for member, _ in kept)
    return Ensemble(
        frequency=fitted[0].frequency,
        members=fitted,
        names=tuple(member.name for member, _ in kept),
        weights=tuple(weight for _, weight in kept),
        left_out=tuple(left_out.items()),
    )


def best_weights(forecasts: NDArray[np.float64], truth: NDArray[np.float64]) -> tuple[float, ...]:
    """Return the weights (M,) of ``forecasts`` (M, R) with the least mean absolute error from ``truth`` (R,).

    Of equal ones, the first wins: the grid begins with all weight on the last member.
    """
    import numpy as np

    best: tuple[float, ...] = ()
    least = np.inf
    for weights in _grid(len(forecasts)):
        error = float(np.abs(np.einsum("m,mr->r", np.array(weights), forecasts) - truth).mean())
        if error < least:
            best, least = weights, error
    return best


def _grid(members: int) -> Iterator[tuple[float, ...]]:
    """Yield every way to share ``PARTS`` equal parts."""
    for bars in itertools.combinations(range(PARTS + members - 1), members - 1):
        edges = (-1, *bars, PARTS + members - 1)
        yield tuple((high - low - 1) / PARTS for low, high in itertools.pairwise(edges))


def _forecasts(
    panel: pl.DataFrame,
    members: Sequence[RungConfig],
    cutoffs: Sequence[datetime],
    horizon: int,
    effort: tuple[int, int],
) -> Iterator[tuple[str, pl.DataFrame | str]]:
    """Yield for each member its forecasts of a fold, or why there are none."""
    import polars as pl

    known = _long_enough(up_to(panel, cutoffs[0]), members)
    there = panel.filter(pl.col("series").is_in(known["series"].unique().to_list()))
    for member in members:
        try:
            fitted = fit_rung(known, member, seed=effort[0], threads=effort[1])
            yield member.name, backtest(fitted, there, cutoffs, horizon)
        except DataError as error:
            log.info("%s takes no part in the ensemble: %s", member.name, error)
            yield member.name, str(error)


def _long_enough(known: pl.DataFrame, members: Sequence[RungConfig]) -> pl.DataFrame:
    """Keep the series that every member can be fitted on, of those members that any series is long enough for.

    Where short series go, ``auto`` may look back further: so it is asked again until none goes.
    """
    longest = max(known.group_by("series").len()["len"].to_list(), default=0)
    while not known.is_empty():
        needs = (member.rows_needed(known) for member in members)
        known, short = long_enough(known, max((need for need in needs if need <= longest), default=0))
        if not short:
            break
    return known


def _scaled(
    panel: pl.DataFrame,
    cutoffs: Sequence[datetime],
    found: dict[str, pl.DataFrame],
    names: Sequence[str],
    season: int,
) -> pl.DataFrame:
    """Put the members' forecasts beside the truth, all in units of the seasonal naive's error inside the fold."""
    import polars as pl

    scales = naive_scales(up_to(panel, cutoffs[0]), season, cutoffs[0]).drop_nulls("mae_scale")
    rows = found[names[0]].select(*_KEYS, "y").drop_nulls("y").join(scales, on="series")
    for place, name in enumerate(names):
        forecast = found[name].select(*_KEYS, pl.col("prediction").alias(str(place)))
        rows = rows.join(forecast, on=_KEYS, maintain_order="left")
    columns = ["y", *map(str, range(len(names)))]
    return rows.sort(_KEYS).select(pl.col(columns) / pl.col("mae_scale"))


def _stacked(folds: Sequence[pl.DataFrame]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    import polars as pl

    rows = pl.concat(folds)
    if rows.is_empty():
        raise DataError(
            "no forecast of the folds can be scaled, because no series has a seasonal naive that errs; an ensemble has "
            "nothing to learn its weights from"
        )
    return rows.drop("y").to_numpy().T.copy(), rows["y"].to_numpy()
