"""The step that gathers what the report shows; provenance is added when the run has ended."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from penstock.engine import step
from penstock.evaluation.costs import COST
from penstock.evaluation.ladder import RungScores
from penstock.evaluation.metrics import POINT_METRICS
from penstock.forecasting.importances import importances
from penstock.forecasting.intervals import Calibration
from penstock.forecasting.study import Study
from penstock.proving.samples import Sample
from penstock.quality.report import QualityReport, RuleResult
from penstock.reporting.facts import (
    CalibrationFacts,
    FoldFacts,
    MetricFacts,
    ProvenanceFacts,
    QualityFacts,
    ReportFacts,
    RuleFacts,
    RungFacts,
    RungKind,
    TaskFacts,
    TrialFacts,
    TuningFacts,
)
from penstock.systems.shared.checking import tell_sample
from penstock.systems.shared.judging import ORACLE, oracle_predictions
from penstock.systems.shared.learning import CANDIDATE
from penstock.systems.shared.values import Climb, Ground, Judgement, Learned, PanelShape, ReportLabels, Tried

if TYPE_CHECKING:
    import polars as pl

METRICS = (
    MetricFacts(name="mape", label="MAPE", unit="%", scale=100.0),
    MetricFacts(name="mase", label="MASE"),
    MetricFacts(name="wape", label="WAPE", unit="%", scale=100.0),
    MetricFacts(name="rmspe", label="RMSPE", unit="%", scale=100.0),
)
NOT_ENDED = ProvenanceFacts(run_id="", started_at=datetime(1970, 1, 1, tzinfo=UTC))
_VERDICTS = {"passed": "passed", "noted": "warned", "broken": "failed"}
HISTORY_SEASONS = 4
_SHOWN = frozenset(POINT_METRICS) - {"mse"} | {COST}


@step(stage="report")
def gather(
    ground: Ground, tried: Tried, learned: Learned, labels: ReportLabels, sample: Sample
) -> ReportFacts:
    """Gather the facts of the report from everything the run made.

    Dataset and model version, run and times are added when the run has ended: they say how this came about, and
    equal work must give equal facts.
    """
    import polars.selectors as cs

    candidate, judgement = tried.candidate, learned.evidence.judgement
    return ReportFacts(
        system=labels.system,
        dataset="",
        task=TaskFacts(
            target=labels.target,
            horizon=int(candidate.predictions["step"].max() or 0),  # type: ignore[arg-type] # an integer column
            frequency=ground.shape.frequency,
            unit=labels.unit,
            timezone=labels.timezone,
        ),
        metric=judgement.ladder.metric,
        chosen=CANDIDATE,
        rungs=_rungs(judgement, tried.rungs),
        predictions=_predictions(tried),
        history=ground.panel,
        provenance=NOT_ENDED,
        metrics=_metrics(judgement),
        forecast=learned.forecast.select("series", "time", "prediction", cs.starts_with("lower_", "upper_")),
        slices=judgement.slices,
        slices_bad=judgement.bad,
        calibration=_calibration(learned.evidence.calibration),
        bands=_bands(judgement.candidate),
        tuning=_tuning(learned.study),
        importances=importances(learned.model),
        checks=learned.evidence.all_checks,
        checks_on=tell_sample(sample),
        quality=_quality(ground.shape, ground.report),
    )


def _metrics(judgement: Judgement) -> tuple[MetricFacts, ...]:
    """Return how metrics are shown; a cost in its currency, for each value forecast."""
    saving = judgement.saving
    extra = () if saving is None else (MetricFacts(name=COST, label="Cost a value", unit=saving.currency),)
    return (*METRICS, *extra)


def _rungs(judgement: Judgement, rungs: list[Climb]) -> tuple[RungFacts, ...]:
    scored = [(judgement.candidate, "model"), *((one, "baseline") for one in judgement.ladder.ranked())]
    if judgement.oracle:
        scored.append((judgement.oracle, "oracle"))
    shown = [_rung(scores, kind) for scores, kind in scored]  # type: ignore[arg-type] # literals above
    shown += [
        RungFacts(name=rung.label, label=_spoken(rung.label), kind="baseline", note=rung.note)
        for rung in rungs
        if rung.note
    ]
    return tuple(shown)


def _rung(scores: RungScores, kind: RungKind) -> RungFacts:
    timed = kind != "oracle"
    return RungFacts(
        name=scores.rung,
        label=_spoken(scores.rung),
        kind=kind,
        # The square of another column only makes the table wide; intervals have a section of their own.
        metrics={name: value for name, value in scores.metrics.items() if name in _SHOWN},
        intervals=scores.intervals,
        fit_seconds=scores.fit_seconds if timed else None,
        predict_seconds=scores.predict_seconds if timed else None,
    )


def _predictions(tried: Tried) -> dict[str, pl.DataFrame]:
    found = {tried.candidate.label: tried.candidate.predictions}
    found.update({rung.label: rung.predictions for rung in tried.rungs if not rung.note})
    if tried.oracle is not None:
        found[ORACLE] = oracle_predictions(tried.candidate.predictions, tried.oracle)
    return found


def _bands(candidate: RungScores) -> dict[str, float]:
    """Return the scores of quantiles; those of intervals come from the predictions."""
    shown = ("pinball_", "crps", "price_sum")
    return {name: value for name, value in candidate.metrics.items() if name.startswith(shown)}


def _calibration(made: Calibration | None) -> CalibrationFacts | None:
    if made is None:
        return None
    return CalibrationFacts(
        residuals=made.residuals,
        windows=made.windows,
        origins=made.origins,
        first=made.first,
        last=made.last,
        notes=made.notes,
    )


def _tuning(study: Study) -> TuningFacts | None:
    if not study.trials:
        return None
    return TuningFacts(
        metric=study.metric,
        trials=tuple(
            TrialFacts(
                number=trial.number,
                state=trial.state,
                score=trial.score,
                params=trial.params,
                seconds=trial.seconds,
            )
            for trial in study.trials
        ),
        importances=study.importances,
        folds=tuple(
            FoldFacts(
                fold=row.fold,
                train_end=row.train_end,
                last=row.last,
                rows=row.rows,
                weight=row.weight,
                fit_seconds=row.fit_seconds,
                predict_seconds=row.predict_seconds,
                metrics=row.metrics,
            )
            for row in study.folds
        ),
    )


def _quality(shape: PanelShape, report: QualityReport) -> QualityFacts:
    return QualityFacts(
        rows=shape.rows,
        series=shape.series,
        start=shape.first,
        end=shape.last,
        rules=tuple(_rule(rule, report.rows) for rule in report.rules),
        repaired=shape.cleaning,
    )


def _rule(rule: RuleResult, rows: int) -> RuleFacts:
    return RuleFacts(
        name=rule.rule,
        verdict=_VERDICTS[rule.verdict],  # type: ignore[arg-type] # the table holds the literals
        checked=rows,
        broken=rule.count,
        detail="" if rule.verdict == "passed" else str(rule),
    )


def _spoken(name: str) -> str:
    return name.replace("_", " ")
