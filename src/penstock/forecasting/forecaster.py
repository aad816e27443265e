"""The trained model: what crosses from training to evaluation, package and production."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.domain.errors import DataError
from penstock.domain.values import Seconds
from penstock.forecasting.covariates import CovariateColumns
from penstock.forecasting.direct import STEP, continue_direct
from penstock.forecasting.features import ResolvedFeatures
from penstock.forecasting.known import Known
from penstock.forecasting.models import ModelConfig, Ridge, Trees
from penstock.forecasting.origins import ArrayForecaster, Origins
from penstock.forecasting.panel import season_lengths
from penstock.forecasting.recursion import ROWS_AT_ONCE, Windows, average, recurse
from penstock.forecasting.scaling import scaling_of

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class ForecastModel(ArrayForecaster):
    """A fitted model of a panel.

    ``members`` belong to ``model.targets``, one each. ``scaling`` is the table of ``penstock.forecasting.scaling``,
    ``series`` the names known from training, in the order of their codes. ``rows`` counts the rows of training.
    """

    features: ResolvedFeatures
    model: ModelConfig
    frequency: str
    series: tuple[str, ...]
    scaling: pl.DataFrame
    known: Known
    members: tuple[Trees | Ridge, ...]
    columns: tuple[str, ...]
    rows: int
    seed: int
    threads: int
    fit_seconds: Seconds

    @property
    def history(self) -> int:
        """Number of values up to the cutoff that a forecast needs."""
        return history_needed(self.features, self.model)

    @property
    def longest(self) -> int | None:
        """Longest horizon that it can forecast; ``None`` for any, by recursion."""
        return max(target.ahead for target in self.model.members) or None

    def columns_of(self, member: int) -> tuple[str, ...]:
        """Return the names of the columns that a member sees: only one that learned directly is told the step."""
        direct = self.model.members[member].ahead > 0
        return tuple(name for name in self.columns if direct or name != STEP)

    @property
    def covariates(self) -> tuple[CovariateColumns, ...]:
        """What is made of covariates."""
        return self.features.covariates

    def continue_windows(self, origins: Origins, horizon: int) -> NDArray[np.float64]:
        """Forecast (N, ``horizon``) by recursion or directly, every member on its own scale, and average.

        Raises
        ------
        DataError
            A series was not in training, a static column is missing, or the model learned fewer steps directly.
        """
        import numpy as np

        self._require_learned(horizon)
        ahead = origins.known(self.known, horizon)
        place = {name: code for code, name in enumerate(self.series)}
        codes = np.array([place.get(name, -1) for name in origins.grid.series], dtype=np.int64)
        parts = []
        for start in range(0, len(origins.rows), ROWS_AT_ONCE):
            part = origins.part(start, ROWS_AT_ONCE)
            raw = part.history(self.history)
            averaged = average(
                [
                    self._member(index, part, raw, (ahead.of(part), codes[part.rows]))
                    for index in range(len(self.members))
                ]
            )
            parts.append(self._settled(part, averaged))
        return np.concatenate(parts)

    def _settled(self, part: Origins, averaged: NDArray[np.float64]) -> NDArray[np.float64]:
        """Say zero where a median can mean nothing else; a mean below the smallest value is a forecast like any other."""
        scale = settling_scale(self.model)
        if scale is None:
            return averaged
        return scaling_of(self.scaling, scale, part.grid.series).take(part.rows).settled(averaged)

    def save(self, folder: Path) -> None:
        """Write the model as neutral files only; ``load`` gives one that predicts the same, digit for digit."""
        from penstock.forecasting.files import save_model

        save_model(self, folder)

    @classmethod
    def load(cls, folder: Path) -> ForecastModel:
        """Read what ``save`` wrote.

        Raises
        ------
        DataError
            A file is missing, or written by an unknown format version.
        """
        from penstock.forecasting.files import load_model

        return load_model(folder)

    def _member(
        self,
        index: int,
        part: Origins,
        raw: NDArray[np.float64],
        ahead: tuple[NDArray[np.float32], NDArray[np.int64]],
    ) -> NDArray[np.float64]:
        target = self.model.members[index]
        scaling = scaling_of(self.scaling, target.scale, part.grid.series).take(part.rows)
        windows = Windows(history=scaling.forward(raw), known=ahead[0], series=ahead[1])
        if target.ahead:
            seasons = season_lengths(self.frequency)
            return scaling.inverse(
                continue_direct(windows, self.features, target, self.members[index], seasons)
            )
        return scaling.inverse(recurse(windows, self.features, target, self.members[index]))

    def _require_learned(self, horizon: int) -> None:
        learned = self.longest
        if learned is not None and horizon > learned:
            raise DataError(
                f"the model learned {learned} steps directly and cannot forecast {horizon}; allowed: horizons from 1 "
                f"to {learned}. Train it with model.steps={horizon}, or with model.strategy=recursive"
            )


def settling_scale(model: ModelConfig) -> str | None:
    """Name the scale whose least values mean zero; ``None`` where the model forecasts no median."""
    if model.objective != "l1" or model.kind != "lightgbm":
        return None
    return model.members[0].scale


def history_needed(features: ResolvedFeatures, model: ModelConfig) -> int:
    """Count the values up to the cutoff that a model with these columns and targets looks back on."""
    return max(max(features.history, target.steps) + target.difference for target in model.members)
