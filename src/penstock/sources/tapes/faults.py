"""What a player does wrong on demand: which fault, at which request or window.

Written on one line as ``FAULT[@WHEN][:ARGUMENT]``, where ``WHEN`` is the number of a request (``3``), a range of
numbers (``1-2``), a window of time (``2023-01-01/2023-02-01``; requests that overlap it) or ``always``; in a YAML file
as a list of mappings ``{fault: away, when: 1-2}``. Without ``WHEN`` each fault has its usual moment.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from penstock.domain.errors import UsageError, did_you_mean
from penstock.domain.windows import Window
from penstock.sources.http.exchange import Request


class FaultKind(StrEnum):
    """Everything that can go wrong."""

    MOVED = "moved"
    MOVED_AWAY = "moved_away"
    MISSING = "missing"
    CLOSED = "closed"
    FORBIDDEN = "forbidden"
    TOO_MANY = "too_many"
    AWAY = "away"
    SLOW = "slow"
    CUT = "cut"
    TRUNCATED = "truncated"
    RENAMED = "renamed"
    REVISED = "revised"
    MISCOUNTED = "miscounted"
    EMPTY = "empty"


MEANING: dict[FaultKind, tuple[str, str, str]] = {
    FaultKind.MOVED: ("always", "", "301 to another path of this server"),
    FaultKind.MOVED_AWAY: (
        "always",
        "https://elsewhere.example",
        "301 to another host (argument: its address)",
    ),
    FaultKind.MISSING: ("always", "", "404"),
    FaultKind.CLOSED: ("always", "", "410, the data set was closed"),
    FaultKind.FORBIDDEN: ("always", "", "403"),
    FaultKind.TOO_MANY: (
        "1",
        "2",
        "429 with Retry-After (argument: seconds, or date for an HTTP date 2 s ahead)",
    ),
    FaultKind.AWAY: ("1-2", "", "500"),
    FaultKind.SLOW: ("1", "30", "no answer for some time (argument: seconds)"),
    FaultKind.CUT: ("1", "", "the connection ends in the middle of the body"),
    FaultKind.TRUNCATED: ("always", "", "a body that ends too early, and calls itself whole"),
    FaultKind.RENAMED: ("always", "", "a column has another name (argument: which; else the last)"),
    FaultKind.REVISED: ("always", "10", "all numbers are higher (argument: per cent)"),
    FaultKind.MISCOUNTED: ("always", "1", "the told number of rows is wrong (argument: by how many)"),
    FaultKind.EMPTY: ("always", "", "an answer without rows"),
}
"""Usual moment, usual argument and explanation of each fault."""

_NUMBERS = re.compile(r"(\d+)(?:-(\d+))?")


class Fault(BaseModel):
    """One fault; ``when`` and ``argument`` are empty where the usual ones hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fault: FaultKind
    when: str = ""
    argument: str = ""

    @field_validator("when", "argument", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        return str(value) if isinstance(value, int | float) else value

    @field_validator("when")
    @classmethod
    def _readable(cls, value: str) -> str:
        _moment(value or "always")
        return value

    @property
    def told(self) -> str:
        """The argument, or the usual one."""
        return self.argument or MEANING[self.fault][1]

    def strikes(self, number: int, request: Request) -> bool:
        """Tell whether the fault strikes this request; the first one has number 1."""
        moment = _moment(self.when or MEANING[self.fault][0])
        if isinstance(moment, range):
            return number in moment
        asked = asked_window(request)
        return asked is not None and not (asked.end <= moment.start or moment.end <= asked.start)


def parse_fault(text: str) -> Fault:
    """Read ``FAULT[@WHEN][:ARGUMENT]``.

    Raises
    ------
    UsageError
        If the fault is unknown or its moment unreadable.
    """
    name, at, rest = text.partition("@")
    if at:
        when, argument = _divided(rest)
    else:
        name, _, argument = text.partition(":")
        when = ""
    kinds = [kind.value for kind in FaultKind]
    if name not in kinds:
        raise UsageError(f"There is no fault {name!r}{did_you_mean(name, kinds)}")
    return _validated({"fault": name, "when": when, "argument": argument}, text)


def load_faults(path: Path) -> list[Fault]:
    """Read a YAML file with a list of faults.

    Raises
    ------
    UsageError
        If it cannot be read as one.
    """
    import yaml

    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"{path}: cannot be read as a list of faults: {error}.") from error
    if not isinstance(found, list):
        raise UsageError(f"{path}: should hold a list such as `- {{fault: away, when: 1-2}}`.")
    return [_validated(item, str(item)) for item in found]


def first_that_strikes(faults: Sequence[Fault], number: int, request: Request) -> Fault | None:
    """Return the first fault of the list that strikes this request."""
    return next((fault for fault in faults if fault.strikes(number, request)), None)


def asked_window(request: Request) -> Window | None:
    """Return the window that a request asks for, if it says one in UTC; both services are understood."""
    asked = request.asked
    stamps = re.findall(r"date'([^']+)'", asked.get("where", ""))
    bounds = stamps or [asked[name] for name in ("start", "end") if name in asked]
    try:
        start, end = (_utc(text) for text in bounds)
    except ValueError:
        return None
    return Window(start, end)


def _validated(found: Any, text: str) -> Fault:
    try:
        return Fault.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"fault {text!r}: {place}: {first['msg'].removeprefix('Value error, ')}. Write FAULT[@WHEN][:ARGUMENT], such as away@1-2, too_many@1:30 "
            "or closed@2023-01-01/2023-02-01."
        ) from error


def _divided(rest: str) -> tuple[str, str]:
    """Divide ``WHEN:ARGUMENT``; the colons of a clock belong to ``WHEN``."""
    match = re.fullmatch(r"((?:[^:]|(?<=\d\d):(?=\d\d))*)(?::(.*))?", rest)
    return (match[1], match[2] or "") if match else (rest, "")


def _moment(when: str) -> range | Window:
    if when == "always":
        return range(1, 1_000_000_000)
    numbers = _NUMBERS.fullmatch(when)
    if numbers is not None:
        first, last = int(numbers[1]), int(numbers[2] or numbers[1])
        if not 1 <= first <= last:
            msg = f"{when!r} names no request; the first one has number 1, and a range goes upwards"
            raise ValueError(msg)
        return range(first, last + 1)
    start, slash, end = when.partition("/")
    if not slash:
        msg = f"{when!r} is no moment; write a number, a range such as 1-2, a window such as 2023-01-01/2023-02-01, or always"
        raise ValueError(msg)
    return Window(_utc(start), _utc(end))


def _utc(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
