"""What a run returns: typed, immutable, the same in Python and under ``--json``."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from penstock.domain.values import RunStatus, Stage, StepState


class Result(BaseModel):
    """Base of the result values: frozen, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelRef(Result):
    """A registered model: its name, version and the alias that was set, if any."""

    name: str
    version: int
    alias: str | None = None


class ChangedValue(Result):
    """One input value that a check changed, as text; ``time`` is a stamp in UTC."""

    series: str
    time: str
    column: str
    before: str
    after: str


class Outcome(Result):
    """One prediction of two that should have been alike; ``names`` say which two, the numbers are text.

    ``time`` (UTC) is the stamp that was forecast, ``step`` its distance from the cutoff.
    """

    series: str
    time: str
    step: int
    names: tuple[str, str]
    values: tuple[str, str]


class CounterExample(Result):
    """The smallest input found that breaks a property: the history given, what was changed in it, what came of it.

    ``changed`` are the first few changed values, ``more`` counts the others.
    """

    given: str
    problem: str
    changed: tuple[ChangedValue, ...] = ()
    more: int = 0
    outcome: Outcome | None = None


class CheckResult(Result):
    """Verdict on one property of the trained model.

    ``asserts`` can block a release, ``measures`` only report. ``example`` is the smallest counter-example found in one
    sentence, ``counter`` its parts.
    """

    name: str
    kind: Literal["asserts", "measures"]
    verdict: Literal["passed", "failed", "skipped"]
    value: float | None = None
    detail: str = ""
    example: str | None = None
    counter: CounterExample | None = None


class Interval(Result):
    """A bootstrap interval; both ends belong to it."""

    lower: float
    upper: float
    level: float


class SliceScore(Result):
    """One slice (a series, an area, …) with its score, the baseline's, and how many values were scored."""

    by: str
    slice: str
    metric: str
    value: float
    baseline: float | None = None
    count: int


class BadSlice(Result):
    """A slice in which the model does worse than elsewhere, more than the number of slices explains.

    ``ratio`` is the model's error there over the baseline's, ``elsewhere`` that on all other rows; ``interval`` is that
    of the one over the other. ``doubt`` is the p-value, adjusted for the number of slices looked at.
    """

    by: str
    slice: str
    metric: str
    ratio: float
    elsewhere: float
    interval: Interval
    doubt: float
    count: int


class StepReport(Result):
    """What became of one step in one run. ``cost`` is in the configured currency, ``None`` without a price."""

    name: str
    stage: Stage
    state: StepState
    reason: str
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_mb: float = 0.0
    cost: float | None = None
    digest: str | None = None


class PartFacts(Result):
    """One part of a divided panel; ``first`` and ``last`` (UTC) belong to it and are ``None`` where it is empty."""

    rows: int
    first: datetime | None
    last: datetime | None


class SplitFacts(Result):
    """What a model was trained on and judged by: both parts of the panel, and the columns that the model saw."""

    series: int
    train: PartFacts
    test: PartFacts
    features: tuple[str, ...] = ()


class Summary(Result):
    """What a pipeline tells about its model: the part of a ``RunResult`` that its own steps know.

    A pipeline returns it as the output ``summary``. ``model_rung`` names the candidate among ``metrics``,
    ``headline`` says in one sentence what a person wants to know first; ``notes`` say what was left out or repaired,
    ``checks_on`` on which fixed sample the checks began; ``metric`` is the one that judged.
    """

    simulated: bool = False
    model_rung: str | None = None
    metric: str | None = None
    headline: str = ""
    notes: tuple[str, ...] = ()
    split: SplitFacts | None = None
    metrics: dict[str, dict[str, float]] = {}
    intervals: dict[str, dict[str, Interval]] = {}
    slices_worst: tuple[SliceScore, ...] = ()
    slices_bad: tuple[BadSlice, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    checks_on: str = ""


class RunResult(Result):
    """Summary of one run.

    ``metrics`` and ``intervals`` map rung → metric → value; ``report`` and ``forecast`` are paths; ``digest``
    covers the logical digests of all pure steps, so equal work gives an equal digest. ``metric`` is the one that
    judged, ``None`` where nothing was judged and in results of versions that did not tell it.
    """

    run_id: str
    system: str
    status: RunStatus
    simulated: bool = False
    headline: str = ""
    notes: tuple[str, ...] = ()
    split: SplitFacts | None = None
    dataset: str | None = None
    model: ModelRef | None = None
    metric: str | None = None
    metrics: dict[str, dict[str, float]] = {}
    intervals: dict[str, dict[str, Interval]] = {}
    slices_worst: tuple[SliceScore, ...] = ()
    slices_bad: tuple[BadSlice, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    checks_on: str = ""
    steps: tuple[StepReport, ...] = ()
    report: str | None = None
    forecast: str | None = None
    digest: str | None = None
