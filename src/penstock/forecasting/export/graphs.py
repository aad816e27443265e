"""Regressors as ONNX graphs in double precision.

Every graph has the inputs ``matrix`` (N, D) float32 and ``series`` (N,) int64 and the output ``prediction`` (N,)
float64, so that whoever runs a recursion need not know what stands inside. Thresholds and leaves keep their doubles:
a conversion to floats moves thresholds onto values that the float32 matrix holds, and was measured to change forecasts
by 0.8 %.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from penstock.domain.errors import MissingExtraError
from penstock.forecasting.export.forest import Forest, Tree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from penstock.forecasting.models import Ridge

OPSET, ML_OPSET, IR_VERSION = 21, 5, 10
"""What onnxruntime reads since 1.20."""

_LEQ, _MEMBER = 0, 6
_PRODUCER = "penstock"


def forest_graph(forest: Forest) -> bytes:
    """Return trees as one ONNX model; equal forests give equal bytes.

    Raises
    ------
    MissingExtraError
        ``onnx`` is not installed.
    """
    helper = onnx_helper()
    trees = helper.make_node("TreeEnsemble", ["values"], ["sums"], domain="ai.onnx.ml", **_attributes(forest))
    nodes = [
        _cast("matrix", "values"),
        trees,
        helper.make_node("Squeeze", ["sums", "one"], ["raw"]),
        helper.make_node("Exp" if forest.transform == "exp" else "Identity", ["raw"], ["prediction"]),
    ]
    return _model(nodes, {"one": [1]}, forest.columns)


def ridge_graph(ridge: Ridge, columns: int) -> bytes:
    """Return a ridge over ``columns`` columns as one ONNX model.

    Raises
    ------
    MissingExtraError
        ``onnx`` is not installed.
    """
    node = onnx_helper().make_node
    nodes, arrays = _design(ridge, columns)
    group = "series" if len(ridge.weights) > 1 else "first"
    parameters = ("weights", "intercept", "centre", "spread")
    nodes += [
        node("Mul", ["series", "zero"], ["first"]),
        *(node("Gather", [name, group], [f"{name}_of"], axis=0) for name in parameters),
        node("Sub", ["design", "centre_of"], ["centred"]),
        node("Div", ["centred", "spread_of"], ["standard"]),
        node("Mul", ["standard", "weights_of"], ["terms"]),
        node("ReduceSum", ["terms", "one"], ["sum"], keepdims=0),
        node("Add", ["sum", "intercept_of"], ["prediction"]),
    ]
    arrays |= {name: getattr(ridge, name) for name in parameters}
    return _model(nodes, arrays | {"one": [1], "zero": 0}, columns)


def onnx_helper() -> Any:
    """Return ``onnx.helper``.

    Raises
    ------
    MissingExtraError
        ``onnx`` is not installed.
    """
    try:
        from onnx import helper
    except ImportError as error:
        raise MissingExtraError(
            "ONNX needs what the base install leaves out: pip install 'penstock[onnx]', or set export.formats=native"
        ) from error
    return helper


def _design(ridge: Ridge, columns: int) -> tuple[list[Any], dict[str, Any]]:
    """Build what ``one_hot`` does: plain columns, then one of 0 and 1 for each level of the others."""
    import numpy as np

    node = onnx_helper().make_node
    listed = [column for column, _ in ridge.levels]
    arrays: dict[str, Any] = {"plain": [column for column in range(columns) if column not in listed]}
    nodes = [node("Gather", ["matrix", "plain"], ["numbers"], axis=1), _cast("numbers", "part")]
    for place, (column, values) in enumerate(ridge.levels):
        arrays |= {f"at{place}": [column], f"levels{place}": np.array(values, dtype=np.float32)}
        nodes += [
            node("Gather", ["matrix", f"at{place}"], [f"column{place}"], axis=1),
            node("Equal", [f"column{place}", f"levels{place}"], [f"equal{place}"]),
            _cast(f"equal{place}", f"flags{place}"),
        ]
    parts = ["part", *(f"flags{place}" for place in range(len(ridge.levels)))]
    return [*nodes, node("Concat", parts, ["design"], axis=1)], arrays


def _attributes(forest: Forest) -> dict[str, Any]:
    """Lay trees out as the operator wants them: inner nodes and leaves of all trees, each in one row of numbers."""
    import numpy as np

    trees = [_with_a_node(tree) for tree in forest.trees] or [_with_a_node(_nothing())]
    roots = np.cumsum([0, *(len(tree.feature) for tree in trees)])
    leaves = np.cumsum([0, *(len(tree.leaf) for tree in trees)])
    categorical = np.concatenate([np.isnan(tree.threshold) for tree in trees])
    sets = [tree.members[node] for tree in trees for node in sorted(tree.members)]
    attributes = {
        "n_targets": 1,
        "tree_roots": roots[:-1].tolist(),
        "nodes_featureids": np.concatenate([tree.feature for tree in trees]).tolist(),
        "nodes_splits": _tensor(np.nan_to_num(np.concatenate([tree.threshold for tree in trees]))),
        "nodes_modes": _tensor(np.where(categorical, _MEMBER, _LEQ).astype(np.uint8)),
        "nodes_missing_value_tracks_true": _whole(tree.missing_left for tree in trees),
        "leaf_targetids": [0] * int(leaves[-1]),
        "leaf_weights": _tensor(np.concatenate([tree.leaf for tree in trees])),
    }
    for side, branch in (("left", "true"), ("right", "false")):
        children = [getattr(tree, side) for tree in trees]
        places = [
            np.where(child < 0, leaf - 1 - child, root + child)
            for child, root, leaf in zip(children, roots, leaves, strict=False)
        ]
        attributes[f"nodes_{branch}nodeids"] = _whole(places)
        attributes[f"nodes_{branch}leafs"] = _whole(child < 0 for child in children)
    if sets:
        values = [number for members in sets for number in (*members, np.nan)]
        attributes["membership_values"] = _tensor(np.array(values, dtype=np.float64))
    return attributes


def _with_a_node(tree: Tree) -> Tree:
    """Give a tree of one leaf a node both of whose branches are that leaf: the operator knows no other trees."""
    import numpy as np

    if len(tree.feature):
        return tree
    leaf, zero = np.array([-1]), np.zeros(1, dtype=np.int64)
    return replace(
        tree, feature=zero, threshold=np.zeros(1), left=leaf, right=leaf, missing_left=np.zeros(1, dtype=bool)
    )


def _nothing() -> Tree:
    import numpy as np

    none = np.empty(0, dtype=np.int64)
    return Tree(
        feature=none,
        threshold=none.astype(np.float64),
        left=none,
        right=none,
        missing_left=none.astype(bool),
        members={},
        leaf=np.zeros(1),
    )


def _whole(parts: Iterable[NDArray[Any]]) -> list[int]:
    import numpy as np

    return [int(number) for number in np.concatenate(list(parts)).tolist()]


def _cast(source: str, target: str) -> Any:
    from onnx import TensorProto

    return onnx_helper().make_node("Cast", [source], [target], to=TensorProto.DOUBLE)


def _tensor(values: NDArray[Any], name: str = "") -> Any:
    from onnx import numpy_helper

    return numpy_helper.from_array(values, name)


def _model(nodes: list[Any], arrays: Mapping[str, Any], columns: int) -> bytes:
    import numpy as np
    from onnx import TensorProto

    helper = onnx_helper()
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "regressor",
        [info("matrix", TensorProto.FLOAT, ["N", columns]), info("series", TensorProto.INT64, ["N"])],
        [info("prediction", TensorProto.DOUBLE, ["N"])],
        [_tensor(np.asarray(array), name) for name, array in arrays.items()],
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name=_PRODUCER)
    return bytes(model.SerializeToString(deterministic=True))
