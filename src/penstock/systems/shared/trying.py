"""The smoke test of a bundle: what was packaged forecasts what the model in memory does, before anything registers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.domain.errors import BundleError
from penstock.forecasting.export.parity import Parity, Trial, measure_parity
from penstock.forecasting.forecaster import ForecastModel
from penstock.release.bundle import Bundle
from penstock.systems.shared.conversion import forecastable
from penstock.systems.shared.portable.command import open_bundle
from penstock.systems.shared.portable.forecaster import PORTABLE
from penstock.systems.shared.serving import regressing

if TYPE_CHECKING:
    import polars as pl

SERIES = 5
"""Series whose end is forecast; the comparison over a thousand windows came before."""


def smoke(
    bundle: Bundle, model: ForecastModel, panel: pl.DataFrame, loaders: Mapping[str, Callable[[Path], Any]]
) -> None:
    """Let the bundle forecast what follows a few series, as it serves and as its loader does.

    Raises
    ------
    BundleError
        A forecast is further from that of ``model`` than the bundle allows; the native form must give the same digits.
    """
    parameters = bundle.inference.parameters
    horizon = int(str(parameters["horizon"]))
    known = forecastable(panel, model)
    exact = Trial(horizon=horizon, tolerance=0.0, windows=SERIES)
    _require_equal(measure_parity(model, bundle.predictor(loaders), known, exact), "native model")
    if PORTABLE not in parameters:
        return
    parity: Any = parameters["parity"]
    near = replace(exact, tolerance=parity["tolerance"])
    _require_equal(measure_parity(model, regressing(bundle, loaders), known, near), "runtime that serves")
    tail = _some_tails(known, model)
    if not tail.is_empty():
        ours = model.predict(tail, horizon)["prediction"].to_numpy()
        alone = open_bundle(bundle.folder, bundle.digest).predict(tail.to_dicts(), horizon)["prediction"]
        _require_equal(near.judged(ours, alone), "loader")


def _require_equal(parity: Parity, what: str) -> None:
    if not parity.passed:
        raise BundleError(
            f"The {what} of the bundle does not forecast what was trained: {parity}. Nothing is registered; run again, and "
            "report it if it comes back"
        )


def _some_tails(panel: pl.DataFrame, model: ForecastModel) -> pl.DataFrame:
    """Return the last steps of a few series that the model knows and that are long enough."""
    import polars as pl

    long = pl.len().over("series") >= model.history
    known = panel.filter(long)
    names = known["series"].unique(maintain_order=True).head(SERIES)
    few = known.filter(pl.col("series").is_in(names.implode())).sort("series", "time")
    return few.group_by("series", maintain_order=True).tail(model.history).select(panel.columns)
