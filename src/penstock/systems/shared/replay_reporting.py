"""The step that gathers what the report of a replay shows; provenance is added when the run has ended."""

from __future__ import annotations

from penstock.engine import step
from penstock.forecasting.replay.forecasts import SlotForecasts
from penstock.reporting.facts import MetricFacts, TaskFacts
from penstock.reporting.replay_facts import AlarmFacts, AlarmRuleFacts, KnownFacts, ReplayFacts
from penstock.systems.shared.learning import CANDIDATE
from penstock.systems.shared.replay_judging import FIRST_KNOWN, NAIVE
from penstock.systems.shared.replay_values import Asked, ReplayGround, ReplayJudgement
from penstock.systems.shared.reporting import METRICS, NOT_ENDED
from penstock.systems.shared.values import ReportLabels


@step(stage="report")
def replay_facts(
    replayed: SlotForecasts,
    judged: ReplayJudgement,
    ground: ReplayGround,
    asked: Asked,
    labels: ReportLabels,
) -> ReplayFacts:
    """Gather the facts of the report from everything the replay made."""
    rule = asked.replay
    return ReplayFacts(
        system=labels.system,
        dataset=asked.source,
        task=TaskFacts(
            target=labels.target,
            horizon=asked.horizon,
            frequency=ground.frequency,
            unit=labels.unit,
            timezone=labels.timezone,
        ),
        metric=_metric(asked.metric, labels.unit),
        metrics=tuple(_metric(name, labels.unit) for name in judged.metrics.get(CANDIDATE, {})),
        scores=judged.metrics,
        model=CANDIDATE,
        naive=NAIVE,
        first=FIRST_KNOWN,
        season=judged.season,
        slots=judged.by_slot,
        series=judged.by_series,
        predictions=replayed.rows.drop("origin", "model", "first_known_at"),
        refused=replayed.refused,
        alarms=tuple(AlarmFacts(**vars(alarm)) for alarm in judged.alarms),
        rule=AlarmRuleFacts(rolling=rule.rolling, factor=rule.alarm_factor, slots=rule.alarm_slots),
        known=KnownFacts(
            first=ground.first_known,
            last=ground.last_known,
            rows=ground.rows,
            revised=ground.revised,
            shares=ground.shares,
        ),
        coverage=judged.coverage,
        provenance=NOT_ENDED,
    )


def _metric(name: str, unit: str) -> MetricFacts:
    known = {metric.name: metric for metric in METRICS}
    in_unit = unit if name in ("mae", "rmse", "bias") else ""
    return known.get(name, MetricFacts(name=name, label=name.upper(), unit=in_unit))
