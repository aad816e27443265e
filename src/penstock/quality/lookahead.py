"""Does a feature look ahead? Change every value after a cutoff, and see whether anything before it moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

from penstock.domain.covariates import past_in
from penstock.domain.errors import DataError, UsageError
from penstock.domain.results import Result

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    FeaturesOf: TypeAlias = Callable[[pl.DataFrame], pl.DataFrame]


class Moved(Result):
    """What became of the features when the future changed.

    ``values`` were changed, ``rows`` of features at or before the cutoff compared, in ``tries`` computations of them.
    ``culprit`` says which value moved which feature, ``None`` if none did.
    """

    values: int
    rows: int
    tries: int
    culprit: str | None = None


@dataclass(slots=True)
class _Trial:
    """Changes values of a panel and compares what comes out with what came before.

    Places count through ``columns``, one after the other: the values, then past covariates, which are no more known.
    """

    features_of: FeaturesOf
    panel: pl.DataFrame
    cutoff: datetime
    other: NDArray[np.float64]
    usual: pl.DataFrame
    tries: int = 1

    def moves(self, places: NDArray[np.int64]) -> str | None:
        """Return which feature moves when the values at ``places`` change, or ``None``."""
        import numpy as np
        import polars as pl

        self.tries += 1
        values = np.concatenate([self.panel[name].to_numpy() for name in _columns(self.panel)])
        values[places] = np.asarray(self.other)[places]
        parts = values.reshape(-1, self.panel.height)
        fresh = [pl.Series(name, part) for name, part in zip(_columns(self.panel), parts, strict=True)]
        changed = self.features_of(self.panel.with_columns(fresh))
        return _first_move(self.usual, _until(changed, self.cutoff))

    def culprit(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Halve ``places`` as long as one half alone moves a feature."""
        while len(places) > 1:
            half = len(places) // 2
            rest = next((part for part in (places[:half], places[half:]) if self.moves(part)), None)
            if rest is None:
                return places
            places = rest
        return places


def moved(features_of: FeaturesOf, panel: pl.DataFrame, cutoff: datetime, *, seed: int) -> Moved:
    """Change every value after ``cutoff`` and see whether a feature at or before it moves.

    The values of past covariates after it change too. Known covariates stay: they are known ahead.

    All values change at once, first upwards, then downwards, each by another amount, so that no two changes cancel: if
    nothing moves, no value matters. Otherwise the values are halved until the one is found that moves a feature: for n
    values about ``2 + 2 * log2(n)`` computations.

    Parameters
    ----------
    features_of
        Makes features from a panel: a frame with ``series``, ``time`` and any columns. It must not learn from the values
        it is given: scalers and encoders are fitted before.
    panel
        ``series``, ``time`` (UTC), ``y`` (finite), any other columns.
    cutoff
        Last stamp whose features are compared; values of later stamps change.
    seed
        Seed of the amounts.

    Raises
    ------
    DataError
        If no value lies after the cutoff, or there is no row of features at or before it: then nothing was shown.
    UsageError
        If ``features_of`` returns no ``series`` or no ``time``.
    """
    import numpy as np

    later = (panel["time"] > cutoff).to_numpy()
    places = np.flatnonzero(np.tile(later, len(_columns(panel))))
    usual = _until(features_of(panel), cutoff)
    if not len(places) or usual.is_empty():
        raise DataError(
            f"nothing to compare at {_stamp(cutoff)}: {len(places)} values after the cutoff, {usual.height} rows of "
            "features before it; choose a cutoff inside the panel, with enough history"
        )
    tries = 1
    for up in (True, False):
        trial = _Trial(features_of, panel, cutoff, _others(panel, up=up, seed=seed), usual, tries)
        if trial.moves(places):
            told = _told(trial, trial.culprit(places))
            return Moved(values=len(places), rows=usual.height, tries=trial.tries, culprit=told)
        tries = trial.tries
    return Moved(values=len(places), rows=usual.height, tries=tries)


def disturbed(panel: pl.DataFrame, changed: pl.Expr) -> pl.DataFrame:
    """Return ``panel`` with other values where ``changed``: thrice as large, and off by ten or twenty times the level.

    Past covariates change like the values; known ones stay, for they are known ahead.
    """
    import polars as pl

    odd = pl.int_range(pl.len()).over("series") % 2
    fresh = []
    for name in _columns(panel):
        level = pl.col(name).fill_nan(None).abs().mean().over("series").fill_null(0.0) + 1.0
        moved = 3.0 * pl.col(name) + 10.0 * level * (1 + odd)
        fresh.append(pl.when(changed).then(moved).otherwise(name).alias(name))
    return panel.with_columns(fresh)


def _columns(panel: pl.DataFrame) -> tuple[str, ...]:
    """Return the columns that nobody knows ahead."""
    return ("y", *past_in(panel.columns))


def _others(panel: pl.DataFrame, *, up: bool, seed: int) -> NDArray[np.float64]:
    """Return another value for every value, higher or lower by one to two times the largest size of its series."""
    import numpy as np
    import polars as pl

    chance, others = np.random.default_rng(seed), []
    for name in _columns(panel):
        size = panel.select(pl.col(name).abs().max().over("series") + 1.0).to_series().to_numpy()
        amount = size * chance.uniform(1.0, 2.0, panel.height)
        others.append(panel[name].to_numpy() + (amount if up else -amount))
    return np.concatenate(others)


def _until(features: pl.DataFrame, cutoff: datetime) -> pl.DataFrame:
    import polars as pl

    lost = [name for name in ("series", "time") if name not in features.columns]
    if lost:
        raise UsageError(f"features must say whose they are: columns {', '.join(lost)} are missing")
    return features.filter(pl.col("time") <= cutoff).sort("series", "time")


def _first_move(usual: pl.DataFrame, changed: pl.DataFrame) -> str | None:
    import polars as pl

    if usual.columns != changed.columns or not usual.select("series", "time").equals(
        changed.select("series", "time")
    ):
        return f"its rows: {usual.height} before, {changed.height} after"
    for name in usual.columns:
        before, after = usual[name], changed[name]
        differs = before.ne_missing(after)
        if differs.any():
            at = int(differs.arg_true()[0])
            row = usual.select(pl.col("series", "time")).row(at, named=True)
            return f"{name} of {row['series']!r} at {_stamp(row['time'])}: {before[at]} becomes {after[at]}"
    return None


def _told(trial: _Trial, places: Sequence[int] | NDArray[np.int64]) -> str:
    import numpy as np

    found = np.asarray(places)
    row = trial.panel.row(int(found[0]) % trial.panel.height, named=True)
    others = f" and {len(found) - 1} more together" if len(found) > 1 else ""
    feature = trial.moves(found)
    where = f"{row['series']!r} at {_stamp(row['time'])}{others}"
    return f"changing {where}, after the cutoff {_stamp(trial.cutoff)}, moves {feature}"


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
