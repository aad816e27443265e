"""What an answer that brings no rows means: 4xx and 5xx, each in its way."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from penstock.domain.errors import ServiceError
from penstock.sources.http.exchange import Answer
from penstock.sources.http.retries import PassingError, retry_after_s

if TYPE_CHECKING:
    from datetime import datetime

    from penstock.sources.http.service import Service

_OK = 200
_TOO_MANY = 429
_TIMED_OUT = 408
_SERVER = 500
_LONGEST_TOLD = 200
_TELLING = ("message", "error", "detail", "title", "errors", "error_code")


def check_status(service: Service, dataset: str, answer: Answer, now: datetime) -> None:
    """Return if the answer brings rows.

    Raises
    ------
    PassingError
        If the fault may pass: 408, 429 and 5xx.
    ServiceError
        If asking again would change nothing; the message says what to check.
    """
    if answer.status == _OK:
        return
    if answer.status in (_TIMED_OUT, _TOO_MANY) or answer.status >= _SERVER:
        wait_s = retry_after_s(answer.headers.get("retry-after"), now)
        raise PassingError(f"{service.name} answered {answer.status} for {dataset!r}{_said(answer)}.", wait_s)
    raise ServiceError(_refused(service, dataset, answer))


def _refused(service: Service, dataset: str, answer: Answer) -> str:
    said = f"{answer.status} for {dataset!r}{_said(answer)}"
    if answer.status in (401, 403):
        return f"{service.name} lets nobody in without permission ({said}). {_key(service)}"
    if answer.status in (404, 410):
        return (
            f"{service.name} has no data set {dataset!r} (any more): it answered {said}. It is unknown there or was "
            f"closed; check its spelling, base_url={service.base_url} and the service's catalogue. "
            "What was fetched before is still in the workspace."
        )
    if answer.status in (400, 422):
        return (
            f"{service.name} refuses the request: {said}. Check the window and the names that were asked for."
        )
    return f"{service.name} answered {said}, which brings no rows. Look at its web page for news."


def _key(service: Service) -> str:
    if service.credential is None:
        return "This source sends no key; look at the service's web page for news."
    return f"Set the environment variable {service.credential.variable} to a valid key (it is sent with each request)."


def _said(answer: Answer) -> str:
    """Return the service's own words, bounded and on one line."""
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", _message(answer))).strip()
    cut = text if len(text) <= _LONGEST_TOLD else f"{text[:_LONGEST_TOLD]}…"
    return f": {cut.rstrip('.')}" if cut else ""


def _message(answer: Answer) -> str:
    text = answer.body[:20_000].decode("utf-8", "replace")
    try:
        found: Any = json.loads(text)
    except ValueError:
        return text
    if isinstance(found, dict):
        told = [found[name] for name in _TELLING if found.get(name)]
        return str(told[0]) if told else ""
    return str(found)
