"""What MLflow calls to load a bundle: ``mlflow.pyfunc.load_model("models:/denmark@candidate")``."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from penstock.app.systems import find_system, system_names
from penstock.domain.errors import DataError, UsageError
from penstock.forecasting.intervals import with_intervals
from penstock.release.bundle import Bundle, load_bundle
from penstock.systems.shared.serving import regressing

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from penstock.release.schema import Column

logger = logging.getLogger(__name__)


class Predictor(Protocol):
    """What a loader of a forecasting bundle returns."""

    def predict(self, history: pl.DataFrame, horizon: int) -> pl.DataFrame:
        """Forecast ``horizon`` steps after the last stamp of every series."""
        ...


@dataclass(frozen=True)
class BundleModel:
    """A bundle as MLflow wants a model: pandas in, pandas out."""

    bundle: Bundle
    model: Predictor

    def predict(self, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Forecast what follows the rows given.

        Parameters
        ----------
        model_input
            History: the columns that the bundle's ``schema.json`` names, such as ``series``, ``time`` and ``y``, in
            any order of rows. A ``time`` without a zone is taken as UTC.
        params
            ``horizon``: number of steps, by default the bundle's own.

        Returns
        -------
        pd.DataFrame
            ``series``, ``time`` (UTC), ``step``, ``prediction``, and where the bundle holds intervals their bounds,
            such as ``lower_90`` and ``upper_90``.

        Raises
        ------
        DataError
            A column is absent, or its values are not of its type.
        UsageError
            No horizon was given and the bundle states none.
        """
        history = panel_of(model_input, self.bundle.schema.columns)
        model = with_intervals(self.model, self.bundle.inference.parameters)
        return model.predict(history, self._horizon(params)).to_pandas()

    def _horizon(self, params: Mapping[str, Any] | None) -> int:
        horizon = (params or {}).get("horizon", self.bundle.inference.parameters.get("horizon"))
        if horizon is None or int(horizon) < 1:
            raise UsageError(f"The horizon is {horizon}; pass params={{'horizon': N}} with N at least 1")
        return int(horizon)


def panel_of(frame: pd.DataFrame, columns: tuple[Column, ...]) -> pl.DataFrame:
    """Return the named columns of a pandas frame as polars, times in UTC; other columns are left out."""
    import polars as pl

    absent = [column.name for column in columns if column.required and column.name not in frame]
    if absent:
        raise DataError(
            f"The input lacks the columns {absent}; it has {sorted(map(str, frame.columns))[:12]}"
        )
    present = [column for column in columns if column.name in frame]
    return pl.DataFrame({column.name: _converted(frame[column.name], column) for column in present})


def _converted(values: pd.Series[Any], column: Column) -> pl.Series:
    import polars as pl

    kinds: Mapping[str, Any] = {
        "string": pl.String,
        "number": pl.Float64,
        "integer": pl.Int64,
        "boolean": pl.Boolean,
        "time": pl.Datetime("us", "UTC"),
    }
    try:
        if column.type == "time":
            import pandas as pd

            values = pd.to_datetime(values, utc=True, format="ISO8601")
        made = pl.Series(column.name, pl.from_pandas(values), nan_to_null=True)
        made = made.cast(kinds[column.type])
    except (ValueError, TypeError, pl.exceptions.PolarsError) as error:
        raise DataError(f"Column {column.name!r} is no {column.type}: {str(error)[:200]}") from error
    if made.null_count() and not column.nullable:
        raise DataError(f"Column {column.name!r} lacks {made.null_count()} of {len(made)} values")
    return made


def bundle_loaders() -> dict[str, Callable[[Path], object]]:
    """Return kind → loader of every installed system; one that cannot be loaded is passed over with a warning."""
    loaders: dict[str, Callable[[Path], object]] = {}
    for name in system_names():
        try:
            loaders.update(find_system(name).loaders)
        except Exception as error:  # noqa: BLE001 - a broken plug-in must not stand before another system's model
            logger.warning("System %r cannot be loaded: %s", name, error)
    return loaders


def _load_pyfunc(data_path: str) -> BundleModel:
    """Load the bundle in ``data_path``. MLflow calls this by name.

    Raises
    ------
    BundleError
        Any byte of the bundle was changed.
    """
    bundle = load_bundle(Path(data_path))
    return BundleModel(bundle, cast("Predictor", regressing(bundle, bundle_loaders())))
