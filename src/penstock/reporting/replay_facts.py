"""What the report of a replay says: plain values that whoever ran it fills in. Every moment is in UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from penstock.reporting.facts import MetricFacts, ProvenanceFacts, TaskFacts


@dataclass(frozen=True, kw_only=True, slots=True)
class AlarmFacts:
    """One alarm: at which slot, when its truth was known, the last slot of the episode, the error and its median."""

    cutoff: datetime
    raised_at: datetime
    last: datetime
    error: float
    median: float


@dataclass(frozen=True, kw_only=True, slots=True)
class AlarmRuleFacts:
    """The mean error of ``rolling`` slots above ``factor`` × its median so far, ``slots`` times on end."""

    rolling: int
    factor: float
    slots: int


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownFacts:
    """What the replay knew: since when, until when, how many rows, how many of them revised, and how it is known when.

    ``shares`` maps published, received, assumed or unknown to a share of the rows.
    """

    first: datetime
    last: datetime
    rows: int
    revised: int
    shares: Mapping[str, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplayFacts:
    """Everything the report of a replay shows.

    Attributes
    ----------
    metric
        The main metric, in which errors of slots and series are given.
    scores
        Rung → metric → value; ``model`` and ``naive`` and ``first`` name the rungs: the model against the truth known
        in the end, the seasonal naive against the same, the model against the truth known first.
    slots
        ``cutoff``, ``model`` (cutoff of its refit), ``error``, ``error_first``, ``naive``, ``judged_at``, ``known_to`` (the last
        stamp known), ``series``,
        ``refused``; means over the last slots ``rolling``, ``rolling_naive``, ``rolling_first``, and ``threshold``,
        above which the last of these counts for an alarm; a row for each slot, in order.
    series
        ``series``, ``rows``, ``error``, ``error_first``, ``naive``; a row for each series.
    predictions
        ``series``, ``cutoff``, ``time``, ``step``, ``y``, ``y_first``, ``prediction``, ``naive``.
    refused
        ``cutoff``, ``series``, ``reason``: what could not be forecast.
    coverage
        Level of an interval → share of truths inside; empty without intervals.
    """

    system: str
    dataset: str
    task: TaskFacts
    metric: MetricFacts
    metrics: tuple[MetricFacts, ...]
    scores: Mapping[str, Mapping[str, float]]
    model: str
    naive: str
    first: str
    season: int
    slots: pl.DataFrame
    series: pl.DataFrame
    predictions: pl.DataFrame
    refused: pl.DataFrame
    alarms: tuple[AlarmFacts, ...]
    rule: AlarmRuleFacts
    known: KnownFacts
    provenance: ProvenanceFacts
    coverage: Mapping[str, float] = field(default_factory=dict)
    simulated: bool = False
