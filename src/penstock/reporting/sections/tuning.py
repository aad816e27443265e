"""How the configuration was found."""

from __future__ import annotations

from collections.abc import Mapping

from penstock.reporting.blocks import Block, Cell, Chart, Column, Fold, Prose, Row, Section, Table
from penstock.reporting.facts import FoldFacts, MetricFacts, ReportFacts, TrialFacts, TuningFacts
from penstock.reporting.figures.tuning import history, shares
from penstock.reporting.numbers import count, duration, measure, moment, number, share
from penstock.reporting.standing import metric_facts

_BAR_PX = 30
FEATURES_SHOWN = 15


def tuning(facts: ReportFacts) -> Section | None:
    """Return trials, best so far and importances; nothing when nothing was tuned and no importance is known."""
    blocks: list[Block] = []
    if facts.tuning is not None and facts.tuning.trials:
        blocks.extend(_study(facts, facts.tuning))
    charts = _importances(facts)
    if charts:
        blocks.append(Row(blocks=tuple(charts)))
    return Section(id="tuning", title="Tuning", blocks=tuple(blocks)) if blocks else None


def _study(facts: ReportFacts, study: TuningFacts) -> list[Block]:
    metric = metric_facts(facts, study.metric)
    chart = Chart(
        id="tuning-history",
        title=f"{metric.label} of every trial",
        summary=_legend(study),
        figure=history(study, metric),
        height_px=300,
    )
    table = Fold(summary=f"All {count(len(study.trials))} trials", blocks=(_table(study, metric),))
    folds = [_folds(facts, study)] if study.folds else []
    return [Prose(text=_summary(study, metric)), chart, *folds, table]


def _folds(facts: ReportFacts, study: TuningFacts) -> Table:
    """Return how the best trial did on every fold."""
    metrics = [metric_facts(facts, name) for name in study.folds[0].metrics]
    columns = (
        Column(label="Fold"),
        Column(label="Trained up to", tight=True),
        Column(label="Forecast up to", tight=True),
        Column(label="Rows", right=True, hint="Training rows that a trial learned from."),
        Column(label="Weight", right=True, hint="Share of the fold in the score of a trial."),
        Column(label="Fit", right=True),
        Column(label="Predict", right=True),
        *(
            Column(label=f"{one.label} ({one.unit})" if one.unit else one.label, right=True)
            for one in metrics
        ),
    )
    rows = tuple(_fold_row(fold, metrics) for fold in study.folds)
    return Table(caption="The best trial on every fold", columns=columns, rows=rows)


def _fold_row(fold: FoldFacts, metrics: list[MetricFacts]) -> tuple[Cell, ...]:
    values = [(fold.metrics.get(metric.name), metric.scale) for metric in metrics]
    return (
        Cell(text=str(fold.fold), sort=fold.fold),
        Cell(text=moment(fold.train_end), sort=fold.train_end.timestamp()),
        Cell(text=moment(fold.last), sort=fold.last.timestamp()),
        Cell(text=count(fold.rows), sort=fold.rows),
        Cell(text=share(fold.weight), sort=fold.weight),
        Cell(text=duration(fold.fit_seconds), sort=fold.fit_seconds),
        Cell(text=duration(fold.predict_seconds), sort=fold.predict_seconds),
        *(Cell(text=measure(value, "", scale), sort=value) for value, scale in values),
    )


def _legend(study: TuningFacts) -> str:
    text = "Dots are complete trials, crosses were pruned; the line is the best so far."
    early = any(trial.score is None for trial in study.trials)
    return f"{text} Ticks on the floor ended before a score." if early else text


def _best(study: TuningFacts) -> TrialFacts | None:
    scored = [trial for trial in study.trials if trial.state == "complete" and trial.score is not None]
    sign = 1 if study.direction == "minimise" else -1
    return min(scored, key=lambda trial: (sign * (trial.score or 0.0), trial.number), default=None)


def _summary(study: TuningFacts, metric: MetricFacts) -> str:
    states = [trial.state for trial in study.trials]
    counts = [
        f"{count(states.count(state))} {state}"
        for state in ("complete", "pruned", "failed")
        if state in states
    ]
    text = f"{count(len(states))} trials: {', '.join(counts)}."
    best = _best(study)
    if best is not None:
        text += f" Trial {best.number} won with {measure(best.score, metric.unit, metric.scale)}."
    return text + (f" Its configuration is kept as {study.best_config}." if study.best_config else "")


def _table(study: TuningFacts, metric: MetricFacts) -> Table:
    names = list(dict.fromkeys(name for trial in study.trials for name in trial.params))
    unit = f" ({metric.unit})" if metric.unit else ""
    columns = (
        Column(label="Trial"),
        Column(label="State"),
        Column(label=f"{metric.label}{unit}", right=True),
        Column(label="Time", right=True),
        *(Column(label=name, right=True) for name in names),
    )
    best = _best(study)
    strong = frozenset(i for i, trial in enumerate(study.trials) if trial is best)
    rows = tuple(_row(trial, names, metric) for trial in study.trials)
    return Table(caption="Every trial with its parameters", columns=columns, rows=rows, strong=strong)


def _row(trial: TrialFacts, names: list[str], metric: MetricFacts) -> tuple[Cell, ...]:
    return (
        Cell(text=str(trial.number), sort=trial.number),
        Cell(text=trial.state, tone="plain" if trial.state == "complete" else "quiet"),
        Cell(text=measure(trial.score, "", metric.scale), sort=trial.score),
        Cell(text=duration(trial.seconds), sort=trial.seconds),
        *(_param(trial.params.get(name)) for name in names),
    )


def _param(value: object) -> Cell:
    if isinstance(value, float):
        return Cell(text=number(value), sort=value)
    if isinstance(value, int) and not isinstance(value, bool):
        return Cell(text=count(value), sort=value)
    return Cell(text="" if value is None else str(value))


def _importances(facts: ReportFacts) -> list[Block]:
    charts: list[Block] = []
    if facts.tuning is not None and facts.tuning.importances:
        charts.append(_bars("tuning-importances", "Which parameters mattered", facts.tuning.importances))
    if facts.importances:
        charts.append(_bars("feature-importances", "Which features mattered", facts.importances))
    return charts


def _bars(id_: str, title: str, values: Mapping[str, float]) -> Chart:
    shown = dict(sorted(values.items(), key=lambda item: (-item[1], item[0]))[:FEATURES_SHOWN])
    summary = "Share of the whole importance."
    return Chart(
        id=id_, title=title, summary=summary, figure=shares(shown), height_px=30 + _BAR_PX * len(shown)
    )
