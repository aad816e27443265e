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
    """Fitted rungs and their weights (M,), none of them zero."""

    frequency: str
    members: tuple[FittedRung, ...]
    names: tuple[str, ...]
    weights: tuple[float, ...]

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

    A member that a fold is too short for takes no part.

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
    for cutoffs in config.folds:
        found = dict(_forecasts(panel, members, cutoffs, config.horizon, (seed, threads)))
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
) -> Iterator[tuple[str, pl.DataFrame]]:
    known = up_to(panel, cutoffs[0])
    for member in members:
        try:
            fitted = fit_rung(known, member, seed=effort[0], threads=effort[1])
            yield member.name, backtest(fitted, panel, cutoffs, horizon)
        except DataError as error:
            log.info("%s takes no part in the ensemble: %s", member.name, error)


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
