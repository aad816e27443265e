"""What a forecasting report says: plain values that whoever ran the pipeline fills in.

Frames are polars frames with the columns used throughout Penstock; every moment in them is in UTC:

- history: ``series``, ``time``, ``y``
- predictions: ``series``, ``cutoff``, ``time``, ``step``, ``y`` (null where unknown), ``prediction``, and where
  intervals exist ``lower_90``, ``upper_90`` (any level)
- forecast: ``series``, ``time``, ``prediction``, and the same interval columns
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from penstock.domain.values import Seconds

if TYPE_CHECKING:
    import polars as pl

    from penstock.domain.results import BadSlice, CheckResult, Interval, ModelRef, SliceScore, StepReport
    from penstock.domain.values import Json

RungKind: TypeAlias = Literal["baseline", "model", "oracle"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RungFacts:
    """One rung of the ladder; a rung without metrics was skipped, and ``note`` says why.

    Times are seconds of wall clock: ``fit_seconds`` to fit, ``predict_seconds`` to predict all test windows.
    """

    name: str
    label: str
    kind: RungKind
    metrics: Mapping[str, float] = field(default_factory=dict)
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    fit_seconds: Seconds | None = None
    predict_seconds: Seconds | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricFacts:
    """How a metric is shown: ``value`` times ``scale`` with ``unit``."""

    name: str
    label: str
    unit: str = ""
    scale: float = 1.0
    better: Literal["lower", "higher", "zero"] = "lower"

    def badness(self, value: float) -> float:
        """Turn ``value`` into a number that is lower when better."""
        return {"lower": value, "higher": -value, "zero": abs(value)}[self.better]


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialFacts:
    """One tuning trial; ``score`` is the last one known and ``None`` when there is none."""

    number: int
    state: Literal["complete", "pruned", "failed"]
    score: float | None
    params: Mapping[str, Json] = field(default_factory=dict)
    seconds: Seconds | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FoldFacts:
    """How the best trial did on one fold: it learned from ``rows`` up to ``train_end`` and forecast up to ``last``.

    ``weight`` is the share of the fold in the score; a metric is ``None`` where it is undefined.
    """

    fold: int
    train_end: datetime
    last: datetime
    rows: int
    weight: float
    fit_seconds: Seconds
    predict_seconds: Seconds
    metrics: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class TuningFacts:
    """A study: what was minimised or maximised, its trials in order, and which parameters mattered (sum 1).

    ``folds`` are those of the best trial.
    """

    metric: str
    trials: tuple[TrialFacts, ...]
    direction: Literal["minimise", "maximise"] = "minimise"
    importances: Mapping[str, float] = field(default_factory=dict)
    best_config: str = ""
    folds: tuple[FoldFacts, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class CalibrationFacts:
    """What the intervals were made from: errors, windows and origins, whose cutoffs go from ``first`` to ``last``.

    ``notes`` say which levels or series have no intervals, and why.
    """

    residuals: int
    windows: int
    origins: int
    first: datetime | None
    last: datetime | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleFacts:
    """One data rule: how many rows or stamps it looked at, how many broke it, and what became of them."""

    name: str
    verdict: Literal["passed", "warned", "failed"]
    checked: int
    broken: int
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class GapFacts:
    """Missing stamps of one series from ``start`` to ``end``; both ends are missing."""

    series: str
    start: datetime
    end: datetime
    missing: int


@dataclass(frozen=True, kw_only=True, slots=True)
class QualityFacts:
    """What validation found; ``repaired`` counts rows by what was done to them."""

    rows: int
    series: int
    start: datetime
    end: datetime
    rules: tuple[RuleFacts, ...] = ()
    repaired: Mapping[str, int] = field(default_factory=dict)
    gaps: tuple[GapFacts, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfigFacts:
    """One configuration value (secrets masked) and where it came from."""

    key: str
    value: Json
    origin: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ProvenanceFacts:
    """Where the numbers come from. ``environment`` maps names (python, platform, distributions) to versions."""

    run_id: str
    started_at: datetime
    finished_at: datetime | None = None
    digest: str = ""
    commit: str = ""
    dirty: bool = False
    version: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    config: tuple[ConfigFacts, ...] = ()
    steps: tuple[StepReport, ...] = ()
    currency: str = ""


class Provenanced(Protocol):
    """Facts of any report that say which data they are of and where its numbers come from."""

    @property
    def dataset(self) -> str:
        """Name of the data."""

    @property
    def provenance(self) -> ProvenanceFacts:
        """Where the numbers come from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskFacts:
    """What is forecast: ``target`` in ``unit``, ``horizon`` steps of ``frequency`` (a polars duration) ahead.

    ``timezone`` is the clock that hours of day and charts are shown in.
    """

    target: str
    horizon: int
    frequency: str
    unit: str = ""
    timezone: str = "UTC"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportFacts:
    """Everything one forecasting report shows; parts that are empty or ``None`` are left out.

    ``metric`` names the main metric, ``chosen`` the rung that was judged. ``predictions`` maps the names of rungs
    to their test predictions: at least the chosen one, and better also the best baseline and the oracle.
    ``scales`` are the in-sample scales of the series, which MASE and RMSSE need along the horizon.
    ``slices`` are scores by ``series`` and by static column, ``slices_bad`` those worse than chance explains.
    ``bands`` are the chosen one's scores of quantiles. ``importances`` are those of the model's features. ``checks_on`` says on which fixed sample the checks began.
    ``notes`` say what was left out, repaired or judged otherwise than asked.
    """

    system: str
    dataset: str
    task: TaskFacts
    metric: str
    chosen: str
    rungs: tuple[RungFacts, ...]
    predictions: Mapping[str, pl.DataFrame]
    history: pl.DataFrame
    provenance: ProvenanceFacts
    simulated: bool = False
    model: ModelRef | None = None
    metrics: tuple[MetricFacts, ...] = ()
    forecast: pl.DataFrame | None = None
    scales: pl.DataFrame | None = None
    slices: tuple[SliceScore, ...] = ()
    slices_bad: tuple[BadSlice, ...] = ()
    calibration: CalibrationFacts | None = None
    bands: Mapping[str, float] = field(default_factory=dict)
    tuning: TuningFacts | None = None
    importances: Mapping[str, float] = field(default_factory=dict)
    checks: tuple[CheckResult, ...] = ()
    checks_on: str = ""
    notes: tuple[str, ...] = ()
    quality: QualityFacts | None = None
