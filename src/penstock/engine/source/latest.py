"""The index of the next plan, which knows what the last one of this process has learned."""

from __future__ import annotations

from functools import cache

from penstock.engine.source.cache import FactsCache
from penstock.engine.source.index import SourceIndex


def next_index(facts: FactsCache) -> SourceIndex:
    """Return a new index; it recalls what the last one learned, if all that one looked at is as it was.

    Looking again at every file and every place is some ten times cheaper than following all names again.
    """
    index = SourceIndex(cache=facts)
    last = _indices().get("last")
    if last is not None:
        index.recall(last.learned())
    _indices()["last"] = index
    return index


@cache
def _indices() -> dict[str, SourceIndex]:
    """Return the place where this process keeps its last index."""
    return {}
