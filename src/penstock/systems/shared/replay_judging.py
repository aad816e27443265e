"""Steps that judge a replay: errors by slot and by series against both truths, and the alarms they would have raised."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from penstock.domain.results import SliceScore, Summary
from penstock.engine import step
from penstock.engine.context import log_metrics
from penstock.evaluation.metrics import get_metric
from penstock.forecasting.replay.alarms import (
    AlarmRule,
    SlotError,
    find_alarms,
    medians_before,
    rolling_errors,
)
from penstock.forecasting.replay.forecasts import SlotForecasts
from penstock.systems.shared.learning import CANDIDATE
from penstock.systems.shared.replay_values import Asked, ReplayGround, ReplayJudgement

if TYPE_CHECKING:
    import polars as pl

FIRST_KNOWN = "model_first_known"
NAIVE = "seasonal_naive"
METRICS = ("mape", "mase", "wape", "mae", "rmse", "bias")
WORST = 5


@step(stage="evaluate")
def judge_replay(
    replayed: SlotForecasts, ground: ReplayGround, first: pl.DataFrame, asked: Asked
) -> ReplayJudgement:
    """Score every slot and every series.

    The model is scored against the truth known in the end, which is what the forecasts were for, and against the
    truth known first, which is what an alarm of those days could have seen. Scales of MASE are those of ``first``,
    the panel as known at the first refit: they know nothing of the slots.
    """
    from penstock.evaluation.scores import overall

    scales = _scales(first, ground.frequency)
    names = tuple(dict.fromkeys((asked.metric, *METRICS)))
    variants = _variants(replayed)
    metrics = {rung: _finite(overall(rows, scales, names)) for rung, rows in variants.items()}
    for rung, values in metrics.items():
        log_metrics(rung, values)
    by_slot = _scored(variants, scales, asked.metric, "cutoff").join(
        _slots(replayed), on="cutoff", how="right", maintain_order="right"
    )
    rule = AlarmRule(
        rolling=asked.replay.rolling, factor=asked.replay.alarm_factor, slots=asked.replay.alarm_slots
    )
    by_slot = by_slot.with_columns(_watched(by_slot, rule))
    errors = [
        SlotError(cutoff=cutoff, error=error, judged_at=judged)
        for cutoff, error, judged in by_slot.select("cutoff", "error_first", "judged_at").iter_rows()
    ]
    return ReplayJudgement(
        metrics={rung: values for rung, values in metrics.items() if values},
        by_slot=by_slot,
        by_series=_scored(variants, scales, asked.metric, "series"),
        alarms=tuple(find_alarms(errors, rule)),
        season=replayed.season,
        coverage=_coverage(replayed.rows),
    )


@step(stage="evaluate")
def sum_up_replay(judged: ReplayJudgement, ground: ReplayGround, asked: Asked, simulated: bool) -> Summary:
    """Put the judgement into the run's summary."""
    del ground
    return Summary(
        simulated=simulated,
        model_rung=CANDIDATE,
        metric=asked.metric,
        headline=headline(judged, asked),
        metrics=judged.metrics,
        slices_worst=_worst(judged, asked.metric),
    )


def headline(judged: ReplayJudgement, asked: Asked) -> str:
    """Say in a sentence how the replay went."""
    slots, refits = asked.plan.slots.count, asked.plan.refits
    counted = f"{slots} slots, {refits} refit{'s' if refits != 1 else ''}, {_alarms(len(judged.alarms))}"
    ours = judged.metrics.get(CANDIDATE, {}).get(asked.metric)
    theirs = judged.metrics.get(NAIVE, {}).get(asked.metric)
    if ours is None:
        return f"{counted}; no truth is known yet"
    said = f"{counted}; {asked.metric.upper()} {ours:.4g}"
    if theirs:
        badness = get_metric(asked.metric).badness
        said += (
            f", {badness(ours) / badness(theirs):.3g} × that of the seasonal naive of {judged.season} steps"
        )
    return said


def _alarms(count: int) -> str:
    return f"{count or 'no'} alarm{'' if count == 1 else 's'}"


def _scales(first: pl.DataFrame, frequency: str) -> pl.DataFrame:
    """Return the scales of the panel at the first refit; gaps leave pairs out."""
    from penstock.evaluation.scales import naive_scales
    from penstock.forecasting.panel import regularise, season_lengths

    usable = first.filter(first["y"].is_finite().fill_null(value=False))
    whole = usable.height  # every gap has been judged when the model was fitted
    panel, _ = regularise(usable, frequency, whole)
    seasons = season_lengths(frequency, panel)
    end = panel["time"].max()
    return naive_scales(panel, seasons[0] if seasons else 1, end)  # type: ignore[arg-type] # a column of moments


def _variants(replayed: SlotForecasts) -> dict[str, pl.DataFrame]:
    """Return the rows to score for each rung."""
    import polars as pl

    rows = replayed.rows
    return {
        CANDIDATE: rows,
        FIRST_KNOWN: rows.with_columns(y=pl.col("y_first")),
        NAIVE: rows.with_columns(prediction=pl.col("naive")),
    }


def _scored(variants: dict[str, pl.DataFrame], scales: pl.DataFrame, metric: str, by: str) -> pl.DataFrame:
    """Return ``by``, ``rows``, ``error``, ``error_first``, ``naive``; null where nothing can be scored."""
    import polars as pl

    from penstock.evaluation.scores import score

    columns = {CANDIDATE: "error", FIRST_KNOWN: "error_first", NAIVE: "naive"}
    tables = [
        score(rows, scales, (metric,), by=(by,)).select(
            by, *(["rows"] if rung == CANDIDATE else []), pl.col(metric).fill_nan(None).alias(columns[rung])
        )
        for rung, rows in variants.items()
    ]
    joined = tables[0]
    for table in tables[1:]:
        joined = joined.join(table, on=by, how="full", coalesce=True)
    return joined.sort(by)


def _watched(by_slot: pl.DataFrame, rule: AlarmRule) -> list[pl.Series]:
    """Return the rolling errors, and the height above which the alarm's own one counts."""
    import polars as pl

    means = {
        name: rolling_errors(by_slot[name].to_list(), rule.rolling)
        for name in ("error", "naive", "error_first")
    }
    medians = medians_before(means["error_first"])
    columns = {
        "rolling": means["error"],
        "rolling_naive": means["naive"],
        "rolling_first": means["error_first"],
        "threshold": [None if median is None else rule.factor * median for median in medians],
    }
    return [pl.Series(name, values, dtype=pl.Float64) for name, values in columns.items()]


def _slots(replayed: SlotForecasts) -> pl.DataFrame:
    """Return every slot with its model, when the last of its first truth was known, and how many series it lacks."""
    import polars as pl

    lacking = replayed.refused.group_by("cutoff").agg(refused=pl.len().cast(pl.Int64))
    slots = replayed.rows.group_by("cutoff").agg(
        pl.col("model").first(),
        pl.col("series").n_unique().cast(pl.Int64).alias("series"),
        pl.col("first_known_at").max().alias("judged_at"),
        pl.col("origin").max().alias("known_to"),
    )
    joined = slots.join(lacking, on="cutoff", how="full", coalesce=True)
    return joined.with_columns(pl.col("refused", "series").fill_null(0)).sort("cutoff")


def _coverage(rows: pl.DataFrame) -> dict[str, float]:
    """Return the share of final truths inside each interval that the forecasts have."""
    import polars as pl

    levels = [name.removeprefix("lower_") for name in rows.columns if name.startswith("lower_")]
    known = rows.drop_nulls("y")
    if known.is_empty():
        return {}
    inside = {
        level: pl.col("y").is_between(pl.col(f"lower_{level}"), pl.col(f"upper_{level}")).mean()
        for level in levels
    }
    return {level: float(known.select(share).item()) for level, share in inside.items()}


def _worst(judged: ReplayJudgement, metric: str) -> tuple[SliceScore, ...]:
    scored = judged.by_series.drop_nulls("error").sort("error", "series", descending=[True, False])
    return tuple(
        SliceScore(
            by="series",
            slice=row["series"],
            metric=metric,
            value=row["error"],
            baseline=row["naive"],
            count=row["rows"],
        )
        for row in scored.head(WORST).to_dicts()
    )


def _finite(metrics: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if math.isfinite(value)}
