"""Replays: equal whoever executes them, blind for what was learned later, clear about what cannot be."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast
from uuid import uuid4

import polars as pl
import pytest

from penstock.app.compare import compare_runs
from penstock.app.plan import configure
from penstock.app.replay import ReplayOptions, ReplayOutcome, replay
from penstock.app.reproduce import reproduce
from penstock.app.runs import list_runs, show_run
from penstock.app.session import Session
from penstock.app.why import explain
from penstock.domain.errors import DataError, PenstockError, UsageError
from penstock.forecasting.replay.forecasts import SlotRequest
from penstock.forecasting.replay.slots import plan_slots
from penstock.testing.panels import START

if TYPE_CHECKING:
    from tests.app.past import LAG, REVISED_AT, history, revised, write_system
else:
    from app.past import LAG, REVISED_AT, history, revised, write_system

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FIRST = START + timedelta(days=10)
LAST = START + timedelta(days=16)
Replayed = Callable[..., ReplayOutcome]


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session.open(tmp_path / "home", environ={"PENSTOCK_TRACKING_URI": "off"}, clock=lambda: NOW)


@pytest.fixture
def asked(tmp_path: Path) -> ReplayOptions:
    """Six days of slots every six hours with a refit every two days, on a history without revisions."""
    history().write_parquet(tmp_path / "history.parquet")
    return ReplayOptions(
        system=str(write_system(tmp_path / f"past_{uuid4().hex}")),
        overrides=(f"history={tmp_path / 'history.parquet'}",),
        start=FIRST,
        end=LAST,
        every="6h",
        refit="2d",
    )


def rows_of(outcome: ReplayOutcome) -> pl.DataFrame:
    return pl.read_parquet(outcome.result.forecasts)


def states(outcome: ReplayOutcome, prefix: str) -> dict[str, str]:
    """Return the states of the chunks by the moment of their first slot."""
    steps = {step.name: step.state for step in outcome.run.result.steps}
    return {name.removeprefix(prefix): state for name, state in steps.items() if name.startswith(prefix)}


def test_every_slot_is_forecast_from_what_was_known_and_judged_in_the_end(
    asked: ReplayOptions, session: Session
) -> None:
    outcome = replay(asked, session)
    result, rows = outcome.result, rows_of(outcome)
    assert (result.slots, result.refits, result.refused, result.status) == (24, 3, 0, "done")
    assert rows.height == 24 * 2 * 6
    assert (rows["origin"] + LAG <= rows["cutoff"]).all()
    assert (rows["cutoff"] - rows["origin"] - LAG < timedelta(hours=1)).all()
    assert (rows["model"] <= rows["cutoff"]).all()
    assert rows["model"].n_unique() == 3
    expected = (rows["y"] - rows["prediction"]).abs().mean()
    assert result.metrics["model"]["mae"] == pytest.approx(expected)
    assert set(result.metrics) == {"model", "model_first_known", "seasonal_naive"}
    assert result.known == {"published": 1.0}
    assert Path(cast("str", result.report)).stat().st_size


def test_executors_and_chunks_change_nothing(asked: ReplayOptions, tmp_path: Path) -> None:
    def digest(name: str, jobs: int, chunk: int) -> tuple[str, object]:
        own = Session.open(tmp_path / name, environ={"PENSTOCK_TRACKING_URI": "off"}, clock=lambda: NOW)
        wanted = dataclasses.replace(asked, jobs=jobs, overrides=(*asked.overrides, f"replay.chunk={chunk}"))
        result = replay(wanted, own).result
        return result.digest, result.metrics

    alone = digest("one", 1, 3)
    assert digest("two", 2, 3) == alone
    assert digest("whole", 1, 48) == alone
    assert digest("single", 1, 1) == alone


def test_a_revision_is_unseen_before_it_was_known_and_repeats_only_what_saw_it(
    asked: ReplayOptions, session: Session, tmp_path: Path
) -> None:
    before = replay(asked, session)
    revised(history()).write_parquet(tmp_path / "history.parquet")
    after = replay(asked, session)
    early = pl.col("cutoff") < REVISED_AT
    forecasts = pl.exclude("y", "y_first", "first_known_at")
    old, new = rows_of(before), rows_of(after)
    assert old.filter(early).select(forecasts).equals(new.filter(early).select(forecasts))
    assert not old.filter(~early).select(forecasts).equals(new.filter(~early).select(forecasts))
    chunks = states(after, "slots-")
    assert len(chunks) == 9
    saw = f"{START + timedelta(days=14):%Y%m%d}"
    assert {name: state for name, state in chunks.items() if name < saw} == dict.fromkeys(
        (name for name in chunks if name < saw), "reused"
    )
    assert "ran" in chunks.values()


def test_truths_are_the_last_and_the_first_ones(
    asked: ReplayOptions, session: Session, tmp_path: Path
) -> None:
    revised(history()).write_parquet(tmp_path / "history.parquet")
    outcome = replay(asked, session)
    doubled = rows_of(outcome).filter(pl.col("y") != pl.col("y_first"))
    assert doubled.height
    assert set(doubled["series"]) == {"a1"}
    assert (doubled["y"] == doubled["y_first"] * 2).all()
    assert outcome.result.metrics["model"]["mae"] != outcome.result.metrics["model_first_known"]["mae"]


def test_the_same_replay_again_forecasts_no_slot_again(asked: ReplayOptions, session: Session) -> None:
    first, again = replay(asked, session), replay(asked, session)
    assert set(states(again, "slots-").values()) == {"reused"}
    assert again.result.digest == first.result.digest


def test_a_replay_is_a_run_like_others(asked: ReplayOptions, session: Session) -> None:
    outcome = replay(asked, session)
    run_id = outcome.result.run_id
    assert [line.run_id for line in list_runs(session)] == [run_id]
    assert show_run(session, run_id).verb == "replay"
    name = next(iter(states(outcome, "slots-")))
    assert explain(session, run_id, f"slots-{name}").state == "ran"
    shorter = replay(dataclasses.replace(asked, end=LAST - timedelta(days=1)), session).result.run_id
    told = {one.name: one.values for one in compare_runs(session, (run_id, shorter)) if one.kind == "asked"}
    assert told == {"--to": ("2024-01-17T00:00:00+00:00", "2024-01-16T00:00:00+00:00")}


def test_a_replay_can_be_reproduced(asked: ReplayOptions) -> None:
    session = Session.open(Path(asked.system).parent / "home", environ={"PENSTOCK_TRACKING_URI": "off"})
    outcome = replay(dataclasses.replace(asked, end=FIRST + timedelta(days=1)), session)
    assert reproduce(session, outcome.result.run_id).is_equal


def test_two_months_of_hours_plan_without_a_node_for_each_slot(
    asked: ReplayOptions, session: Session
) -> None:
    ready = configure(asked.system, (*asked.overrides, "replay.chunk=48"), session)
    plan = plan_slots(START, START + timedelta(days=60), "1h", "7d")
    assert ready.system.replay is not None
    graph = ready.system.replay.plan(ready.config.value, plan)
    requests = [node.arguments["request"] for node in graph.nodes if node.name.startswith("slots-")]
    assert sum(request.slots.count for request in requests if isinstance(request, SlotRequest)) == 1440
    chunks = 8 * 4 + 2  # 168 hours of a week in chunks of 48, and the four days of the last one
    assert len(requests) == chunks
    before, after = 3, 4  # knowledge, in_order, survey; collect, judge, sum up, gather
    assert len(graph.nodes) == before + 2 * plan.refits + 2 * chunks + after


def test_a_day_on_which_clocks_change_has_as_many_hours_as_any_other(
    asked: ReplayOptions, session: Session, tmp_path: Path
) -> None:
    change = datetime(2024, 3, 31, tzinfo=UTC)
    history(start=change - timedelta(days=12)).write_parquet(tmp_path / "history.parquet")
    wanted = dataclasses.replace(
        asked,
        overrides=(
            *asked.overrides,
            "horizon=24",
            "timezone=Europe/Copenhagen",
            "features.time_zone=Europe/Copenhagen",
        ),
        start=change - timedelta(days=1),
        end=change + timedelta(days=3),
        every="1d",
    )
    rows = rows_of(replay(wanted, session))
    assert rows.group_by("cutoff", "series").len()["len"].unique().to_list() == [24]
    assert (
        (rows["time"] - rows["origin"])
        .dt.total_hours()
        .equals(rows["step"].cast(pl.Int64), check_names=False)
    )


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"end": FIRST}, UsageError, "no cutoff lies from 2024-01-11 00:00 up to 2024-01-11 00:00 UTC"),
        ({"every": "1d", "refit": "6h"}, UsageError, "refit=6h is no whole number of slots of every=1d"),
        (
            {"every": "90m", "refit": "3h"},
            UsageError,
            "every is not a whole number of steps of the data, which are 1h apart; take 1h or a multiple of it",
        ),
        (
            {"start": START - timedelta(days=3)},
            DataError,
            "before anything was known: the first row is known since 2024-01-02 06:00 UTC; start between",
        ),
        (
            {"start": LAST + timedelta(days=30), "end": LAST + timedelta(days=40)},
            DataError,
            "after all was known: the last row is known since 2024-01-20 05:00 UTC; start between",
        ),
        (
            {"end": NOW + timedelta(days=3)},
            UsageError,
            "the last cutoff is 2026-01-03 18:00 UTC, and now it is 2026-01-01 00:00 UTC: nobody knows yet",
        ),
        ({"start": START + timedelta(days=2)}, DataError, "too short"),
        (
            {"overrides": ("dataset=past@v1", "history=x")},
            UsageError,
            "dataset=past@v1: pipeline 'past-replay' cannot read a dataset version",
        ),
    ],
    ids=[
        "no slot",
        "refit < every",
        "half steps",
        "before",
        "after",
        "future",
        "too early to learn",
        "version",
    ],
)
def test_what_cannot_be_replayed_is_refused(
    change: dict[str, object],
    kind: type[PenstockError],
    message: str,
    asked: ReplayOptions,
    session: Session,
) -> None:
    wanted = dataclasses.replace(asked, **change)  # type: ignore[arg-type] # fields by name
    with pytest.raises(kind, match=re.escape(message)):
        replay(wanted, session)


def test_a_system_that_does_not_look_back_says_what_it_lacks(asked: ReplayOptions, session: Session) -> None:
    place = Path(asked.system) / "system.py"
    place.write_text(place.read_text().replace(", replay=replay", "").replace('"past"', '"blind"'))
    with pytest.raises(
        UsageError, match="System 'blind' cannot be replayed: it has no pipeline that looks back"
    ):
        replay(asked, session)
