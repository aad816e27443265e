"""What a person sees while a run goes on: a live tree on a terminal, lines in a pipe, JSON lines on request."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import IO, Literal, Protocol

from penstock.domain.events import (
    Event,
    RunFinished,
    RunStarted,
    StepFinished,
    StepProgress,
    StepStarted,
    StepWaiting,
)

LogFormat = Literal["text", "json"]
NEWS_INTERVAL_S = 10.0
"""In a log, how often a step that takes long says how far it is."""


class Progress(Protocol):
    """A listener that shows a run and can be closed."""

    def on(self, event: Event) -> None:
        """Show ``event``."""

    def close(self) -> None:
        """Leave the terminal as it should stay."""


def progress(stream: IO[str], log_format: LogFormat, *, quiet: bool = False) -> Progress:
    """Return the progress that suits ``stream``, where logs go."""
    if quiet:
        return Silent()
    if log_format == "json":
        return JsonLines(stream)
    if not stream.isatty():
        return Lines(stream)
    from penstock.cli.tree import LiveTree, console_for

    return LiveTree(console_for(stream))


class Silent:
    """Shows nothing."""

    def on(self, event: Event) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Do nothing."""


class JsonLines:
    """One JSON object an event."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def on(self, event: Event) -> None:
        """Write ``event`` as one line."""
        fields = {"event": type(event).__name__, **asdict(event)}
        self._stream.write(json.dumps(fields, default=_to_json, sort_keys=True) + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Do nothing: every line was flushed."""


class Lines:
    """A line where something starts or ends, for pipes and logs; now and then one from a step that takes long."""

    def __init__(self, stream: IO[str], timer: Callable[[], float] = time.perf_counter) -> None:
        self._stream = stream
        self._timer = timer
        self._told_at: dict[str, float] = {}

    def on(self, event: Event) -> None:
        """Write a line for the events that matter in a log."""
        text = self._news(event) if isinstance(event, StepProgress) else _line(event)
        if isinstance(event, StepStarted):
            self._told_at[event.step] = self._timer()
        if text is not None:
            self._stream.write(f"{text}\n")
            self._stream.flush()

    def close(self) -> None:
        """Do nothing: every line was flushed."""

    def _news(self, event: StepProgress) -> str | None:
        now = self._timer()
        if now - self._told_at.get(event.step, 0.0) < NEWS_INTERVAL_S:
            return None
        self._told_at[event.step] = now
        return f"  {event.step}: {counted(event)}"


def counted(event: StepProgress) -> str:
    """Return how far a step is, in words."""
    total = f" of {event.total}" if event.total is not None else ""
    return f"{event.done}{total} {event.note}".strip()


def _line(event: Event) -> str | None:
    if isinstance(event, RunStarted):
        return f"run {event.run_id}: {event.system}, {len(event.steps)} steps"
    if isinstance(event, StepStarted):
        return f"  {event.stage}: {event.step} …"
    if isinstance(event, StepWaiting):
        return f"  {event.step}: waiting for {event.holder}, which computes the same"
    if isinstance(event, StepFinished):
        report = event.report
        took = f" in {report.seconds:.1f} s" if report.state == "ran" else ""
        return f"  {report.stage}: {report.name} {report.state}{took} ({report.reason})"
    if isinstance(event, RunFinished):
        return f"run {event.run_id}: {event.status}"
    return None


def _to_json(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return str(value)
