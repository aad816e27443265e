"""Steps that judge: score every rung, sum up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.domain.errors import DataError, bounded
from penstock.domain.results import SplitFacts, Summary
from penstock.engine import step
from penstock.engine.context import log_metrics
from penstock.evaluation.bad_slices import bad_slices
from penstock.evaluation.bootstrap import BootstrapConfig
from penstock.evaluation.costs import COST, SAVED, Saving, saving
from penstock.evaluation.ladder import Ladder, RungRequest, RungScores, beats_all, score_rung
from penstock.evaluation.metrics import POINT_METRICS, get_metric
from penstock.evaluation.slices import SliceRequest, slice_scores, worst
from penstock.evaluation.splits import Split
from penstock.evaluation.undefined import deciding
from penstock.forecasting.forecaster import ForecastModel
from penstock.proving.samples import Sample
from penstock.quality.report import QualityReport
from penstock.systems.shared.checking import tell_sample
from penstock.systems.shared.learning import CANDIDATE, known_seasons
from penstock.systems.shared.values import (
    Climb,
    Evidence,
    Judgement,
    Judging,
    PanelShape,
    RemarkedClimb,
    Tried,
)

if TYPE_CHECKING:
    import polars as pl

ORACLE = "oracle"


@step(stage="evaluate")
def judge(panel: pl.DataFrame, shape: PanelShape, split: Split, tried: Tried, judging: Judging) -> Judgement:
    """Score the candidate, every rung and the oracle on the final window, overall and by slice."""
    from penstock.evaluation.scales import naive_scales
    from penstock.evaluation.splits import up_to

    decided = deciding(up_to(panel, split.train_end), judging.metric)
    scales = naive_scales(panel, (known_seasons(panel, shape, split) or (1,))[0], split.train_end)
    request = scoring(judging)
    candidate, rungs = tried.candidate, tried.rungs
    climbed = [rung for rung in rungs if not rung.note]
    scored = {rung.label: _scores(rung, scales, request) for rung in (candidate, *climbed)}
    told = _oracle_scores(candidate.predictions, tried.oracle, scales, request)
    others = tuple(scored[rung.label] for rung in climbed)
    _require_rungs(rungs)
    ladder = Ladder(metric=decided.metric, rungs=others)
    by_label = {rung.label: rung.predictions for rung in climbed}
    baseline = by_label[ladder.best().rung]
    by = SliceRequest(metric=decided.metric, by=("series", *shape.static))
    judged = scored[CANDIDATE]
    _require_number(judged, decided.metric)
    judged = with_bands(judged, candidate.predictions, judging)
    saved = _saving(candidate.predictions, by_label, scored, judging)
    judged = with_saving(judged, saved)
    scored[CANDIDATE] = judged
    for name, scores in scored.items():
        log_metrics(name, scores.metrics)
    naives = [rung.predictions for rung in climbed if rung.rung.startswith("seasonal_naive")]
    return Judgement(
        candidate=judged,
        ladder=ladder,
        oracle=told,
        verdict=beats_all(judged, others, decided.metric),
        skipped={rung.label: rung.note for rung in rungs if rung.note},
        slices=slice_scores(candidate.predictions, scales, by, baseline),
        bad=bad_slices(candidate.predictions, baseline, scales, by, request.bootstrap),
        over_naive=over_naive(candidate.predictions, naives),
        over_oracle=_over_oracle(judged, told),
        notes=(
            *((decided.note,) if decided.note else ()),
            *(f"rung {rung.label}: {rung.remark}" for rung in climbed if isinstance(rung, RemarkedClimb)),
        ),
        saving=saved,
    )


@step(stage="evaluate")
def describe_split(panel: pl.DataFrame, split: Split, model: ForecastModel) -> SplitFacts:
    """Say what the candidate was trained on and judged by, and which columns it saw."""
    from penstock.evaluation.splits import summarise

    return summarise(panel, split, model.columns)


@step(stage="evaluate")
def sum_up(
    evidence: Evidence, split: SplitFacts, report: QualityReport, simulated: bool, sample: Sample
) -> Summary:
    """Put the judgement, and what was left out or repaired on the way to it, into the run's summary."""
    judgement = evidence.judgement
    extra = {
        "mae_over_naive": judgement.over_naive,
        "mae_over_oracle": judgement.over_oracle,
    }
    scores = {
        one.rung: one
        for one in (
            judgement.candidate,
            *judgement.ladder.ranked(),
            *([judgement.oracle] if judgement.oracle else []),
        )
    }
    metrics = {name: dict(one.metrics) for name, one in scores.items()}
    metrics[CANDIDATE].update({name: value for name, value in extra.items() if value is not None})
    return Summary(
        simulated=simulated,
        model_rung=CANDIDATE,
        metric=judgement.ladder.metric,
        headline=headline(judgement),
        notes=(
            *judgement.notes,
            *(f"rung {rung} left out: {note}" for rung, note in judgement.skipped.items()),
            *(evidence.calibration.notes if evidence.calibration else ()),
            *([evidence.conversion.note] if evidence.conversion.note else []),
            *map(str, report.noted),
        ),
        split=split,
        metrics=metrics,
        intervals={name: dict(one.intervals) for name, one in scores.items()},
        slices_worst=worst(judgement.slices),
        slices_bad=judgement.bad,
        checks=evidence.all_checks,
        checks_on=tell_sample(sample),
    )


def headline(judgement: Judgement) -> str:
    """Say in a sentence how the candidate stands."""
    best = judgement.ladder.best()
    metric = judgement.ladder.metric
    ours, theirs = judgement.candidate.metrics.get(metric), best.metrics.get(metric)
    if ours is None or theirs is None or theirs == 0:
        return judgement.verdict.describe()
    badness = get_metric(metric).badness
    gain = 1 - badness(ours) / badness(theirs)
    word = "better" if gain >= 0 else "worse"
    parts = [f"{metric.upper()} {ours:.4g}, {abs(gain):.1%} {word} than the best baseline ({best.rung})"]
    if judgement.over_naive is not None:
        parts.append(f"MAE {judgement.over_naive:.3f} × the better seasonal naive (mean over series)")
    if judgement.over_oracle is not None:
        parts.append(f"MAE {judgement.over_oracle:.2f} × the oracle")
    if judgement.saving is not None:
        parts.append(f"costs {judgement.saving.describe()}")
    parts += [
        f"{name.removeprefix('coverage_')} % intervals hold {held:.1%}"
        for name, held in judgement.candidate.metrics.items()
        if name.startswith("coverage_")
    ]
    return "; ".join(parts)


def _require_rungs(rungs: list[Climb]) -> None:
    if all(rung.note for rung in rungs):
        reasons = bounded([f"{rung.label}: {rung.note}" for rung in rungs])
        raise DataError(
            f"no rung of the ladder can be built from these data ({reasons}), so nothing tells what the model is "
            "worth; give more data, or add a rung such as seasonal_naive_short to `ladder`"
        )


def _require_number(candidate: RungScores, metric: str) -> None:
    if metric not in candidate.metrics:
        usable = [name for name in ("mae", "wape", "mase", "mape") if name in candidate.metrics]
        raise DataError(
            f"the model has no {metric.upper()} on the final window, so nothing can be said of it: of "
            f"{candidate.rows} values {candidate.near_zero_rows} are near zero (no relative metric) and "
            f"{candidate.unscaled_rows} belong to series whose seasonal naive never errs (no scaled metric); "
            + (
                f"choose another, such as metric={usable[0]}"
                if usable
                else "no value was scored, or a forecast is missing"
            )
        )


def with_bands(judged: RungScores, predictions: pl.DataFrame, judging: Judging) -> RungScores:
    """Return the scores with those of intervals and quantiles beside, where the predictions have bounds."""
    from penstock.evaluation.bands import band_metrics

    metrics, ends = band_metrics(predictions, judging.bands, BootstrapConfig(seed=judging.seed))
    return judged.model_copy(
        update={"metrics": {**judged.metrics, **metrics}, "intervals": {**judged.intervals, **ends}}
    )


def scoring(judging: Judging) -> RungRequest:
    """Return how rungs are scored: by every point metric, and by cost where errors have prices."""
    bootstrap = BootstrapConfig(seed=judging.seed)
    if judging.cost is None:
        return RungRequest(bootstrap=bootstrap)
    return RungRequest(metrics=(*POINT_METRICS, COST), bootstrap=bootstrap, options=judging.cost.options)


def with_saving(judged: RungScores, saved: Saving | None) -> RungScores:
    """Return the scores with what the model saves, and its interval, where errors have prices."""
    if saved is None:
        return judged
    ends = {SAVED: saved.interval} if saved.interval else {}
    return judged.model_copy(
        update={
            "metrics": {**judged.metrics, SAVED: saved.value},
            "intervals": {**judged.intervals, **ends},
        }
    )


def _saving(
    ours: pl.DataFrame, rungs: dict[str, pl.DataFrame], scored: dict[str, RungScores], judging: Judging
) -> Saving | None:
    if judging.cost is None:
        return None
    costs = {name: scored[name].metrics.get(COST) for name in rungs}
    priced = {name: (cost, rungs[name]) for name, cost in costs.items() if cost is not None}
    return saving(ours, priced, judging.cost, BootstrapConfig(seed=judging.seed))


def _over_oracle(candidate: RungScores, oracle: RungScores | None) -> float | None:
    ours, theirs = candidate.metrics.get("mae"), oracle.metrics.get("mae") if oracle else None
    return ours / theirs if ours is not None and theirs else None


def _scores(climb: Climb, scales: pl.DataFrame, request: RungRequest) -> RungScores:
    return score_rung(
        climb.label, climb.predictions, scales, request, (climb.fit_seconds, climb.predict_seconds)
    )


def _oracle_scores(
    predictions: pl.DataFrame, oracle: pl.DataFrame | None, scales: pl.DataFrame, request: RungRequest
) -> RungScores | None:
    if oracle is None:
        return None
    return score_rung(ORACLE, oracle_predictions(predictions, oracle), scales, request)


def oracle_predictions(predictions: pl.DataFrame, oracle: pl.DataFrame) -> pl.DataFrame:
    """Return ``predictions`` with the oracle's expectation in place of the forecast."""
    expected = oracle.select("series", "time", "expected")
    return (
        predictions.drop("prediction")
        .join(expected, on=["series", "time"], how="left", maintain_order="left")
        .rename({"expected": "prediction"})
    )


def over_naive(predictions: pl.DataFrame, naives: list[pl.DataFrame]) -> float | None:
    """Return the mean over series of MAE over that of the better naive.

    A series whose better naive never errs is left out. ``None`` where none is left, without naives, and where a
    forecast is missing.
    """
    import numpy as np
    import polars as pl

    if not naives:
        return None
    best = pl.concat(map(_mae_by_series, naives)).group_by("series").agg(pl.col("mae").min().alias("naive"))
    joined = _mae_by_series(predictions).join(best, on="series", maintain_order="left")
    ratios = joined.filter(pl.col("naive") > 0).select(pl.col("mae") / pl.col("naive")).to_series().to_numpy()
    # Not by the library's mean, whose last bit changes with the number of threads.
    return float(np.mean(ratios)) if len(ratios) and np.isfinite(ratios).all() else None


def _mae_by_series(predictions: pl.DataFrame) -> pl.DataFrame:
    from penstock.evaluation.scores import score

    return score(predictions, None, ["mae"], ["series"]).select("series", "mae")
