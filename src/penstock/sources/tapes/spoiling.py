"""How a right answer goes wrong: each function takes an answer and the argument of the fault."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from penstock.sources.http.exchange import Answer
from penstock.sources.tapes.faults import FaultKind
from penstock.sources.tapes.services import json_answer

_COUNTS = ("total", "total_count", "count")
"""Where services tell how many rows there are."""


def truncated(answer: Answer, argument: str) -> Answer:
    """End too early: JSON in its middle, a CSV before the second cell of its last row."""
    del argument
    if answer.is_json:
        return _with(answer, answer.body[: len(answer.body) // 2])
    whole, _, last = answer.body.rstrip(b"\n").rpartition(b"\n")
    return _with(answer, whole + b"\n" + re.split(rb"[,;\t|]", last)[0])


def renamed(answer: Answer, argument: str) -> Answer:
    """Call one column by another name."""
    if answer.is_json:
        return _rows_changed(answer, lambda row: _with_other_name(row, argument))
    header, line, rest = answer.body.partition(b"\n")
    name = argument.encode() or re.split(rb"[,;\t|]", header.rstrip())[-1]
    return _with(answer, header.replace(name, name + b"_new") + line + rest)


def revised(answer: Answer, argument: str) -> Answer:
    """Raise every number by ``argument`` per cent; keys that are numbers are no longer the same either."""
    factor = 1 + float(argument) / 100
    if answer.is_json:
        return _rows_changed(answer, lambda row: {name: _raised(cell, factor) for name, cell in row.items()})
    header, line, rest = answer.body.decode().partition("\n")
    raised = re.sub(
        r"(?<=[,;\t|])-?\d+(?:[.,]\d+)?(?=[;\t|\r\n]|$)", lambda m: _raised_text(m[0], factor), rest
    )
    return _with(answer, f"{header}{line}{raised}".encode())


def miscounted(answer: Answer, argument: str) -> Answer:
    """Tell another number of rows than there are."""
    found = json.loads(answer.body) if answer.is_json else None
    if not isinstance(found, dict):
        return answer
    return json_answer(
        {name: cell + int(argument) if name in _COUNTS else cell for name, cell in found.items()}
    )


def empty(answer: Answer, argument: str) -> Answer:
    """Say that there are no rows."""
    del argument
    if not answer.is_json:
        return _with(answer, answer.body.partition(b"\n")[0] + b"\n")
    found = json.loads(answer.body)
    if isinstance(found, list):
        return json_answer([])
    none: dict[str, Any] = {
        name: 0 if name in _COUNTS else []
        for name, cell in found.items()
        if name in _COUNTS or _are_rows(cell)
    }
    return json_answer({**found, **none})


SPOILING: Mapping[FaultKind, Callable[[Answer, str], Answer]] = {
    FaultKind.TRUNCATED: truncated,
    FaultKind.RENAMED: renamed,
    FaultKind.REVISED: revised,
    FaultKind.MISCOUNTED: miscounted,
    FaultKind.EMPTY: empty,
}
"""Faults that change what a right answer says."""


def _with(answer: Answer, body: bytes) -> Answer:
    return Answer(answer.status, body, answer.headers)


def _rows_changed(answer: Answer, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Answer:
    found = json.loads(answer.body)
    if isinstance(found, list):
        return json_answer([change(row) for row in found])
    return json_answer(
        {name: [change(row) for row in cell] if _are_rows(cell) else cell for name, cell in found.items()}
    )


def _are_rows(cell: Any) -> bool:
    return isinstance(cell, list) and all(isinstance(row, dict) for row in cell)


def _with_other_name(row: dict[str, Any], wanted: str) -> dict[str, Any]:
    old = wanted or list(row)[-1]
    return {f"{name}_new" if name == old else name: cell for name, cell in row.items()}


def _raised(cell: Any, factor: float) -> Any:
    return cell * factor if isinstance(cell, int | float) and not isinstance(cell, bool) else cell


def _raised_text(text: str, factor: float) -> str:
    comma = "," in text
    number = f"{float(text.replace(',', '.')) * factor:.6f}"
    return number.replace(".", ",") if comma else number
