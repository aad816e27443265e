"""The training table: one row for each series and stamp, features that look back, and the target.

Past values become columns on arrays (float32), with the numbers that mlforecast makes of them; what is known in advance
stands before them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from penstock.forecasting.ahead import covariate_rows
from penstock.forecasting.moving import moving
from penstock.forecasting.panel import require_lengths

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from penstock.forecasting.features import ResolvedFeatures
    from penstock.forecasting.known import Known
    from penstock.forecasting.targets import Target


_NEEDED = "the lags and windows of the model and one row to learn from"


@dataclass(frozen=True, kw_only=True)
class LagPlan:
    """Which columns of past values to compute, and which of them a model sees.

    A reference such as ``mean168`` may need a column that is not a feature; it is computed but not shown.
    """

    lags: tuple[int, ...]
    means: tuple[int, ...]
    deviations: tuple[int, ...]
    shown: tuple[str, ...]

    @property
    def history(self) -> int:
        """Number of steps before the target that the columns look back on."""
        return max((*self.lags, *self.means, *self.deviations), default=1)

    @property
    def computed(self) -> tuple[str, ...]:
        """Names of all columns, in the order in which they are computed."""
        return (
            *(f"lag{lag}" for lag in self.lags),
            *(f"mean{window}" for window in self.means),
            *(f"deviation{window}" for window in self.deviations),
        )


@dataclass(frozen=True, kw_only=True)
class FeatureTable:
    """Features and target of R rows, sorted by series and time; columns of the past are cut out when asked for.

    ``values`` (N,) float32 are the scaled, differenced values of all series, one after the other, and ``places`` (R,)
    where the targets of the rows stand in them. ``windows`` (N,) float32 holds means and deviations of the values
    before each place. ``known`` (R, K) is float32, ``series`` (R,) the codes of the series, ``columns`` the names of
    the columns of the past. ``runs`` are the stretches of ``places``, first and end; none where rows were thinned out.
    """

    values: NDArray[np.float32]
    windows: Mapping[str, NDArray[np.float32]]
    known: NDArray[np.float32]
    places: NDArray[np.int64]
    series: NDArray[np.int64]
    columns: tuple[str, ...]
    runs: tuple[tuple[int, int], ...] = ()

    @property
    def label(self) -> NDArray[np.float32]:
        """The target (R,)."""
        return self.column("lag0")

    @property
    def past(self) -> NDArray[np.float32]:
        """All columns of the past at once (R, P)."""
        import numpy as np

        out = np.empty((len(self.places), len(self.columns)), dtype=np.float32, order="F")
        for place, name in enumerate(self.columns):
            self.fill(name, out[:, place])
        return out

    def column(self, name: str) -> NDArray[np.float32]:
        """Return one column of the past (R,), such as ``lag24`` or ``mean168``."""
        import numpy as np

        out = np.empty(len(self.places), dtype=np.float32)
        self.fill(name, out)
        return out

    def fill(self, name: str, out: NDArray[np.float32]) -> None:
        """Write one column of the past into ``out`` (R,)."""
        window = self.windows.get(name)
        if window is None:
            self._cut(self.values, int(name.removeprefix("lag")), out)
        else:
            self._cut(window, 0, out)

    def _cut(self, values: NDArray[np.float32], lag: int, out: NDArray[np.float32]) -> None:
        import numpy as np

        if self.runs:
            np.concatenate([values[first - lag : end - lag] for first, end in self.runs], out=out)
        else:
            out[:] = values[self.places - lag]

    def thinned(self, limit: int, seed: int) -> Self:
        """Keep at most ``limit`` rows, drawn without replacement and left in order."""
        import numpy as np

        count = len(self.places)
        if count <= limit:
            return self
        return self.kept(np.sort(np.random.default_rng(seed).choice(count, size=limit, replace=False)))

    def kept(self, rows: NDArray[np.int64]) -> Self:
        """Keep these rows."""
        import numpy as np

        known = np.asfortranarray(self.known[rows])
        return replace(self, known=known, places=self.places[rows], series=self.series[rows], runs=())

    def references(
        self, target: Target, names: Sequence[str]
    ) -> tuple[NDArray[np.float32] | None, list[NDArray[np.float32] | None]]:
        """Return what the target is stated against, and what each of the columns ``names``: (R,), ``None`` for nothing."""
        if target.against not in ("lag", "mean"):
            return None, [None] * len(names)
        own = self.column(f"{target.against}{target.steps}")
        return own, [None if name.startswith("deviation") else own for name in names]


def plan_lags(features: ResolvedFeatures, targets: Sequence[Target]) -> LagPlan:
    """List the columns that ``features`` show and that the references of ``targets`` need besides."""
    lags = (*features.lags, *(each.steps for each in targets if each.against == "lag"))
    means = (*features.means, *(each.steps for each in targets if each.against == "mean"))
    return LagPlan(
        lags=tuple(dict.fromkeys(lags)),
        means=tuple(dict.fromkeys(means)),
        deviations=features.deviations,
        shown=features.lag_columns,
    )


def build_table(scaled: pl.DataFrame, plan: LagPlan, known: Known, *, difference: int = 0) -> FeatureTable:
    """Compute the columns for every stamp that has all of its past.

    Parameters
    ----------
    scaled
        ``series``, ``time``, ``y`` (scaled, never null), statics and covariates, sorted by series and time, without
        gaps.
    plan
        Columns of past values.
    known
        Columns known in advance.
    difference
        Seasonal difference to take first; its first steps are lost. 0: none.

    Raises
    ------
    DataError
        A series is too short for a single row; names it.
    """
    import numpy as np

    names = scaled.group_by("series", maintain_order=True).len()
    lengths = names["len"].to_numpy().astype(np.int64)
    lost = plan.history + difference
    require_lengths(names["series"], lengths - difference, plan.history + 1, _NEEDED)
    ends = np.cumsum(lengths)
    ready = np.arange(scaled.height) - np.repeat(ends - lengths, lengths) >= lost
    values = _differenced(scaled["y"].to_numpy(), difference)
    return FeatureTable(
        values=values,
        windows=moving(values, lengths, plan.means, plan.deviations),
        known=known_columns(scaled, known, ready),
        places=np.flatnonzero(ready),
        series=np.repeat(np.arange(len(lengths)), lengths - lost),
        columns=plan.computed,
        runs=tuple(zip((ends - lengths + lost).tolist(), ends.tolist(), strict=True)),
    )


def known_columns(scaled: pl.DataFrame, known: Known, ready: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Make the known columns of the rows that are ``ready``, with what is made of covariates behind."""
    import numpy as np
    import polars as pl

    matrix = known.matrix(scaled.filter(pl.Series(ready)))
    if not known.covariates:
        return matrix
    out = np.empty((len(matrix), len(known.names)), dtype=np.float32, order="F")
    out[:, : matrix.shape[1]] = matrix
    out[:, matrix.shape[1] :] = covariate_rows(known.covariates, scaled)[ready]
    return out


def member_matrix(
    table: FeatureTable, plan: LagPlan, target: Target
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return features (R, D) in column order and target (R,) of one member, both less its reference."""
    import numpy as np

    own, references = table.references(target, plan.shown)
    known = table.known.shape[1]
    matrix = np.empty((len(table.places), known + len(plan.shown)), dtype=np.float32, order="F")
    matrix[:, :known] = table.known
    for index, (name, reference) in enumerate(zip(plan.shown, references, strict=True), start=known):
        table.fill(name, matrix[:, index])
        if reference is not None:
            matrix[:, index] -= reference
    return matrix, (table.label if own is None else table.label - own)


def _differenced(values: NDArray[np.float64], difference: int) -> NDArray[np.float32]:
    """Take a seasonal difference; the first ``difference`` values of every series mean nothing then."""
    import numpy as np

    if not difference:
        return values.astype(np.float32)
    found = np.zeros(len(values), dtype=np.float32)
    found[difference:] = values[difference:] - values[:-difference]
    return found
