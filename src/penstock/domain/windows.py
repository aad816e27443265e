"""Half-open spans of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from penstock.domain.errors import UsageError


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span of time: ``start`` belongs to it, ``end`` does not. Both are held in UTC.

    Raises
    ------
    UsageError
        If a bound has no time zone or ``start`` is later than ``end``. Both equal is an empty window.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            object.__setattr__(self, name, _in_utc(name, getattr(self, name)))
        if self.start > self.end:
            raise UsageError(f"Window starts at {self.start} after its end {self.end}; swap the two bounds.")

    @property
    def length(self) -> timedelta:
        """How long the window is."""
        return self.end - self.start

    def __contains__(self, time: datetime) -> bool:
        return self.start <= time < self.end

    def __str__(self) -> str:
        return f"[{self.start:%Y-%m-%dT%H:%M:%SZ}, {self.end:%Y-%m-%dT%H:%M:%SZ})"

    def intersect(self, other: Window) -> Window:
        """Return what both windows cover; windows that do not meet give an empty one."""
        start = max(self.start, other.start)
        return Window(start, max(start, min(self.end, other.end)))


def _in_utc(name: str, value: datetime) -> datetime:
    if value.tzinfo is None:
        raise UsageError(
            f"Window {name} {value} has no time zone; give an aware time, for example {value.isoformat()}+00:00."
        )
    return value.astimezone(UTC)
