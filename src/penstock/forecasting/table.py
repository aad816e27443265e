"""The training table: one row for each series and stamp, features that look back, and the target.

Past values become columns through mlforecast (polars, float32); what is known in advance stands before them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from penstock.forecasting.panel import require_length

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from penstock.forecasting.features import ResolvedFeatures
    from penstock.forecasting.known import Known
    from penstock.forecasting.targets import Target


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
    """Features and target of R rows, sorted by series and time.

    ``known`` (R, K) and ``past`` (R, P) are float32, ``label`` (R,) is the scaled, differenced target, ``series``
    (R,) the codes of the series. ``columns`` are the names of ``past``.
    """

    known: NDArray[np.float32]
    past: NDArray[np.float32]
    label: NDArray[np.float32]
    series: NDArray[np.int64]
    columns: tuple[str, ...]

    def thinned(self, limit: int, seed: int) -> FeatureTable:
        """Keep at most ``limit`` rows, drawn without replacement and left in order."""
        import numpy as np

        count = len(self.label)
        if count <= limit:
            return self
        keep = np.sort(np.random.default_rng(seed).choice(count, size=limit, replace=False))
        return replace(
            self,
            known=np.asfortranarray(self.known[keep]),
            past=np.asfortranarray(self.past[keep]),
            label=self.label[keep],
            series=self.series[keep],
        )


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


def build_table(
    scaled: pl.DataFrame, plan: LagPlan, known: Known, *, frequency: str, difference: int = 0
) -> FeatureTable:
    """Compute the columns for every stamp that has all of its past.

    Parameters
    ----------
    scaled
        ``series``, ``time``, ``y`` (scaled, never null) and statics, sorted by series and time, without gaps.
    plan
        Columns of past values.
    known
        Columns known in advance.
    frequency
        Distance of two stamps as a polars duration.
    difference
        Seasonal difference to take first; its first steps are lost. 0: none.

    Raises
    ------
    DataError
        A series is too short for a single row; names it.
    """
    import numpy as np
    import polars as pl

    series = pl.Series(np.repeat(*_codes_and_counts(scaled)))
    frame = scaled.with_columns(series_code=series)
    if difference:
        frame = frame.with_columns(y=pl.col("y") - pl.col("y").shift(difference).over("series")).drop_nulls(
            "y"
        )
    require_length(frame, plan.history + 1, "the lags and windows of the model and one row to learn from")
    table = _past_columns(
        frame.select("series", "time", "series_code", y=pl.col("y").cast(pl.Float32)), plan, frequency
    )
    rows = table.select("series", "time").join(
        frame, on=["series", "time"], how="left", maintain_order="left"
    )
    return FeatureTable(
        known=known.matrix(rows.drop("series_code")),
        past=_stack(table, plan.computed),
        label=table["y"].to_numpy(),
        series=table["series_code"].to_numpy(),
        columns=plan.computed,
    )


def member_matrix(
    table: FeatureTable, plan: LagPlan, target: Target
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return features (R, D) in column order and target (R,) of one member, both less its reference."""
    import numpy as np

    place = {name: index for index, name in enumerate(table.columns)}
    offset = None
    if target.against in ("lag", "mean"):
        offset = table.past[:, place[f"{target.against}{target.steps}"]]
    known = table.known.shape[1]
    matrix = np.empty((len(table.label), known + len(plan.shown)), dtype=np.float32, order="F")
    matrix[:, :known] = table.known
    for index, name in enumerate(plan.shown, start=known):
        column = table.past[:, place[name]]
        matrix[:, index] = column if offset is None or name.startswith("deviation") else column - offset
    return matrix, (table.label if offset is None else table.label - offset)


def _past_columns(frame: pl.DataFrame, plan: LagPlan, frequency: str) -> pl.DataFrame:
    """Let mlforecast compute lags and windows; rows without all of them are dropped."""
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import RollingMean, RollingStd

    windows: list[Any] = [RollingMean(size) for size in plan.means] + [
        RollingStd(size) for size in plan.deviations
    ]
    names = iter((*(f"mean{size}" for size in plan.means), *(f"deviation{size}" for size in plan.deviations)))
    forecast = MLForecast(
        models=[],
        freq=frequency,
        lags=list(plan.lags),
        lag_transforms={1: windows} if windows else None,
        lag_transforms_namer=lambda *_: next(names),
    )
    table = forecast.preprocess(
        frame, id_col="series", time_col="time", target_col="y", static_features=[], dropna=True
    )
    return cast("pl.DataFrame", table)


def _codes_and_counts(scaled: pl.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    import numpy as np

    counts = scaled.group_by("series", maintain_order=True).len()["len"].to_numpy()
    return np.arange(len(counts), dtype=np.int64), counts.astype(np.int64)


def _stack(table: pl.DataFrame, names: Sequence[str]) -> NDArray[np.float32]:
    import numpy as np

    out = np.empty((table.height, len(names)), dtype=np.float32, order="F")
    for place, name in enumerate(names):
        out[:, place] = table[name].to_numpy()
    return out
