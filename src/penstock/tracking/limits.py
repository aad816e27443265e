"""Bring names and values within what MLflow accepts (checked against MLflow 3.17)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

MAX_KEY = 250
MAX_PARAM_VALUE = 6000
MAX_TAG_VALUE = 5000
MAX_PARAMS = 400
PARAMS_PER_BATCH = 100
METRICS_PER_BATCH = 800
DATASET_DIGEST = 36
_UNKNOWN = re.compile(r"[^\w\-. ]")
_ELLIPSIS = "…"
T = TypeVar("T")


def flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves of nested mappings with dotted names; lists and empty mappings are leaves."""
    for name, value in values.items():
        path = f"{prefix}.{name}" if prefix else str(name)
        if isinstance(value, Mapping) and value:
            yield from flatten(value, path)
        else:
            yield path, value


def params_of(values: Mapping[str, Any]) -> dict[str, str]:
    """Return at most 400 flat parameters as text, each within MLflow's limits."""
    leaves = list(flatten(values))[:MAX_PARAMS]
    return _unique((key, shorten(_text(value), MAX_PARAM_VALUE)) for key, value in leaves)


def tags_of(values: Mapping[str, Any]) -> dict[str, str]:
    """Return tags as text, each within MLflow's limits; ``None`` values are left out."""
    return _unique(
        (key, shorten(_text(value), MAX_TAG_VALUE)) for key, value in values.items() if value is not None
    )


def shorten(text: str, limit: int) -> str:
    """Cut ``text`` to ``limit`` characters; an ellipsis says that something is missing."""
    return text if len(text) <= limit else text[: limit - 1] + _ELLIPSIS


def safe_key(name: str) -> str:
    """Return ``name`` with every character that MLflow refuses replaced by ``_``."""
    clean = _UNKNOWN.sub("_", name)[:MAX_KEY] or "_"
    return f"_{clean[1:]}" if clean.startswith(".") else clean


def batches(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield ``values`` in parts of at most ``size``."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Two names that become equal once cleaned are told apart by a number."""
    kept: dict[str, Any] = {}
    for name, value in pairs:
        key, count = safe_key(name), 1
        while key in kept:
            count += 1
            key = f"{safe_key(name)[: MAX_KEY - 6]}_{count}"
        kept[key] = value
    return kept


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, default=str, ensure_ascii=False)
