"""A server on this machine that plays a tape, with faults on demand."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qsl, urlsplit

from penstock.sources.http.exchange import Answer, Request
from penstock.sources.tapes.faults import Fault, FaultKind, first_that_strikes
from penstock.sources.tapes.services import ANSWERERS, Refused, json_answer
from penstock.sources.tapes.spoiling import SPOILING
from penstock.sources.tapes.tape import Tape

if TYPE_CHECKING:
    from http.server import ThreadingHTTPServer

HOST = "127.0.0.1"
MOVED_TO = "moved"
"""Below this path everything is found again after the fault ``moved``."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class TapePlayer:
    """Plays one tape from :meth:`start` to :meth:`close`; also a context manager.

    The same request gets its recorded answers in their order, and then the last one again and again. What was not
    recorded is looked up in the tables; what is not there either is refused with 400 and a word about the tape.
    ``requests`` lists what was asked so far.
    """

    tape: Tape
    faults: Sequence[Fault] = ()
    port: int = 0
    clock: Callable[[], datetime] = _now
    requests: list[Request] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = None
    _closing: threading.Event = field(default_factory=threading.Event)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _played: Counter[Request] = field(default_factory=Counter)

    @property
    def url(self) -> str:
        """Address that stands in for the service's ``base_url``."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> Self:
        """Listen on the loopback address, if not done yet; a ``port`` of 0 becomes a free one.

        Raises
        ------
        UsageError
            If the port is taken.
        """
        from penstock.sources.tapes.server import listen

        if self._server is not None:
            return self
        self._server = listen(self)
        self.port = self._server.server_port
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()
        return self

    def close(self) -> None:
        """Stop listening; slow answers are given up."""
        self._closing.set()
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def wait(self, seconds: float) -> bool:
        """Wait for ``seconds``, or until the player is closed; return whether it was closed."""
        return self._closing.wait(seconds)

    def note(self, target: str) -> tuple[Request, Fault | None]:
        """Count a request for ``target`` (path and query) and return it with the fault that strikes it."""
        parts = urlsplit(target)
        path = parts.path.lstrip("/")
        again = path.startswith(f"{MOVED_TO}/")
        request = Request.of(
            path.removeprefix(f"{MOVED_TO}/"), dict(parse_qsl(parts.query, keep_blank_values=True))
        )
        with self._guard:
            self.requests.append(request)
            fault = first_that_strikes(self.faults, len(self.requests), request)
        return request, None if again and fault and fault.fault == FaultKind.MOVED else fault

    def answer(self, request: Request, fault: Fault | None) -> Answer:
        """Return what the server says to ``request``."""
        refusal = _refusal(request, fault, self.clock()) if fault else None
        if refusal is not None:
            return refusal
        right = self._right(request)
        spoil = SPOILING.get(fault.fault) if fault and right.status == 200 else None  # noqa: PLR2004 - OK
        return spoil(right, fault.told) if spoil and fault else right

    def _right(self, request: Request) -> Answer:
        return self._recorded(request) or self._looked_up(request) or self._unknown(request)

    def _recorded(self, request: Request) -> Answer | None:
        found = [item.answer for item in self.tape.answers if item.request == request]
        if not found:
            return None
        with self._guard:
            number = self._played[request]
            self._played[request] += 1
        return found[min(number, len(found) - 1)]

    def _looked_up(self, request: Request) -> Answer | None:
        for service, answerer in ANSWERERS.items():
            tables = {table.dataset: table for table in self.tape.tables if table.service == service}
            try:
                found = answerer(tables, request) if tables else None
            except Refused as refused:
                return refused.answer
            if found is not None:
                return found
        return None

    def _unknown(self, request: Request) -> Answer:
        return json_answer({"message": f"the tape {self.tape.label.name} has no answer to {request}"}, 400)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _refusal(request: Request, fault: Fault, now: datetime) -> Answer | None:
    from urllib.parse import urlencode

    target = f"{request.path}?{urlencode(request.query)}"
    if fault.fault == FaultKind.MOVED:
        return Answer(301, b"", {"location": f"/{MOVED_TO}/{target}"})
    if fault.fault == FaultKind.MOVED_AWAY:
        return Answer(301, b"", {"location": f"{fault.told.rstrip('/')}/{target}"})
    if fault.fault == FaultKind.TOO_MANY:
        return Answer(429, b"too many requests", {"retry-after": _retry_after(fault.told, now)})
    status, message = _REFUSALS.get(fault.fault, (0, ""))
    return json_answer({"message": message}, status) if status else None


_REFUSALS = {
    FaultKind.MISSING: (404, "Unknown dataset"),
    FaultKind.CLOSED: (410, "This dataset was closed and is no longer updated"),
    FaultKind.FORBIDDEN: (403, "No permission"),
    FaultKind.AWAY: (500, "Internal server error"),
}


def _retry_after(told: str, now: datetime) -> str:
    from datetime import timedelta
    from email.utils import format_datetime

    return format_datetime(now + timedelta(seconds=2), usegmt=True) if told == "date" else told
