"""AutoETS, AutoTheta and AutoARIMA as rungs: fitted to each series, within a time that a run can spare.

They are statsforecast's, in the extra ``classical``. They run in a process of their own, because nothing else can stop
a fit that takes minutes, and learn from the last ``LONGEST`` values of a series.
"""

from __future__ import annotations

import inspect
import io
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeGuard, get_args

from penstock.domain.errors import DataError, MissingExtraError
from penstock.engine.context import time_ran_out
from penstock.forecasting.origins import ArrayForecaster, Origins
from penstock.forecasting.panel import require_length

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

ClassicalKind: TypeAlias = Literal["auto_ets", "auto_theta", "auto_arima"]
LONGEST = 1008
"""Values of a series that are learned from: six weeks of hours. More make the fits slow and hardly better."""

_CLASSES = {"auto_ets": "AutoETS", "auto_theta": "AutoTheta", "auto_arima": "AutoARIMA"}
_SAID = 300


@dataclass(frozen=True, kw_only=True)
class ClassicalConfig:
    """Which model, the season in steps (1 for none), and the seconds that it may take in all."""

    kind: ClassicalKind
    season: int
    limit_s: float

    @property
    def history(self) -> int:
        """Values that a series needs: two seasons and a little."""
        return 2 * self.season + 3


@dataclass(frozen=True, kw_only=True)
class ClassicalForecast:
    """``predictions`` as of ``backtest``, and the seconds that fitting and predicting took."""

    predictions: pl.DataFrame
    fit_seconds: float
    predict_seconds: float


def is_classical(rung: str) -> TypeGuard[ClassicalKind]:
    """Say whether a rung is one of these."""
    return rung in get_args(ClassicalKind)


def require_classical(rungs: Sequence[str]) -> None:
    """Refuse rungs whose library is not installed.

    Raises
    ------
    MissingExtraError
        Says what to install.
    """
    from importlib.util import find_spec

    asked = [rung for rung in rungs if is_classical(rung)]
    if asked and find_spec("statsforecast") is None:
        raise MissingExtraError(
            f"the rungs {', '.join(asked)} need statsforecast: pip install 'penstock[classical]', or leave them out of ladder"
        )


def forecast_classical(
    panel: pl.DataFrame,
    train_end: datetime,
    cutoffs: Sequence[datetime],
    horizon: int,
    config: ClassicalConfig,
) -> ClassicalForecast:
    """Fit every series on what was known at ``train_end`` and forecast it after each cutoff.

    The parameters stay those of ``train_end``; the states follow the values up to each cutoff. A series that never
    changed is forecast as it is.

    Parameters
    ----------
    panel
        Panel frame that reaches beyond the cutoffs.
    train_end
        Last stamp that is fitted on (UTC).
    cutoffs
        Last stamps known (UTC), none before ``train_end``.
    horizon
        Steps after each cutoff.
    config
        Model, season and limit.

    Raises
    ------
    DataError
        The limit passed before all series were done, a series is too short, or a model could not be fitted.
    """
    import polars as pl

    from penstock.forecasting.panel import detect_frequency

    require_length(panel.filter(pl.col("time") <= train_end), config.history, f"the rung {config.kind}")
    rung = _Classical(
        frequency=detect_frequency(panel), config=config, train_end=train_end, spent=dict[str, float]()
    )
    predictions = rung.predict_origins(panel, cutoffs, horizon)
    return ClassicalForecast(predictions=predictions, **rung.spent)


@dataclass(frozen=True, kw_only=True)
class _Classical(ArrayForecaster):
    """The arrays of a panel, to and from the process that fits; ``spent`` takes what it says of its seconds."""

    frequency: str
    config: ClassicalConfig
    train_end: datetime
    spent: dict[str, float]

    @property
    def history(self) -> int:
        """What a model needs at least."""
        return self.config.history

    def continue_windows(self, origins: Origins, horizon: int) -> NDArray[np.float64]:
        """Forecast (N, ``horizon``)."""
        import numpy as np

        grid, places = origins.grid, np.unique(origins.places)
        columns = np.searchsorted(places, origins.places)
        known = np.full((len(grid.series), len(places), LONGEST), np.nan)
        known[origins.rows, columns] = _recent(grid.values[origins.rows], origins.places)
        fitted_at = np.minimum(grid.last, grid.position(self.train_end))
        answer = _asked(
            {
                "kind": _CLASSES[self.config.kind],
                "season": self.config.season,
                "horizon": horizon,
                "train": _recent(grid.values, fitted_at),
                "known": known,
            },
            self.config,
        )
        self.spent.update({name: float(answer[name]) for name in ("fit_seconds", "predict_seconds")})
        return np.asarray(answer["forecast"][origins.rows, columns])


def _recent(values: NDArray[np.float64], places: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the last ``LONGEST`` values up to each row's place, NaN where there are fewer."""
    import numpy as np

    columns = places[:, None] + np.arange(-LONGEST + 1, 1)
    found = np.take_along_axis(values, np.maximum(columns, 0), axis=1)
    return np.where(columns >= 0, found, np.nan)


def _asked(request: dict[str, Any], config: ClassicalConfig) -> dict[str, NDArray[Any]]:
    import numpy as np

    from penstock.forecasting.classical_worker import main

    sent = io.BytesIO()
    np.savez(sent, **request)
    command = [sys.executable, "-I", inspect.getfile(main)]
    try:
        done = subprocess.run(  # noqa: S603 - ourselves
            command,
            input=sent.getvalue(),
            capture_output=True,
            timeout=config.limit_s,
            check=False,
            env={"OMP_NUM_THREADS": "1", "TZ": "UTC"},
        )
    except subprocess.TimeoutExpired:
        time_ran_out(f"rung_limit_s={config.limit_s:g}")
        raise DataError(
            f"{config.kind} was stopped after {config.limit_s:g} s, the time a rung may take; raise rung_limit_s to see it"
        ) from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise DataError(f"{config.kind} cannot be fitted to these data: {' '.join(said)[:_SAID]}")
    with np.load(io.BytesIO(done.stdout)) as answer:
        return dict(answer)
