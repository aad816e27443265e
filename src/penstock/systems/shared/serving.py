"""A packaged model as it serves: its native form or ONNX, with the intervals that its bundle holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.forecasting.export.runtime import as_it_serves
from penstock.forecasting.intervals import with_intervals
from penstock.release.bundle import Bundle

if TYPE_CHECKING:
    from penstock.evaluation.predictor import Forecaster


def regressing(bundle: Bundle, loaders: Mapping[str, Callable[[Path], Any]]) -> Any:
    """Return the model of a bundle, without intervals, on the runtime that the bundle names.

    Raises
    ------
    UnknownNameError
        No loader is known for this kind of model.
    BundleError
        A byte has changed since the bundle was opened.
    MissingExtraError
        It runs on ONNX and the extra is not installed.
    """
    return as_it_serves(bundle.predictor(loaders), bundle.inference.parameters, bundle.folder)


def serving(bundle: Bundle, loaders: Mapping[str, Callable[[Path], Any]]) -> Forecaster:
    """Return the model of a bundle with its intervals; see ``regressing``."""
    return with_intervals(regressing(bundle, loaders), bundle.inference.parameters)
