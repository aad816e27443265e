"""How many rows there were before and after: what the report says of a subsample."""

from __future__ import annotations

from collections.abc import Iterable

from penstock.domain.results import Result


class SampleCount(Result):
    """What one step of subsampling did: ``what`` it took away, and the rows before and after."""

    what: str
    before: int
    after: int

    @property
    def removed(self) -> int:
        """Rows that were taken away."""
        return self.before - self.after

    def __str__(self) -> str:
        return f"{self.what}: {self.before:,} → {self.after:,} rows"


def removed(counts: Iterable[SampleCount]) -> dict[str, int]:
    """Return what was taken away and how often: the ``cleaning`` of a dataset version, ``repaired`` of a report."""
    return {count.what: count.removed for count in counts}
