"""The pipeline of a replay: for every past cutoff what the system would have said, knowing only what was known then.

Slots between two refits are cut into chunks, each a step of its own. A chunk takes three things: the panel as known
at the refit, what was learned from there to its last cutoff, and the model. A revision that was learned later changes
none of them, so that it repeats only the chunks that saw it, and a killed replay goes on where it was.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from penstock.domain.errors import DataError
from penstock.domain.values import Resources
from penstock.engine import step
from penstock.forecasting.forecaster import ForecastModel
from penstock.forecasting.replay.forecasts import SlotForecasts, SlotRequest
from penstock.forecasting.replay.slots import ReplayPlan
from penstock.quality.config import QualityConfig
from penstock.systems.shared.data import check_panel, prepare, set_aside, without
from penstock.systems.shared.pipeline import Labels, report_labels
from penstock.systems.shared.replay_judging import judge_replay, sum_up_replay
from penstock.systems.shared.replay_reporting import replay_facts
from penstock.systems.shared.replay_values import Asked, ReplayGround
from penstock.systems.shared.values import Effort, Start

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import polars as pl

    from penstock.forecasting.replay.slots import SlotRange
    from penstock.systems.shared.config import ForecastingConfig


@step(stage="prepare")
def in_order(knowledge: pl.DataFrame) -> pl.DataFrame:
    """Sort a history by series, stamp and order of learning, once for all that read it.

    Raises
    ------
    DataError
        If it is no history: a column or a clock is missing.
    """
    from penstock.forecasting.knowledge import require_history

    return require_history(knowledge)


@step(stage="validate")
def survey(history: pl.DataFrame, plan: ReplayPlan) -> ReplayGround:
    """Say what is known from when to when and how, and refuse slots that these data cannot have.

    Raises
    ------
    DataError
        If nothing was known at the first cutoff, or nothing is learned from it on.
    UsageError
        If the slots are no whole number of steps of the data apart.
    """
    from penstock.forecasting.panel import detect_frequency
    from penstock.forecasting.replay.slots import require_whole_steps
    from penstock.forecasting.replay.truth import known_shares

    if history.is_empty():
        raise DataError("there are no observations to replay; ingest some, or widen the window of the source")
    moments = history["known_at"].sort()
    first, last = moments[0], moments[-1]
    start = plan.slots.start
    if start < first or start > last:
        fault = (
            f"before anything was known: the first row is known since {first:%Y-%m-%d %H:%M}"
            if start < first
            else f"after all was known: the last row is known since {last:%Y-%m-%d %H:%M}"
        )
        raise DataError(
            f"the replay starts at {start:%Y-%m-%d %H:%M} UTC, {fault} UTC; start between {first:%Y-%m-%d %H:%M} "
            f"and {last:%Y-%m-%d %H:%M}, late enough for the model to have something to learn from"
        )
    frequency = detect_frequency(history)
    require_whole_steps(plan.slots.every, frequency)
    keys = history.select("series", "time").n_unique()
    return ReplayGround(
        frequency=frequency,
        first_known=first,
        last_known=last,
        rows=history.height,
        revised=history.height - keys,
        series=history["series"].n_unique(),
        shares=dict(known_shares(history)),
    )


@step(stage="prepare")
def as_known(history: pl.DataFrame, ground: ReplayGround, cutoff: datetime) -> pl.DataFrame:
    """Return the panel as it was known at a refit; ``ground`` is taken so that a replay in vain ends early."""
    from penstock.forecasting.knowledge import known_as_of

    del ground
    return known_as_of(history, cutoff)


@step(stage="prepare")
def arrivals(history: pl.DataFrame, ground: ReplayGround, after: datetime, until: datetime) -> pl.DataFrame:
    """Return what was learned between a refit and the last cutoff of a chunk."""
    from penstock.forecasting.knowledge import learned_between

    del ground
    return learned_between(history, after, until)


@step(stage="train")
def fit_as_known(known: pl.DataFrame, start: Start, quality: QualityConfig, effort: Effort) -> ForecastModel:
    """Check, prepare and learn from what was known, exactly as a training of that moment.

    Raises
    ------
    DataError
        If such a training would have been refused: a rule is broken, or the history is too short.
    """
    from penstock.forecasting.training import fit

    panel = prepare(known, check_panel(known, quality, None), quality)
    return fit(panel, start.features, start.model, seed=effort.seed, threads=effort.threads)


@step(stage="evaluate")
def forecast_chunk(
    known: pl.DataFrame, learned: pl.DataFrame, model: ForecastModel, request: SlotRequest
) -> SlotForecasts:
    """Forecast every slot of a chunk from what was known at its cutoff."""
    from penstock.forecasting.replay.forecasts import forecast_slots

    return forecast_slots(known, learned, model, request)


@step(stage="evaluate")
def collect(history: pl.DataFrame, done: list[SlotForecasts]) -> SlotForecasts:
    """Put all chunks together and set both truths beside every forecast: the one in the end, and the one known first."""
    import polars as pl

    from penstock.forecasting.replay.truth import with_truth

    rows = pl.concat([chunk.rows for chunk in done])
    return SlotForecasts(
        rows=with_truth(rows, history).rechunk(),
        refused=pl.concat([chunk.refused for chunk in done]).rechunk(),
        season=max(chunk.season for chunk in done),
    )


def look_back(
    knowledge: pl.DataFrame, cfg: ForecastingConfig, labels: Labels, plan: ReplayPlan
) -> dict[str, object]:
    """Draw the steps of a replay; call it inside a pipeline.

    Parameters
    ----------
    knowledge
        History of the panel with both clocks: see ``penstock.forecasting.knowledge``.
    cfg, labels
        Configuration of the system, and what it calls its things. The model is trained as configured, without search.
    plan
        The cutoffs and the refits.

    Returns
    -------
    dict
        The outputs that the application knows by name: ``slots``, ``summary``, ``report``.
    """
    history = in_order(knowledge)
    ground = survey(history, plan)
    first: pl.DataFrame | None = None
    done: list[SlotForecasts] = []
    for period in plan.periods():
        known = _accepted(history, ground, period.start, cfg.quality)
        first = known if first is None else first
        done += _period(_Period(history=history, ground=ground, known=known, slots=period), cfg)
    replayed = collect(history, done)
    asked = Asked(plan=plan, horizon=cfg.horizon, metric=cfg.metric, replay=cfg.replay, source=labels.source)
    judged = judge_replay(replayed, ground, first, asked)  # type: ignore[arg-type] # a plan has at least one period
    return {
        "slots": replayed,
        "summary": sum_up_replay(judged, ground, asked, labels.simulated),
        "report": replay_facts(replayed, judged, ground, asked, report_labels(cfg, labels)),
    }


def _accepted(
    history: pl.DataFrame, ground: ReplayGround, refit: datetime, quality: QualityConfig
) -> pl.DataFrame:
    """Draw the steps to what a refit may learn from: with a quarantine, without the rows that break a rule by then."""
    name = _stamp(refit)
    known = as_known.named(f"as_known-{name}")(history, ground, refit)
    if not quality.quarantine:
        return known
    aside = set_aside.named(f"set_aside-{name}")(known, _quality_at(quality, refit))
    return without.named(f"accepted-{name}")(known, aside)


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Period:
    """The slots of one model, and what they are forecast from."""

    history: pl.DataFrame
    ground: ReplayGround
    known: pl.DataFrame
    slots: SlotRange


def _period(period: _Period, cfg: ForecastingConfig) -> Iterator[SlotForecasts]:
    fitted_at = period.slots.start
    threads = Resources(cpu=cfg.replay.threads)
    fit = dataclasses.replace(fit_as_known, name=f"fit-{_stamp(fitted_at)}", resources=threads)
    model = fit(
        period.known,
        Start(features=cfg.features, model=cfg.model.for_horizon(cfg.horizon)),
        _quality_at(cfg.quality, fitted_at),
        Effort(seed=cfg.seed, threads=cfg.replay.threads),
    )
    for slots in period.slots.parts(cfg.replay.chunk):
        name = _stamp(slots.start)
        learned = arrivals.named(f"arrivals-{name}")(period.history, period.ground, fitted_at, slots.last)
        request = SlotRequest(
            slots=slots, horizon=cfg.horizon, max_gap=cfg.quality.max_gap, fitted_at=fitted_at
        )
        yield forecast_chunk.named(f"slots-{name}")(period.known, learned, model, request)


def _quality_at(quality: QualityConfig, cutoff: datetime) -> QualityConfig:
    """Return the rules as they were asked at ``cutoff``."""
    return quality if quality.lag_days is None else quality.model_copy(update={"as_of": cutoff})


def _stamp(moment: datetime) -> str:
    """Return a moment as part of a step's name."""
    return f"{moment:%Y%m%d}" if (moment.hour, moment.minute) == (0, 0) else f"{moment:%Y%m%dT%H%M}"
