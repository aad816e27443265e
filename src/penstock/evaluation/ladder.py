"""The baselines that every candidate must climb, as values to store, show and judge by."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from penstock.domain.errors import ConfigError, UnknownNameError, bounded, did_you_mean
from penstock.domain.results import Interval, Result
from penstock.domain.values import Seconds
from penstock.evaluation.bootstrap import BootstrapConfig, intervals
from penstock.evaluation.metrics import POINT_METRICS, get_metric
from penstock.evaluation.scores import score
from penstock.evaluation.terms import COUNTS, ScoreOptions

if TYPE_CHECKING:
    import polars as pl


class RungScores(Result):
    """One rung, or the candidate, on the final window.

    ``metrics`` holds the metrics that are finite numbers; ``undefined`` names the others, so that nobody has to guess
    why one is missing. ``rows`` were scored; ``near_zero_rows`` of them count for no relative metric and
    ``unscaled_rows`` for no scaled one. The times cover all origins together.
    """

    rung: str
    metrics: dict[str, float]
    intervals: dict[str, Interval] = Field(default_factory=dict)
    undefined: tuple[str, ...] = ()
    rows: int = 0
    near_zero_rows: int = 0
    unscaled_rows: int = 0
    fit_seconds: Seconds = 0.0
    predict_seconds: Seconds = 0.0


class LadderVerdict(Result):
    """Whether a candidate is better than every rung.

    ``rung`` is the best one and ``threshold`` its value; ``number`` is the candidate's, ``None`` where it has none.
    """

    passed: bool
    candidate: str
    metric: str
    number: float | None
    rung: str
    threshold: float | None
    beaten_by: tuple[str, ...] = ()

    def describe(self) -> str:
        """Say the verdict in one sentence."""
        ours, theirs = _shown(self.number), _shown(self.threshold)
        if self.passed:
            return f"{self.candidate} has {self.metric} {ours}, better than every rung; the best, {self.rung}, has {theirs}"
        return (
            f"{self.candidate} has {self.metric} {ours}, not better than {bounded(self.beaten_by)}; "
            f"the best, {self.rung}, has {theirs}"
        )


class Ladder(Result):
    """All rungs, judged by one metric.

    Rung names must differ; at least one rung is needed.
    """

    metric: str
    rungs: tuple[RungScores, ...]

    @model_validator(mode="after")
    def _names_differ(self) -> Ladder:
        names = [one.rung for one in self.rungs]
        get_metric(self.metric)
        if not names or len(set(names)) < len(names):
            raise ValueError(f"a ladder needs at least one rung and no name twice, got {bounded(names)}")
        return self

    def ranked(self) -> tuple[RungScores, ...]:
        """Return the rungs, best first; undefined ones last, ties by name."""
        badness = get_metric(self.metric).badness
        return tuple(sorted(self.rungs, key=lambda one: (badness(_value(one, self.metric)), one.rung)))

    def best(self) -> RungScores:
        """Return the rung that is hardest to beat."""
        return self.ranked()[0]

    def rung(self, name: str) -> RungScores:
        """Find a rung by name; raises UnknownNameError with the nearest."""
        found = {one.rung: one for one in self.rungs}
        if name not in found:
            raise UnknownNameError(f"there is no rung {name!r}{did_you_mean(name, found)}")
        return found[name]


@dataclass(frozen=True, kw_only=True, slots=True)
class RungRequest:
    """How rungs are scored: which metrics, with which bootstrap and options."""

    metrics: tuple[str, ...] = POINT_METRICS
    bootstrap: BootstrapConfig = field(default_factory=BootstrapConfig)
    options: ScoreOptions = field(default_factory=ScoreOptions)


def score_rung(
    rung: str,
    predictions: pl.DataFrame,
    scales: pl.DataFrame | None,
    request: RungRequest,
    seconds: tuple[float, float] = (0.0, 0.0),
) -> RungScores:
    """Score the predictions of one rung over all rows, with intervals.

    Parameters
    ----------
    rung
        Its name.
    predictions, scales
        As for ``score``; the predictions hold ``cutoff`` too.
    request
        Metrics, bootstrap and options.
    seconds
        Time to fit and time to predict.
    """
    row = score(predictions, scales, request.metrics, options=request.options).row(0, named=True)
    finite = {name: row[name] for name in request.metrics if math.isfinite(row[name])}
    bounds = (
        intervals(predictions, scales, list(finite), request.bootstrap, request.options) if finite else {}
    )
    return RungScores(
        rung=rung,
        metrics=finite,
        intervals=bounds,
        undefined=tuple(name for name in request.metrics if name not in finite),
        fit_seconds=seconds[0],
        predict_seconds=seconds[1],
        **{name: row[name] for name in COUNTS},
    )


def beats_all(candidate: RungScores, rungs: tuple[RungScores, ...], metric: str) -> LadderVerdict:
    """Judge whether ``candidate`` is strictly better than every rung.

    A rung of the candidate's own name is not compared. A candidate whose metric is undefined beats nothing; a rung
    whose metric is undefined is beaten by any number.

    Raises
    ------
    ConfigError
        There is no rung to beat.
    UnknownNameError
        There is no such metric.
    """
    others = tuple(one for one in rungs if one.rung != candidate.rung)
    if not others:
        raise ConfigError(f"there is no rung for {candidate.rung!r} to beat; add at least one to the ladder")
    best = Ladder(metric=metric, rungs=others).best()
    rule, ours = get_metric(metric), _value(candidate, metric)
    beaten_by = tuple(one.rung for one in others if not rule.better(ours, _value(one, metric)))
    return LadderVerdict(
        passed=not beaten_by,
        candidate=candidate.rung,
        metric=metric,
        number=candidate.metrics.get(metric),
        rung=best.rung,
        threshold=best.metrics.get(metric),
        beaten_by=beaten_by,
    )


def _value(one: RungScores, metric: str) -> float:
    return one.metrics.get(metric, math.nan)


def _shown(number: float | None) -> str:
    return "undefined" if number is None else f"{number:.6g}"
