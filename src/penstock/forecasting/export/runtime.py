"""Which regressors a packaged model predicts with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from penstock.forecasting.export.config import Runtime
from penstock.forecasting.export.regressors import export_members, with_regressors
from penstock.forecasting.forecaster import ForecastModel

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")
FOLDER = "onnx"
"""Folder of a bundle in which the members lie."""

RUNTIME = "runtime"
"""Under this name a bundle's ``inference.json`` says what predicts."""


def member_name(number: int) -> str:
    """Return the name of a member's file."""
    return f"member_{number}.onnx"


def read_members(folder: Path) -> Sequence[bytes]:
    """Return the members that lie in ``folder``, in their order; none where there is no such folder."""
    count = len(list(folder.glob("member_*.onnx")))
    return [(folder / member_name(number)).read_bytes() for number in range(count)]


def as_judged(model: ForecastModel, runtime: Runtime) -> ForecastModel:
    """Return the model with the regressors of ``runtime``, converted on the spot.

    Raises
    ------
    ConfigError
        It cannot be exported.
    MissingExtraError
        The extra `onnx` is not installed.
    """
    return with_regressors(model, export_members(model)) if runtime == "onnx" else model


def as_it_serves(model: T, parameters: Mapping[str, Any], folder: Path) -> T | ForecastModel:
    """Return the model of the verified bundle in ``folder`` with the regressors that its parameters name.

    Raises
    ------
    MissingExtraError
        Production runs on ONNX and the extra is not installed.
    """
    if parameters.get(RUNTIME) != "onnx" or not isinstance(model, ForecastModel):
        return model
    return with_regressors(model, read_members(folder / FOLDER))
