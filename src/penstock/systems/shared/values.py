"""What travels between the steps of a forecasting pipeline."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import Field

from penstock.domain.results import BadSlice, CheckResult, Result, SliceScore
from penstock.domain.values import Digest, Seconds
from penstock.evaluation.bands import Bands
from penstock.evaluation.costs import CostConfig, Saving
from penstock.evaluation.ladder import Ladder, LadderVerdict, RungScores
from penstock.evaluation.metrics import PointMetric
from penstock.evaluation.splits import SplitConfig
from penstock.forecasting.export.config import Runtime
from penstock.forecasting.export.parity import Parity
from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.forecaster import ForecastModel
from penstock.forecasting.intervals import Calibration
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.study import Study
from penstock.quality.report import QualityReport

if TYPE_CHECKING:
    import polars as pl


class PanelShape(Result):
    """What a panel looks like: its grid, its size, and what was repaired to get it.

    ``first`` and ``last`` are stamps in UTC and belong to it; ``seasons`` are season lengths in steps.
    """

    frequency: str
    seasons: tuple[int, ...]
    rows: int
    series: int
    first: datetime
    last: datetime
    static: tuple[str, ...]
    columns: dict[str, str]
    cleaning: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Name of a dataset, where its rows are from, and whether they are made up."""

    name: str
    source: str
    simulated: bool


@dataclass(frozen=True, kw_only=True)
class Climb:
    """One rung on the final window: its predictions, or why there are none, and what they took."""

    rung: str
    label: str
    note: str
    predictions: pl.DataFrame
    fit_seconds: Seconds
    predict_seconds: Seconds


@dataclass(frozen=True, kw_only=True)
class RemarkedClimb(Climb):
    """A rung whose scores should be read with a ``remark``, such as the weights of an ensemble.

    A class of its own, so that candidates of earlier runs can be read.
    """

    remark: str


@dataclass(frozen=True, kw_only=True)
class Tried:
    """Everything that forecast the final window. ``oracle``: ``series``, ``time``, ``expected``, where it is known."""

    candidate: Climb
    rungs: list[Climb]
    oracle: pl.DataFrame | None


class Effort(Result):
    """What every training takes beside its data and configuration."""

    seed: int
    threads: int


class Demand(Result):
    """What the rows of a panel must be enough for. Of ``model`` only the targets matter."""

    horizon: int
    features: FeatureConfig
    model: ModelConfig
    split: SplitConfig


class Start(Result):
    """Where a search starts: the columns, and the configuration before tuning."""

    features: FeatureConfig
    model: ModelConfig


class Judging(Result):
    """By which metric the candidate is judged, the seed of the bootstrap, prices of errors and quantiles."""

    metric: PointMetric
    seed: int
    cost: CostConfig | None = None
    bands: Bands = Bands()


class Judgement(Result):
    """The candidate beside every rung, on a final window that nothing else has touched.

    ``slices`` are all, worst first, and ``bad`` those that are worse than chance explains.
    ``over_naive`` is the mean over series of the candidate's MAE over that of the better seasonal naive, and
    ``over_oracle`` the candidate's MAE over the oracle's, where there is one. ``notes`` say why another metric judges than the
    one that was asked for, and what rungs remark. ``saving`` is there where errors have prices.
    """

    candidate: RungScores
    ladder: Ladder
    oracle: RungScores | None
    verdict: LadderVerdict
    skipped: dict[str, str]
    slices: tuple[SliceScore, ...]
    bad: tuple[BadSlice, ...] = ()
    over_naive: float | None
    over_oracle: float | None
    notes: tuple[str, ...] = ()
    saving: Saving | None = None


class Conversion(Result):
    """What became of a model in ONNX.

    ``parity`` is how far its whole recursion is from the native one, ``files`` are the digests of what was compared, by name.
    Where nothing was exported, both are empty and ``note`` says why.
    """

    parity: Parity | None = None
    files: dict[str, Digest] = Field(default_factory=dict)
    note: str = ""

    @property
    def checks(self) -> tuple[CheckResult, ...]:
        """Return the comparison as an asserted check, where there was one."""
        if self.parity is None:
            return ()
        return (
            CheckResult(
                name="onnx_equals_native",
                kind="asserts",
                verdict="passed" if self.parity.passed else "failed",
                value=max(self.parity.relative, self.parity.cosine),
                detail=str(self.parity),
            ),
        )


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What speaks for a model, or against it.

    ``checks`` are those of the judged model, ``calibration`` is that of its intervals, where they were asked for, and
    ``conversion`` what became of the registered model in ONNX.
    """

    judgement: Judgement
    checks: tuple[CheckResult, ...]
    calibration: Calibration | None = None
    conversion: Conversion = field(default_factory=Conversion)

    @property
    def all_checks(self) -> tuple[CheckResult, ...]:
        """Return every verdict: on the judged model, and on what was exported."""
        return (*self.checks, *self.conversion.checks)


class Package(Result):
    """What a bundle says of itself. ``environment`` are the installed distributions: they count, like any input."""

    name: str
    horizon: int
    unit: str
    simulated: bool
    environment: dict[str, str]
    runtime: Runtime = "native"


class ReportLabels(Result):
    """How the report calls things."""

    system: str
    target: str
    unit: str
    timezone: str


@dataclass(frozen=True, kw_only=True)
class Ground:
    """The data of a run: the panel, its shape, and what validation found."""

    panel: pl.DataFrame
    shape: PanelShape
    report: QualityReport


@dataclass(frozen=True, kw_only=True)
class Learned:
    """The model of a run: how it was found, itself, its evidence and its forecast."""

    study: Study
    model: ForecastModel
    evidence: Evidence
    forecast: pl.DataFrame
