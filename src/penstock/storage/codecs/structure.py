"""Digest of an object by its structure: class, constructor arguments and state, as ``copy`` sees them."""

from __future__ import annotations

import sys
from typing import Any

from penstock.domain.errors import PipelineError
from penstock.domain.values import Digest, Json
from penstock.storage.classes import class_name
from penstock.storage.codecs.arrays import ArrayCodec
from penstock.storage.digests import digest_bytes
from penstock.storage.encoding import TAG, Encoder, dump

_ARRAYS = ArrayCodec()
_NOT_MEANT = frozenset({"_sklearn_version"})


def digest_structure(value: object) -> Digest:
    """Digest of what an object is made of; the version that scikit-learn records does not count.

    Raises
    ------
    PipelineError
        The object cannot be taken apart, or contains itself.
    """
    return digest_bytes(dump(_Structure().tree(value), sort_keys=True))


class _Structure:
    def __init__(self) -> None:
        self._encoder = Encoder(logical=True, foreign=self._part)
        self._within: set[int] = set()

    def tree(self, value: object) -> Json:
        return self._encoder.encode(value)

    def _part(self, value: Any, place: str) -> dict[str, Json] | None:
        if _ARRAYS.handles(value) and not value.dtype.hasobject:
            return {TAG: "array", "logical": _ARRAYS.logical(value)}
        if hasattr(value, "__qualname__") and hasattr(value, "__module__"):
            return {TAG: "name", "value": f"{value.__module__}:{value.__qualname__}"}
        if id(value) in self._within:
            raise PipelineError(
                f"cannot digest {class_name(type(value))!r}: it contains itself (at value{place})"
            )
        self._within.add(id(value))
        tree = self._taken_apart(value, place)
        self._within.discard(id(value))
        return tree

    def _taken_apart(self, value: Any, place: str) -> dict[str, Json]:
        if _ARRAYS.handles(value):
            return {
                TAG: "objects",
                "shape": self.tree(value.shape),
                "items": self.tree(value.ravel().tolist()),
            }
        if _is_random(value):
            return {TAG: "random", "type": class_name(type(value)), "state": self.tree(_random_state(value))}
        try:
            reduced = value.__reduce_ex__(2)
        except TypeError as error:
            raise PipelineError(
                f"cannot digest {class_name(type(value))!r} (at value{place}): {error}"
            ) from error
        if isinstance(reduced, str):
            return {TAG: "name", "value": f"{type(value).__module__}:{reduced}"}
        maker, arguments, *rest = reduced
        counts = hasattr(value, "get_tree_stats")
        parts = [maker, arguments, *(_meant(part, counts=counts) for part in rest)]
        return {TAG: "reduced", "type": class_name(type(value)), "parts": self.tree(parts)}


def _is_random(value: object) -> bool:
    random = sys.modules.get("numpy.random")
    return random is not None and isinstance(
        value, random.RandomState | random.Generator | random.BitGenerator
    )


def _random_state(value: Any) -> object:
    # What was drawn so far counts, the seed it came from does not: files keep the one without the other.
    if hasattr(value, "get_state"):
        return value.get_state(legacy=False)
    return getattr(value, "bit_generator", value).state


def _meant(part: Any, *, counts: bool) -> object:
    if counts and isinstance(part, tuple):  # a search tree of scikit-learn counts how often it was asked
        return [item for item in part if not isinstance(item, int)]
    if hasattr(part, "__next__"):  # the items of a list or mapping
        return list(part)
    return (
        {key: item for key, item in part.items() if key not in _NOT_MEANT} if isinstance(part, dict) else part
    )
