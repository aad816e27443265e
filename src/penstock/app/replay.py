"""``penstock replay``: what a system would have said at every past cutoff, knowing only what was known then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from penstock.app.forecast_files import write_forecast
from penstock.app.plan import configure, pinned_by
from penstock.app.run import RunOptions, RunOutcome, carry_out
from penstock.app.session import Session
from penstock.domain.errors import UsageError
from penstock.domain.results import Result
from penstock.engine.execute import Execution
from penstock.engine.records import StepRecord
from penstock.forecasting.replay.slots import ReplayPlan, in_utc, plan_slots
from penstock.storage.datasets import DatasetPin

if TYPE_CHECKING:
    from penstock.domain.events import Listener
    from penstock.forecasting.replay.forecasts import SlotForecasts
    from penstock.reporting.replay_facts import ReplayFacts

VERB = "replay"


@dataclass(frozen=True, kw_only=True)
class ReplayOptions:
    """What the user asked for: cutoffs from ``start`` up to ``end`` (excluded), ``every`` so often, and the refits.

    Moments without a time zone are in UTC. ``config`` and ``overrides`` are those of a run.
    """

    system: str
    start: datetime
    end: datetime
    every: str = "1d"
    refit: str = "7d"
    overrides: tuple[str, ...] = ()
    config: str | None = None
    jobs: int = 1
    command: tuple[str, ...] = ()


class AlarmResult(Result):
    """An alarm that would have been raised: at which slot, when its truth was known, the error and its median."""

    cutoff: datetime
    raised_at: datetime
    error: float
    median: float


class ReplayResult(Result):
    """Summary of one replay.

    ``metrics`` maps rung → metric → value. ``digest`` covers every forecast with both truths: equal work gives an
    equal digest, whatever the executor and the chunks. ``seconds`` is wall time; ``speedup`` the seconds of all steps
    that ran over it. ``known`` is the share of rows by how it is known when they were known. ``report`` and
    ``forecasts`` are paths.
    """

    run_id: str
    system: str
    status: str
    simulated: bool
    headline: str
    slots: int
    refits: int
    refused: int
    metrics: dict[str, dict[str, float]]
    alarms: tuple[AlarmResult, ...]
    known: dict[str, float]
    digest: str
    seconds: float
    cpu_seconds: float
    cost: float | None
    speedup: float
    report: str | None
    forecasts: str


@dataclass(frozen=True, kw_only=True)
class ReplayOutcome:
    """A finished replay: its own result, and the run that it is in the catalogue."""

    result: ReplayResult
    run: RunOutcome


def replay(options: ReplayOptions, session: Session, listeners: Sequence[Listener] = ()) -> ReplayOutcome:
    """Replay a system over the past.

    Raises
    ------
    UsageError
        The range has no slot, reaches into the future, or does not fit the steps of the data; the system cannot
        look back.
    DataError
        Nothing was known at the first cutoff, or too little to learn from.
    PenstockError
        A step failed; finished slots stay committed and the same command continues.
    """
    plan = plan_slots(options.start, options.end, options.every, options.refit)
    _refuse_future(plan, session.clock())
    ready = configure(options.system, options.overrides, session, config=options.config)
    pipeline = ready.system.replay
    if pipeline is None:
        raise UsageError(
            f"System {ready.system.name!r} cannot be replayed: it has no pipeline that looks back. Give its System a "
            "`replay`, such as one built on penstock.systems.shared.replay.look_back."
        )
    pinned = pinned_by(session, pipeline, ready)
    _require_clocks(pinned)
    planned = ready.planned(pipeline.plan(ready.config.value, plan, *pinned), pinned)
    outcome = carry_out(planned, _run_options(options), session, listeners)
    return ReplayOutcome(result=_result(outcome, plan, session), run=outcome)


def _refuse_future(plan: ReplayPlan, now: datetime) -> None:
    if plan.slots.last > now:
        raise UsageError(
            f"the last cutoff is {plan.slots.last:%Y-%m-%d %H:%M} UTC, and now it is {now:%Y-%m-%d %H:%M} UTC: nobody "
            "knows yet what will be known then; let the replay end earlier"
        )


def _require_clocks(pinned: Sequence[DatasetPin]) -> None:
    """Refuse versions that were not cut from a table: they do not say when their rows were known."""
    for pin in pinned:
        if pin.cut is None:
            raise UsageError(
                f"dataset={pin.reference} was not cut from a table, so nobody knows when its rows became known; name "
                "a version that `penstock data ingest` published, or leave `dataset` out"
            )


def _run_options(options: ReplayOptions) -> RunOptions:
    moments = (("--from", options.start), ("--to", options.end))
    return RunOptions(
        system=options.system,
        overrides=options.overrides,
        jobs=options.jobs,
        config=options.config,
        command=options.command,
        verb=VERB,
        arguments=(
            *(text for name, moment in moments for text in (name, in_utc(moment).isoformat())),
            *("--every", options.every, "--refit", options.refit),
        ),
    )


def _result(outcome: RunOutcome, plan: ReplayPlan, session: Session) -> ReplayResult:
    run, record = outcome.result, outcome.record
    execution = Execution(record=record, store=session.store)
    replayed = cast("SlotForecasts", execution.output("slots"))
    facts = cast("ReplayFacts", execution.output("report"))
    ran = [step.report for step in record.steps if step.report.state == "ran"]
    seconds = (record.finished_at - record.started_at).total_seconds()
    costs = [step.cost for step in ran if step.cost is not None]
    forecasts = write_forecast(replayed.rows, session.workspace.runs / run.run_id / "slots.parquet")
    return ReplayResult(
        run_id=run.run_id,
        system=run.system,
        status=run.status,
        simulated=run.simulated,
        headline=run.headline,
        slots=plan.slots.count,
        refits=plan.refits,
        refused=replayed.refused.height,
        metrics=run.metrics,
        alarms=tuple(
            AlarmResult(cutoff=one.cutoff, raised_at=one.raised_at, error=one.error, median=one.median)
            for one in facts.alarms
        ),
        known=dict(facts.known.shares),
        digest=_digest(record.step(record.outputs["slots"])),
        seconds=round(seconds, 3),
        cpu_seconds=round(sum(step.cpu_seconds for step in ran), 3),
        cost=sum(costs) if costs else None,
        speedup=round(sum(step.seconds for step in ran) / seconds, 3) if seconds else 0.0,
        report=run.report,
        forecasts=str(forecasts),
    )


def _digest(step: StepRecord | None) -> str:
    return step.output.logical if step is not None and step.output is not None else ""
