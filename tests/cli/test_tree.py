from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from penstock.cli.tree import LiveTree
from penstock.domain.events import (
    RunFinished,
    RunStarted,
    StepFinished,
    StepProgress,
    StepStarted,
    StepWaiting,
    TrialFinished,
)
from penstock.domain.results import StepReport
from penstock.domain.values import RunId, Stage, StepState

NOW = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
RUN = RunId("r1")
STEPS: tuple[tuple[str, Stage], ...] = (
    ("read", "acquire"),
    ("fit", "train"),
    ("search", "tune"),
    ("refit", "train"),
)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def console(width: int = 80, encoding: str = "utf-8", height: int = 40) -> Console:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict", newline="")
    return Console(file=stream, width=width, height=height, highlight=False, force_terminal=False)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def tree(clock: Clock, *, width: int = 80, encoding: str = "utf-8") -> LiveTree:
    shown = LiveTree(console(width, encoding), clock)
    shown.on(RunStarted(run_id=RUN, system="toy", started_at=NOW, config={}, steps=STEPS))
    return shown


def lines(shown: LiveTree, height: int | None = None, width: int = 80) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False).print(shown.drawn(height))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def done(shown: LiveTree, name: str, state: StepState = "ran", reason: str = "first time") -> None:
    stage = dict(STEPS)[name]
    shown.on(
        StepFinished(
            run_id=RUN, report=StepReport(name=name, stage=stage, state=state, reason=reason, seconds=1.25)
        )
    )


def test_steps_stand_under_their_stages_in_the_order_of_stages(clock: Clock) -> None:
    shown = tree(clock)
    assert lines(shown) == [
        "toy · run r1 · 0 of 4 steps · 0 s",
        "acquire · read",
        "tune    · search",
        "train   · fit",
        "        · refit",
    ]
    shown.close()


def test_each_state_has_its_mark_time_and_reason(clock: Clock) -> None:
    shown = tree(clock)
    done(shown, "read")
    done(shown, "search", "reused", "nothing changed")
    shown.on(StepStarted(run_id=RUN, step="fit", stage="train"))
    clock.now = 7.0
    done(shown, "refit", "failed", "no such file\nand more")
    assert lines(shown) == [
        "toy · run r1 · 3 of 4 steps · 7 s",
        "acquire ✓ read   1.2 s",
        "tune    = search       nothing changed",
        "train   • fit      7 s",
        "        ✗ refit        no such file",
    ]
    shown.close()


def test_a_search_tells_how_far_it_is_and_its_last_score(clock: Clock) -> None:
    shown = tree(clock)
    shown.on(StepStarted(run_id=RUN, step="search", stage="tune"))
    shown.on(TrialFinished(run_id=RUN, step="search", number=3, state="complete", params={}, score=0.02431))
    shown.on(TrialFinished(run_id=RUN, step="search", number=4, state="pruned", params={}, score=None))
    shown.on(StepProgress(run_id=RUN, step="search", done=5, total=20, note="trial 4 pruned"))
    assert lines(shown)[2] == "tune    • search 0 s 5 of 20 trial 4 pruned · score 0.02431"
    shown.close()


def test_a_step_that_another_process_computes_says_so(clock: Clock) -> None:
    shown = tree(clock)
    shown.on(StepWaiting(run_id=RUN, step="fit", holder="pid 7 on here"))
    assert lines(shown)[3] == "train   · fit     computed by pid 7 on here"
    shown.close()


def test_a_long_reason_ends_at_the_edge(clock: Clock) -> None:
    shown = tree(clock, width=60)
    done(shown, "read", "reused", "because " * 20)
    found = lines(shown, width=60)
    assert len(found) == 5
    assert max(map(len, found)) <= 60
    assert found[1].startswith("acquire = read    because because")
    assert found[1].endswith("…")
    shown.close()


def test_a_low_terminal_shows_what_is_not_finished(clock: Clock) -> None:
    shown = tree(clock)
    done(shown, "read")
    done(shown, "search")
    found = lines(shown, height=5)
    assert found[1:] == ["         … 2 more", "train · fit", "      · refit"]
    shown.close()


def test_where_signs_cannot_be_written_plain_ones_stand(clock: Clock) -> None:
    shown = tree(clock, encoding="ascii")
    done(shown, "read")
    found = lines(shown)
    assert found[0] == "toy - run r1 - 1 of 4 steps - 0 s"
    assert found[1].startswith("acquire + read")
    assert all(line.isascii() for line in found)
    shown.close()


def test_the_whole_tree_is_left_standing_at_the_end(clock: Clock) -> None:
    low = console(height=4)
    shown = LiveTree(low, clock)
    shown.on(RunStarted(run_id=RUN, system="toy", started_at=NOW, config={}, steps=STEPS))
    for name, _ in STEPS:
        done(shown, name)
    shown.on(RunFinished(run_id=RUN, status="done", finished_at=NOW))
    shown.close()
    assert isinstance(low.file, io.TextIOWrapper)
    low.file.flush()
    text = low.file.buffer.getvalue().decode()
    assert all(f"✓ {name}" in text for name, _ in STEPS)


def test_events_of_unknown_steps_are_no_error(clock: Clock) -> None:
    shown = tree(clock)
    shown.on(StepStarted(run_id=RUN, step="stranger", stage="train"))
    assert len(lines(shown)) == 5
    shown.close()
