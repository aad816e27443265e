"""The live tree: the steps under their stages, redrawn on a terminal as they go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from penstock.cli.progress import counted
from penstock.cli.streams import can_write, plain
from penstock.domain.events import (
    Event,
    RunFinished,
    RunStarted,
    StepFinished,
    StepProgress,
    StepStarted,
    StepWaiting,
    TrialFinished,
)
from penstock.domain.results import StepReport
from penstock.domain.values import STAGES, Stage

MARKS = {
    "ran": ("✓", "green"),
    "reused": ("=", "cyan"),
    "skipped": ("-", "yellow"),
    "failed": ("✗", "red"),
    "running": ("•", "yellow"),
    "waiting": ("·", "dim"),
}
FINISHED = frozenset({"ran", "reused", "skipped", "failed"})
REDRAWN_PER_SECOND = 8
ROOM_BESIDE_STEPS = 3
"""Lines of a terminal that steps must leave free: the title, the summary of what scrolled away, the cursor."""


def console_for(stream: IO[str]) -> Console:
    """Return a console that draws on ``stream``."""
    return Console(file=stream, highlight=False)


@dataclass(kw_only=True)
class Row:
    """One step as the tree shows it."""

    name: str
    stage: Stage
    state: str = "waiting"
    note: str = ""
    score: str = ""
    seconds: float | None = None
    started: float | None = None


class LiveTree:
    """Draws the tree while a run goes on, and leaves it standing at the end."""

    def __init__(self, console: Console, timer: Callable[[], float] = time.perf_counter) -> None:
        self.console = console
        self.timer = timer
        self._rows: dict[str, Row] = {}
        self._title = ""
        self._started = 0.0
        self._live: Live | None = None
        self._signs = can_write(console.encoding, "".join(mark for mark, _ in MARKS.values()))

    def on(self, event: Event) -> None:
        """Update the tree."""
        if isinstance(event, RunStarted):
            self._begin(event)
        elif isinstance(event, RunFinished):
            self.close()
        elif isinstance(event, StepFinished):
            self._finish(event.report)
        elif isinstance(event, StepStarted | StepWaiting | StepProgress | TrialFinished):
            row = self._rows.get(event.step)
            if row is not None:
                self._note(row, event)

    def close(self) -> None:
        """Draw the tree a last time, in full, and leave it standing."""
        if self._live is not None:
            live, self._live = self._live, None
            live.stop()  # which draws once more

    def drawn(self, height: int | None = None) -> Group:
        """Return the tree; where it is higher than ``height`` lines, its oldest finished steps become one line."""
        rows = sorted(self._rows.values(), key=lambda row: STAGES.index(row.stage))
        shown, hidden = rows, 0
        if height is not None and len(rows) > height - ROOM_BESIDE_STEPS:
            shown = _newest(rows, max(height - ROOM_BESIDE_STEPS, 1))
            hidden = len(rows) - len(shown)
        parts = [self._headline(rows)]
        if hidden:
            parts.append(Text(self._spelled(f"         … {hidden} more"), style="dim"))
        return Group(*parts, *self._lines(shown))

    def _begin(self, event: RunStarted) -> None:
        self._title = f"{event.system} · run {event.run_id}"
        self._started = self.timer()
        self._rows = {name: Row(name=name, stage=stage) for name, stage in event.steps}
        self._live = Live(
            get_renderable=lambda: self.drawn(self.console.height if self._live else None),
            console=self.console,
            refresh_per_second=REDRAWN_PER_SECOND,
        )
        self._live.start()

    def _note(self, row: Row, event: StepStarted | StepWaiting | StepProgress | TrialFinished) -> None:
        if isinstance(event, StepStarted):
            row.state, row.started = "running", self.timer()
        elif isinstance(event, StepWaiting):
            row.note = f"computed by {event.holder}"
        elif isinstance(event, StepProgress):
            row.note = counted(event)
        elif event.score is not None:
            row.score = f"score {event.score:.4g}"

    def _finish(self, report: StepReport) -> None:
        row = self._rows.get(report.name)
        if row is not None:
            ran = report.state == "ran"
            row.state = report.state
            row.note = "" if ran else report.reason.splitlines()[0]
            row.score = ""
            row.seconds = report.seconds if ran else None

    def _headline(self, rows: Sequence[Row]) -> Text:
        done = sum(row.state in FINISHED for row in rows)
        passed = self.timer() - self._started
        text = f"{self._title} · {done} of {len(rows)} steps · {passed:.0f} s"
        return Text(self._cut(self._spelled(text), self.console.width - 1), style="bold")

    def _lines(self, rows: Sequence[Row]) -> list[Text]:
        """Return one line a row, cut at the edge of the terminal; a table would shrink every column alike."""
        stages, names = (
            max((len(text) for text in each), default=0) for each in zip(*_labels(rows), strict=True)
        )
        times = max((len(self._time(row)) for row in rows), default=0)
        made = []
        before: str | None = None
        for row in rows:
            mark, style = MARKS[row.state]
            line = Text(no_wrap=True, overflow="crop")
            line.append(("" if row.stage == before else row.stage).ljust(stages + 1), style="bold")
            line.append(f"{self._spelled(mark)} ", style=style)
            line.append(f"{row.name.ljust(names)} ")
            line.append(self._time(row).rjust(times), style="dim")
            note = self._spelled(" · ".join(filter(None, (row.note, row.score))))
            line.append(f" {self._cut(note, self.console.width - len(line) - 2)}", style="dim")
            made.append(line)
            before = row.stage
        return made

    def _cut(self, text: str, room: int) -> str:
        dots = self._spelled("…")
        return text if len(text) <= room else f"{text[: max(room - len(dots), 0)]}{dots}"

    def _spelled(self, text: str) -> str:
        return text if self._signs else plain(text)

    def _time(self, row: Row) -> str:
        if row.seconds is not None:
            return f"{row.seconds:.1f} s"
        if row.state == "running" and row.started is not None:
            return f"{self.timer() - row.started:.0f} s"
        return ""


def _labels(rows: Sequence[Row]) -> list[tuple[str, str]]:
    return [(row.stage, row.name) for row in rows] or [("", "")]


def _newest(rows: Sequence[Row], count: int) -> list[Row]:
    """Return ``count`` rows in order: those not finished first of all, then the latest finished ones."""
    places = sorted(
        range(len(rows)),
        key=lambda place: (
            rows[place].state in FINISHED,
            rows[place].state == "waiting",
            -place if rows[place].state in FINISHED else place,
        ),
    )
    return [rows[place] for place in sorted(places[:count])]
