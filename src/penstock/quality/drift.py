"""How far the columns of two dataset versions lie apart."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from penstock.quality.profile import PERCENTS, ColumnProfile, Profile

BINS = 10
LEAST_SHARE = 1e-4
"""Share that an empty bin counts as, so that the logarithm stays finite."""


class ColumnDrift(BaseModel):
    """How far one column moved from the first profile to the second; ``None`` where it cannot be said.

    ``stability`` is the population stability index, ``shift`` the standardised shift of the mean, ``missing`` the change
    of the share of missing values. ``note`` says what stands in the way of numbers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    stability: float | None = None
    shift: float | None = None
    missing: float | None = None
    note: str = ""


class Difference(BaseModel):
    """Two profiles side by side: rows and series gained (negative: lost), and each column's drift, largest first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int
    series: int
    columns: tuple[ColumnDrift, ...]


def difference(before: Profile, after: Profile) -> Difference:
    """Compare two profiles column by column.

    The population stability index is ``sum((b - a) * ln(b / a))`` over the shares ``a`` and ``b`` of the bins (N.
    Siddiqi, Credit Risk Scorecards, 2006; the symmetric divergence of Jeffreys, 1946): below 0.1 little has changed,
    above 0.25 much. Bins are the deciles of ``before``, equal ones joined, or its most frequent texts and the rest; a
    share below 1e-4 counts as that. Shares of numbers are read off the percentiles, so they are right to one per cent.
    The standardised shift is ``(mean_b - mean_a) / sqrt((s_a**2 + s_b**2) / 2)`` (J. Cohen, Statistical Power Analysis,
    1988); it is ``None`` where both deviations are zero and the means differ.
    """
    names = sorted({column.name for column in (*before.columns, *after.columns)})
    drifts = [_drift(name, before.column(name), after.column(name)) for name in names]
    drifts.sort(key=lambda drift: (-(drift.stability or 0.0), -abs(drift.shift or 0.0), drift.name))
    return Difference(
        rows=after.rows - before.rows, series=after.series - before.series, columns=tuple(drifts)
    )


def _drift(name: str, before: ColumnProfile | None, after: ColumnProfile | None) -> ColumnDrift:
    if before is None or after is None:
        return ColumnDrift(name=name, note="new" if before is None else "gone")
    if before.kind != after.kind:
        return ColumnDrift(name=name, note=f"was {before.type}, is {after.type}")
    missing = _share(after.missing, after.rows) - _share(before.missing, before.rows)
    if before.personal or after.personal:
        return ColumnDrift(name=name, missing=missing, note="personal")
    return ColumnDrift(
        name=name,
        stability=_stability(before, after),
        shift=standardised_shift(before, after),
        missing=missing,
    )


def _stability(before: ColumnProfile, after: ColumnProfile) -> float | None:
    if before.percentiles and after.percentiles:
        edges = _edges(before.percentiles)
        return stability(_shares(before.percentiles, edges), _shares(after.percentiles, edges))
    if before.texts and after.texts:
        names = [text for text, _ in before.texts]
        return stability(_text_shares(before, names), _text_shares(after, names))
    return None


def stability(before: Sequence[float], after: Sequence[float]) -> float:
    """Return the population stability index of two lists of shares, bin by bin.

    Examples
    --------
    >>> round(stability([0.5, 0.5], [0.5, 0.5]), 3)
    0.0
    >>> round(stability([0.5, 0.5], [0.75, 0.25]), 3)
    0.275
    """
    pairs = ((max(a, LEAST_SHARE), max(b, LEAST_SHARE)) for a, b in zip(before, after, strict=True))
    return math.fsum((b - a) * math.log(b / a) for a, b in pairs)


def standardised_shift(before: ColumnProfile, after: ColumnProfile) -> float | None:
    """Return the shift of the mean in units of the pooled deviation; 0 if neither moves."""
    if before.mean is None or after.mean is None or before.deviation is None or after.deviation is None:
        return None
    moved = after.mean - before.mean
    pooled = math.sqrt((before.deviation**2 + after.deviation**2) / 2)
    if pooled == 0:
        return 0.0 if moved == 0 else None
    return moved / pooled


def _edges(percentiles: Sequence[float]) -> list[float]:
    """Return the inner deciles, each once."""
    step = (len(PERCENTS) - 1) // BINS
    return sorted(set(percentiles[step:-1:step]))


def _shares(percentiles: Sequence[float], edges: Sequence[float]) -> list[float]:
    """Return the share of values up to each edge, less those up to the edge before; the last bin is open."""
    reached = [_reached(percentiles, edge) for edge in edges]
    return [b - a for a, b in zip([0.0, *reached], [*reached, 1.0], strict=True)]


def _reached(percentiles: Sequence[float], edge: float) -> float:
    """Return the share of values up to ``edge``, linear between two percentiles."""
    last = len(percentiles) - 1
    at = bisect.bisect_right(percentiles, edge) - 1
    if at < 0 or at == last:
        return 0.0 if at < 0 else 1.0
    return (at + (edge - percentiles[at]) / (percentiles[at + 1] - percentiles[at])) / last


def _text_shares(column: ColumnProfile, names: Sequence[str]) -> list[float]:
    counts = dict(column.texts)
    known = column.rows - column.missing
    shares = [_share(counts.get(name, 0), known) for name in names]
    return [*shares, 1.0 - sum(shares)]


def _share(count: int, rows: int) -> float:
    return count / rows if rows else 0.0
