"""The client of all sources over HTTP: one request in its turn, asked again while that is worth it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from penstock.domain.errors import ServiceError
from penstock.sources.http.access import Access, Progress
from penstock.sources.http.queue import DatasetQueue
from penstock.sources.http.redirects import MOST_HOPS, PERMANENT, is_redirect, same_host, target
from penstock.sources.http.refusals import check_status
from penstock.sources.http.retries import PassingError
from penstock.sources.http.service import Service
from penstock.sources.http.transport import Transport

if TYPE_CHECKING:
    from penstock.sources.http.exchange import Answer, Request


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpClient:
    """Sends requests to one service."""

    service: Service
    access: Access

    @property
    def _queue(self) -> DatasetQueue:
        policy = self.service.policy
        return DatasetQueue(
            access=self.access,
            interval_s=self.service.interval_s,
            longest_s=max(self.service.interval_s, policy.longest_retry_after_s, policy.longest_pause_s),
        )

    def get(self, request: Request, *, dataset: str) -> Answer:
        """Return the answer to ``request``, whole and with status 200.

        No request for ``dataset`` leaves before its turn, retries included.

        Raises
        ------
        ServiceError
            If the service is away, refuses, has moved, or answers more than is read.
        """
        import stamina

        patience = _Patience(self.service, self.access, self._queue, self._turn(dataset))
        try:
            # the pause before an attempt lies in the queue, where other processes keep it too; stamina waits 0 s
            for attempt in stamina.retry_context(
                on=patience.again, attempts=self.service.policy.attempts, timeout=None
            ):
                with attempt:
                    answer = self._once(request, dataset)
        except PassingError as error:
            raise ServiceError(f"{error} {patience.ending(error)}") from error
        self.access.seen(request, answer)
        return answer

    def _once(self, request: Request, dataset: str) -> Answer:
        import httpx

        self._queue.enter(self._turn(dataset))
        first = url = str(httpx.URL(self.service.url(request.path), params=request.asked))
        transport = Transport(service=self.service, access=self.access)
        for _ in range(MOST_HOPS + 1):
            answer = transport.send(url, with_key=same_host(first, url))
            if not is_redirect(answer):
                check_status(self.service, dataset, answer, self.access.clock())
                return answer
            url = target(self.service.name, url, answer)
            self._tell_of_redirect(answer.status, url)
        raise ServiceError(
            f"{self.service.name} redirects in circles (more than {MOST_HOPS} times for {dataset!r}); "
            f"check base_url={self.service.base_url}."
        )

    def _tell_of_redirect(self, status: int, url: str) -> None:
        place = urlsplit(url)
        note = f"{self.service.name} redirects ({status}) to {place.scheme}://{place.netloc}{place.path}"
        if status in PERMANENT:
            note = f"{note}, and for good: look whether base_url should be changed"
        self.access.tell(Progress(note=note))

    def _turn(self, dataset: str) -> str:
        return f"{urlsplit(self.service.base_url).netloc}-{dataset}"


@dataclass
class _Patience:
    """Decides after each failure of one request whether to ask again, and how long to wait."""

    service: Service
    access: Access
    queue: DatasetQueue
    turn: str
    failures: int = 0

    def again(self, error: Exception) -> bool | float:
        """Answer stamina: ``False`` ends it; a number of seconds is what stamina itself should wait."""
        if not isinstance(error, PassingError):
            return False
        self.failures += 1
        if self._too_long(error):
            return False
        wait_s = self.service.policy.pause_s(self.failures) if error.wait_s is None else error.wait_s
        self.queue.postpone(self.turn, wait_s)
        if self.failures < self.service.policy.attempts:
            self.access.tell(Progress(note=f"{error} Asking again in {wait_s:.0f} s."))
        return 0.0

    def ending(self, error: PassingError) -> str:
        """Return what to do about it, for the message."""
        if self._too_long(error):
            longest_s = self.service.policy.longest_retry_after_s
            return (
                f"It asks us to come back in {error.wait_s or 0.0:.0f} s, longer than we wait "
                f"(longest_retry_after_s={longest_s:g}); run this again then."
            )
        times = "once" if self.failures == 1 else f"{self.failures} times"
        return f"Asked {times}; nothing was taken. Run this again later; base_url={self.service.base_url}."

    def _too_long(self, error: PassingError) -> bool:
        return error.wait_s is not None and error.wait_s > self.service.policy.longest_retry_after_s
