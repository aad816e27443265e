"""One recorded answer as a readable file: the request and the head line by line, an empty line, the body.

::

    request: GET dataset/ConsumptionIndustry
    query: end=2024-01-02T00:00
    query: start=2024-01-01T00:00
    status: 200
    header: content-type: application/json
    body: json

    {
     "total": 3,

``body`` is ``json`` (indented for people), ``text`` (UTF-8 as it came) or ``base64``.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path

from penstock.domain.errors import DataError
from penstock.sources.http.exchange import Answer, Request

KEPT_HEADERS = ("content-type", "location", "retry-after")
"""Other headers, cookies among them, are not recorded."""

SIMULATED_HEADER = "x-penstock-simulated"
"""A player sends it with answers that no service has ever given, so that nobody downstream forgets it."""


def is_simulated(answer: Answer) -> bool:
    """Tell whether a player has marked the answer as one that no service has ever given."""
    return SIMULATED_HEADER in answer.headers


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request and what the service answered."""

    request: Request
    answer: Answer


def write_recorded(path: Path, recorded: Recorded) -> None:
    """Write one file."""
    form, body = _spelled(recorded.answer)
    head = [
        f"request: GET {recorded.request.path}",
        *(f"query: {name}={value}" for name, value in recorded.request.query),
        f"status: {recorded.answer.status}",
        *(f"header: {name}: {value}" for name, value in kept(recorded.answer).items()),
        f"body: {form}",
    ]
    path.write_bytes("\n".join([*head, "", ""]).encode() + body)


def kept(answer: Answer) -> dict[str, str]:
    """Return the headers that belong on a tape, in order."""
    return {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers}


def read_recorded(path: Path) -> Recorded:
    """Read one file.

    Raises
    ------
    DataError
        If it is not of the form above.
    """
    head, gap, body = path.read_bytes().partition(b"\n\n")
    lines = [line.partition(": ") for line in head.decode("utf-8", "replace").splitlines()]
    try:
        (request,) = _values(lines, "request")
        (status,) = _values(lines, "status")
        (form,) = _values(lines, "body")
        method, _, address = request.partition(" ")
        query = tuple(sorted(_pair(value, "=") for value in _values(lines, "query")))
        headers = dict(_pair(value, ": ") for value in _values(lines, "header"))
        answer = Answer(int(status), _meant(form, body), headers)
    except ValueError as error:
        raise DataError(
            f"{path}: is no recorded answer ({error}); it needs lines `request: GET …`, `status: …`, `body: …` "
            "and an empty line before the body. Record the tape again, or leave the file out."
        ) from error
    if method != "GET" or not gap:
        raise DataError(
            f"{path}: is no recorded GET with a body; record the tape again, or leave the file out."
        )
    return Recorded(Request(address, query), answer)


def _values(lines: list[tuple[str, str, str]], name: str) -> list[str]:
    return [value for key, _, value in lines if key == name]


def _pair(text: str, between: str) -> tuple[str, str]:
    name, sign, value = text.partition(between)
    if not sign:
        raise ValueError(text)
    return name, value


def _spelled(answer: Answer) -> tuple[str, bytes]:
    if answer.is_json:
        try:
            return "json", json.dumps(json.loads(answer.body), indent=1, ensure_ascii=False).encode() + b"\n"
        except ValueError:
            pass  # what calls itself JSON and is none is worth keeping as it came
    try:
        answer.body.decode()
    except UnicodeDecodeError:
        return "base64", base64.encodebytes(answer.body)
    return "text", answer.body


def _meant(form: str, body: bytes) -> bytes:
    if form == "base64":
        return base64.decodebytes(body)
    if form not in ("json", "text"):
        raise ValueError(form)
    return body
