"""LightGBM's text format as arrays: what its trees ask, in the order in which they are added up.

The text holds every threshold and leaf with the digits that it needs to come back unchanged. Source of the fields and of what
missing values do: ``tree.h`` and ``tree.cpp`` of LightGBM 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from penstock.domain.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Transform: TypeAlias = Literal["none", "exp"]
TRANSFORMS: Mapping[str, Transform] = {
    "": "none",
    "custom": "none",
    "fair": "none",
    "gamma": "exp",
    "huber": "none",
    "mape": "none",
    "poisson": "exp",
    "quantile": "none",
    "regression": "none",
    "regression_l1": "none",
    "tweedie": "exp",
}
"""Objective as the text names it → what LightGBM does to the sum of the leaves."""

_CATEGORICAL, _DEFAULT_LEFT = 1, 2
_MISSING_NONE, _MISSING_ZERO = 0, 1
_WORD = 32
_ZERO = 1.0000000180025095e-35
"""LightGBM takes what is not larger than this for zero."""
_HEADER_END = "\nTree=0\n"


@dataclass(frozen=True, kw_only=True)
class Tree:
    """One tree of K inner nodes, the root first.

    ``left`` and ``right`` (K,) point at inner nodes from 0 up and at leaf ``-1 - number`` below; a comparison that holds goes left.
    ``threshold`` (K,) belongs to ``value <= threshold``, NaN where ``members`` holds the categories that go left instead.
    ``missing_left`` (K,) says where NaN goes. A tree without inner nodes has one leaf.
    """

    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    missing_left: NDArray[np.bool_]
    members: Mapping[int, tuple[int, ...]]
    leaf: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Forest:
    """Trees whose leaves are added up, over ``columns`` columns, and what is done to the sum."""

    trees: tuple[Tree, ...]
    columns: int
    transform: Transform


def forest_of(text: str) -> Forest:
    """Read what ``Booster.model_to_string`` wrote.

    Raises
    ------
    ConfigError
        The trees do what no neutral form here can say; names the setting.
    """
    head, found, rest = text.partition(_HEADER_END)
    fields = _fields(head)
    blocks = rest.partition("\nend of trees")[0].split("\nTree=") if found else []
    faults = _faults(fields, head)
    if faults:
        raise ConfigError("these trees cannot be exported to ONNX: " + "; ".join(faults))
    return Forest(
        trees=tuple(_tree(_fields(block)) for block in blocks),
        columns=int(fields["max_feature_idx"]) + 1,
        transform=TRANSFORMS[_objective(fields)[0]],
    )


def _objective(fields: Mapping[str, str]) -> tuple[str, ...]:
    """Return the objective and its options; an own objective has no name in the text."""
    return tuple(fields.get("objective", "").split()) or ("",)


def _faults(fields: Mapping[str, str], head: str) -> list[str]:
    """List what no graph here can say, by the key of the configuration."""
    name, *options = _objective(fields)
    faults = []
    if name not in TRANSFORMS or "sqrt" in options:
        known = ", ".join(sorted(filter(None, TRANSFORMS)))
        faults.append(f"model.objective: {fields['objective']}; allowed: {known}")
    if fields.get("num_tree_per_iteration", "1") != "1":
        faults.append(f"model.objective: {fields['num_tree_per_iteration']} trees a round; allowed: 1")
    if "average_output" in head.splitlines():
        faults.append("model.boosting: the leaves of a random forest are averaged; allowed: added up")
    return faults


def _fields(block: str) -> dict[str, str]:
    pairs = (line.split("=", 1) for line in block.splitlines() if "=" in line)
    return {name: value for name, value in pairs}  # noqa: C416 - a pair is a list here


def _tree(fields: Mapping[str, str]) -> Tree:
    import numpy as np

    if fields.get("is_linear", "0") != "0":
        raise ConfigError(
            "these trees cannot be exported to ONNX: model.linear_tree: leaves must be constant"
        )
    decision = _numbers(fields, "decision_type", np.int64)
    threshold = _numbers(fields, "threshold", np.float64)
    categorical = (decision & _CATEGORICAL).astype(bool)
    bounds, words = _numbers(fields, "cat_boundaries", np.int64), _numbers(fields, "cat_threshold", np.uint32)
    places = {int(node): int(threshold[node]) for node in np.flatnonzero(categorical)}
    return Tree(
        feature=_numbers(fields, "split_feature", np.int64),
        threshold=np.where(categorical, np.nan, _around_zero(threshold)),
        left=_numbers(fields, "left_child", np.int64),
        right=_numbers(fields, "right_child", np.int64),
        missing_left=_missing_left(decision, threshold, categorical),
        members={node: _bits(words[bounds[place] : bounds[place + 1]]) for node, place in places.items()},
        leaf=_numbers(fields, "leaf_value", np.float64),
    )


def _numbers(fields: Mapping[str, str], name: str, kind: type[np.generic]) -> NDArray[Any]:
    import numpy as np

    return np.array(fields.get(name, "").split(), dtype=kind)


def _bits(words: NDArray[np.uint32]) -> tuple[int, ...]:
    """List the bits that are set, counted over all words: the categories of one split."""
    import numpy as np

    flags = words[:, None] >> np.arange(_WORD, dtype=np.uint32) & 1
    return tuple(np.flatnonzero(flags).tolist())


def _around_zero(threshold: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move thresholds that part what LightGBM takes for zero, so that a plain comparison sends it where zero goes."""
    import numpy as np

    raised = np.where((threshold >= 0) & (threshold <= _ZERO), _ZERO, threshold)
    return np.where((threshold < 0) & (threshold >= -_ZERO), np.nextafter(-_ZERO, -np.inf), raised)


def _missing_left(
    decision: NDArray[np.int64], threshold: NDArray[np.float64], categorical: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Tell where NaN goes: as learned, or as zero where none was missing in training; a missing category goes right."""
    import numpy as np

    missing = decision >> 2 & 3
    default = (decision & _DEFAULT_LEFT).astype(bool)
    as_zero = threshold >= 0
    if ((missing == _MISSING_ZERO) & ~categorical & (default != as_zero)).any():
        raise ConfigError(
            "these trees cannot be exported to ONNX: model.zero_as_missing: a zero must be compared like any number"
        )
    return np.asarray(np.where(missing == _MISSING_NONE, as_zero, default) & ~categorical)
