"""Who stands where on the ladder: the order, the best baseline, the oracle, and how far the model is from both."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from penstock.domain.errors import UnknownNameError, did_you_mean
from penstock.reporting.facts import MetricFacts, ReportFacts, RungFacts, RungKind
from penstock.reporting.numbers import measure
from penstock.reporting.palette import rung_colours

if TYPE_CHECKING:
    from penstock.domain.results import SliceScore

_SHARES = frozenset({"mape", "smape", "wape", "rmspe", "coverage"})
_IN_TARGET_UNITS = frozenset({"mae", "rmse", "bias", "crps", "pinball", "medae"})
_SCALE_FREE = frozenset({*_SHARES, "mase", "rmsse", "r2"})
_HIGHER = frozenset({"r2", "accuracy", "auc", "f1", "precision", "recall"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """The ladder from best to worst by the main metric; skipped rungs stand in ``skipped``."""

    metric: MetricFacts
    rungs: tuple[RungFacts, ...]
    skipped: tuple[RungFacts, ...]
    model: RungFacts
    baseline: RungFacts | None
    oracle: RungFacts | None
    colours: Mapping[str, str]

    def score(self, rung: RungFacts) -> float:
        """Return the main metric of ``rung``."""
        return rung.metrics[self.metric.name]

    def shown(self, rung: RungFacts) -> str:
        """Return the main metric of ``rung`` with its unit."""
        return measure(self.score(rung), self.metric.unit, self.metric.scale)

    @property
    def gain(self) -> float | None:
        """Share of the best baseline's error that the model saves; negative when the model is worse."""
        if self.baseline is None or self.score(self.baseline) == 0:
            return None
        gain = 1 - self._size(self.model) / self._size(self.baseline)
        return -gain if self.metric.better == "higher" else gain

    @property
    def oracle_ratio(self) -> float | None:
        """The model's error as a multiple of the oracle's."""
        if self.oracle is None or self.score(self.oracle) == 0:
            return None
        return self._size(self.model) / self._size(self.oracle)

    def _size(self, rung: RungFacts) -> float:
        """Return the main metric of ``rung``, or how far it is from zero where that is what counts."""
        return abs(self.score(rung)) if self.metric.better == "zero" else self.score(rung)


def metric_facts(facts: ReportFacts, name: str) -> MetricFacts:
    """Return how the metric ``name`` is shown: as the facts say, else by its well-known name.

    Shares (MAPE, WAPE, …) are fractions in the facts and percentages on the page.
    """
    for known in facts.metrics:
        if known.name == name:
            return known
    key = name.lower().split("@")[0]
    better = MetricFacts(name=name, label=name.upper() if name.islower() else name)
    if key in _SHARES:
        return MetricFacts(name=name, label=better.label, unit="%", scale=100.0)
    if key in _IN_TARGET_UNITS:
        aim: Literal["lower", "zero"] = "zero" if key == "bias" else "lower"
        return MetricFacts(name=name, label=better.label, unit=facts.task.unit, better=aim)
    return MetricFacts(name=name, label=better.label, better="higher" if key in _HIGHER else "lower")


def badness(facts: ReportFacts, score: SliceScore) -> float:
    """Return by what slices are ranked, worst highest: the error, or in the target's unit its ratio to the baseline's.

    Errors in the target's unit would only say which series are large.
    """
    free = score.metric.lower().split("@")[0] in _SCALE_FREE
    value = score.value if free or not score.baseline else score.value / score.baseline
    return metric_facts(facts, score.metric).badness(value)


def standing(facts: ReportFacts) -> Standing:
    """Return who stands where.

    Raises
    ------
    UnknownNameError
        The chosen rung is not on the ladder, has no value of the main metric, or no test predictions.
    """
    if facts.chosen not in facts.predictions:
        raise UnknownNameError(
            f"The report has no test predictions of {facts.chosen!r}"
            f"{did_you_mean(facts.chosen, facts.predictions)}; give those of the chosen rung"
        )
    metric = metric_facts(facts, facts.metric)
    scored = [rung for rung in facts.rungs if math.isfinite(rung.metrics.get(metric.name, math.nan))]
    ordered = sorted(scored, key=lambda rung: (metric.badness(rung.metrics[metric.name]), rung.name))
    best = _first(ordered, "baseline")
    return Standing(
        metric=metric,
        rungs=tuple(ordered),
        skipped=tuple(rung for rung in facts.rungs if rung not in scored),
        model=_chosen(facts, ordered),
        baseline=best,
        oracle=_first(ordered, "oracle"),
        colours=_colours(facts, best),
    )


def _first(rungs: list[RungFacts], kind: RungKind) -> RungFacts | None:
    return next((rung for rung in rungs if rung.kind == kind), None)


def _chosen(facts: ReportFacts, scored: list[RungFacts]) -> RungFacts:
    for rung in scored:
        if rung.name == facts.chosen:
            return rung
    raise UnknownNameError(
        f"The report cannot show the rung {facts.chosen!r}: it has no {facts.metric!r} on the ladder"
        f"{did_you_mean(facts.chosen, [rung.name for rung in scored])}"
    )


def _colours(facts: ReportFacts, best: RungFacts | None) -> Mapping[str, str]:
    models = [rung.name for rung in facts.rungs if rung.kind == "model" and rung.name != facts.chosen]
    baselines = [rung.name for rung in facts.rungs if rung.kind == "baseline"]
    oracles = [rung.name for rung in facts.rungs if rung.kind == "oracle"]
    return rung_colours([facts.chosen, *models], baselines, oracles, best.name if best else None)
