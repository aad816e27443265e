"""The regressors of a trained model in ONNX: making them, and letting a model predict through them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from penstock.domain.errors import ConfigError, MissingExtraError
from penstock.forecasting.models import Ridge, Trees

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from penstock.forecasting.forecaster import ForecastModel


@dataclass(frozen=True, kw_only=True)
class OnnxRegressor:
    """One member of a model, run by onnxruntime on one thread, so that sums have one order."""

    session: Any

    def predict(self, matrix: NDArray[np.float32], series: NDArray[np.int64]) -> NDArray[np.float64]:
        """Predict (N,) from ``matrix`` (N, columns) and each row's series code (N,)."""
        import numpy as np

        found = self.session.run(None, {"matrix": matrix, "series": series})[0]
        return np.asarray(found, dtype=np.float64)


def open_regressor(content: bytes) -> OnnxRegressor:
    """Build a regressor from the bytes of an ONNX model, which the caller has verified.

    Raises
    ------
    MissingExtraError
        ``onnxruntime`` is not installed.
    """
    try:
        import onnxruntime as ort
    except ImportError as error:
        raise MissingExtraError(
            "ONNX models need what the base install leaves out: pip install 'penstock[onnx]', or set "
            "export.runtime=native"
        ) from error
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return OnnxRegressor(session=ort.InferenceSession(content, options, providers=["CPUExecutionProvider"]))


def export_members(model: ForecastModel) -> tuple[bytes, ...]:
    """Return every member of ``model`` as an ONNX model, in their order.

    Raises
    ------
    ConfigError
        A member cannot be exported; names the key of the configuration.
    MissingExtraError
        ``onnx`` is not installed.
    """
    return tuple(
        _exported(member, len(model.columns_of(number))) for number, member in enumerate(model.members)
    )


def with_regressors(model: ForecastModel, contents: Sequence[bytes]) -> ForecastModel:
    """Return ``model`` with the members that ``contents`` hold in place of its own; all else is the same object."""
    members = cast("Any", tuple(open_regressor(content) for content in contents))
    return replace(model, members=members)


def _exported(member: object, columns: int) -> bytes:
    from penstock.forecasting.export.forest import forest_of
    from penstock.forecasting.export.graphs import forest_graph, ridge_graph

    if isinstance(member, Trees):
        return forest_graph(forest_of(member.booster.model_to_string()))
    if isinstance(member, Ridge):
        return ridge_graph(member, columns)
    raise ConfigError(
        f"a {type(member).__name__} cannot be exported to ONNX: model.kind; allowed: trees and ridges. Set "
        "export.formats=native"
    )
