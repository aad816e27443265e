"""The forecaster of a bundle: raw rows in, forecasts out, by ONNX regressors inside the recursion of Penstock itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from penstock.domain.errors import BundleError, UsageError
from penstock.forecasting.direct import continue_direct
from penstock.forecasting.export.regressors import OnnxRegressor, open_regressor
from penstock.forecasting.intervals import bound_names
from penstock.forecasting.recursion import ROWS_AT_ONCE, Windows, average, recurse
from penstock.forecasting.scaling import Scaling
from penstock.systems.shared.portable.clock import calendar_part, clock_of, holiday_columns
from penstock.systems.shared.portable.rows import History, Need, Rows, history_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from penstock.forecasting.features import ResolvedFeatures
    from penstock.forecasting.targets import Target

PORTABLE_FORMAT = 1
PORTABLE = "portable"
"""Under this name ``inference.json`` keeps what the loader needs."""


@dataclass(frozen=True, kw_only=True)
class Columns:
    """What the recursion asks of a model's columns."""

    lags: tuple[int, ...]
    means: tuple[int, ...]
    deviations: tuple[int, ...]

    @property
    def lag_columns(self) -> tuple[int, ...]:
        """One entry for each column made from past values."""
        return (*self.lags, *self.means, *self.deviations)


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What one member learned; as ``Target`` of the training package."""

    scale: str
    against: Literal["level", "difference", "lag", "mean"]
    steps: int
    ahead: int

    @property
    def difference(self) -> int:
        """Steps by which the series is differenced; 0 for not at all."""
        return self.steps if self.against == "difference" else 0


@dataclass(frozen=True, kw_only=True)
class PortableForecaster:
    """A forecaster made of plain values and ONNX regressors.

    ``body`` is what ``inference.json`` keeps for it, ``intervals`` the calibration, empty where there is none.
    """

    body: Mapping[str, Any]
    intervals: Mapping[str, Any]
    horizon: int
    members: tuple[OnnxRegressor, ...]

    def predict(self, rows: Rows, horizon: int | None = None) -> dict[str, NDArray[Any]]:
        """Forecast the steps after the last stamp of every series.

        Parameters
        ----------
        rows
            History: a list of rows (mappings), or a mapping of columns: ``series``, ``time`` (datetimes or texts of ISO 8601,
            UTC where they have no zone), ``y`` and the static columns, in any order of rows.
        horizon
            Number of steps; by default the bundle's own.

        Returns
        -------
        dict
            Columns ``series``, ``time`` (datetime64[us], UTC), ``step`` (from 1), ``prediction``, and where the bundle holds
            intervals their bounds, NaN where there are none; sorted by series and step.

        Raises
        ------
        DataError
            The rows cannot be forecast from; all faults are named.
        UsageError
            ``horizon`` is below 1, or above what a direct model has learned.
        """
        import numpy as np

        steps = self.horizon if horizon is None else horizon
        if steps < 1:
            raise UsageError(f"horizon is {steps}; allowed: whole numbers from 1 up")
        longest = self.body["longest"]
        if longest is not None and steps > longest:
            raise UsageError(
                f"horizon is {steps}; the model learned {longest} steps directly; allowed: 1 to {longest}"
            )
        history = history_of(rows, self._need(), steps)
        path = self._path(history)
        columns: dict[str, NDArray[Any]] = {
            "series": np.repeat(np.array(history.series, dtype=object), steps),
            "time": history.ahead.ravel().astype("datetime64[us]"),
            "step": np.tile(np.arange(1, steps + 1), len(history.series)),
            "prediction": path.ravel(),
        }
        return columns | self._bounds(history.series, path)

    def _need(self) -> Need:
        statics = tuple(name for name, _ in self.body["categories"] if name != "series")
        return Need(
            series=tuple(self.body["series"]),
            frequency=self.body["frequency"],
            steps=self.body["history"],
            statics=statics,
        )

    def _path(self, history: History) -> NDArray[np.float64]:
        """Forecast (S, H): every member on its own scale, then the average of all."""
        import numpy as np

        known = self._known(history)
        place = {name: code for code, name in enumerate(self.body["series"])}
        codes = np.array([place[name] for name in history.series], dtype=np.int64)
        raw = Windows(history=history.values, known=known, series=codes)
        return np.concatenate([self._averaged(part) for part in raw.chunks(ROWS_AT_ONCE)])

    def _averaged(self, part: Windows) -> NDArray[np.float64]:
        found = average([self._member(number, part) for number in range(len(self.members))])
        settling = self.body["settling"]
        return found if settling is None else self._scaling(settling, part).settled(found)

    def _scaling(self, scale: str, part: Windows) -> Scaling:
        return _scaling_of(self.body["scaling"][scale]).take(part.series)

    def _member(self, number: int, part: Windows) -> NDArray[np.float64]:
        features, goal = _columns(self.body["features"]), Goal(**self.body["targets"][number])
        scaling = self._scaling(goal.scale, part)
        windows = Windows(history=scaling.forward(part.history), known=part.known, series=part.series)
        asked = cast("ResolvedFeatures", features), cast("Target", goal), self.members[number]
        if goal.ahead:
            return scaling.inverse(continue_direct(windows, *asked, self.body["seasons"]))
        return scaling.inverse(recurse(windows, *asked))

    def _known(self, history: History) -> NDArray[np.float32]:
        """Make the known columns (S, H, K): ids, then calendar and holidays on the clock on the wall."""
        import numpy as np

        columns = [_codes(history, name, values) for name, values in self.body["categories"]]
        if self.body["known"]:
            local = clock_of(self.body["clock"]).local(history.ahead.ravel())
            columns += [made for part in self.body["known"] for made in _made(part, local)]
        size = history.ahead.shape
        out = np.empty((*size, len(columns)), dtype=np.float32)
        for number, column in enumerate(columns):
            out[:, :, number] = column.reshape(size)
        return out

    def _bounds(self, series: tuple[str, ...], path: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
        """Put the bounds of every level beside: NaN for series and steps that were not calibrated."""
        import numpy as np

        levels, scales = self.intervals.get("levels", ()), self.intervals.get("scales", {})
        steps = np.full(path.shape[1], np.nan)
        spread = list(self.intervals.get("spread", ()))[: path.shape[1]]
        steps[: len(spread)] = spread
        unit = np.array([scales.get(name, np.nan) for name in series])[:, None] * steps
        return {
            name: (path + sign * width * unit).ravel()
            for level, width in zip(levels, self.intervals.get("widths", ()), strict=True)
            for sign, name in zip((-1, 1), bound_names(level), strict=True)
        }


def portable_of(parameters: Mapping[str, Any], read: Callable[[str], bytes]) -> PortableForecaster:
    """Build a forecaster from what ``inference.json`` keeps of it.

    Parameters
    ----------
    parameters
        Of ``inference.json``, verified.
    read
        Returns the verified bytes of a file of the bundle by its name.

    Raises
    ------
    BundleError
        The bundle holds nothing for a loader without Penstock, or of a format that this one does not read.
    """
    body = parameters.get(PORTABLE)
    if not body:
        raise BundleError(
            "The bundle holds no portable model; load it with Penstock, or package it with export.formats=both"
        )
    if body.get("format") != PORTABLE_FORMAT:
        raise BundleError(
            f"The bundle has portable format {body.get('format')!r}; this loader reads format {PORTABLE_FORMAT}"
        )
    return PortableForecaster(
        body=body,
        intervals=parameters.get("intervals") or {},
        horizon=int(parameters["horizon"]),
        members=tuple(open_regressor(read(name)) for name in body["members"]),
    )


def _columns(body: Mapping[str, Any]) -> Columns:
    return Columns(lags=tuple(body["lags"]), means=tuple(body["means"]), deviations=tuple(body["deviations"]))


def _scaling_of(body: Mapping[str, Any]) -> Scaling:
    import numpy as np

    return Scaling(**{name: np.array(values) for name, values in body.items()})


def _codes(history: History, name: str, values: list[str]) -> NDArray[Any]:
    """Return the code of a category for each stamp ahead; -1 for one that training did not see."""
    import numpy as np

    place = {value: code for code, value in enumerate(values)}
    found = history.series if name == "series" else history.statics[name]
    codes = [-1 if value is None else place.get(value, -1) for value in found]
    return np.repeat(np.array(codes, dtype=np.int64), history.ahead.shape[1])


def _made(part: Mapping[str, Any], local: NDArray[np.int64]) -> list[NDArray[Any]]:
    import numpy as np

    if part["kind"] == "calendar":
        return [calendar_part(name, local) for name in part["parts"]]
    return list(holiday_columns(local, np.array(part["days"], dtype=np.int64)))
