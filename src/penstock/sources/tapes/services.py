"""How each service answers a question about a data set: what it filters by, what it refuses, how it counts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from penstock.domain.windows import Window
from penstock.sources.denmark_rows import LOCAL_ZONE
from penstock.sources.http.exchange import Answer, Request

if TYPE_CHECKING:
    from penstock.sources.tapes.tables import Record, ServiceName, TapeTable

Tables = Mapping[str, "TapeTable"]

_LIMIT_ENERGIDATA = 100
_LIMIT_ODRE_RECORDS = 100
_BOUND = r"{time} (>=|<) date'([^']+)'"


class Refused(Exception):  # noqa: N818 - an answer, not a fault of ours
    """The service would answer so instead of with rows."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def json_answer(found: Any, status: int = 200) -> Answer:
    """Return ``found`` as an answer of JSON."""
    body = json.dumps(found, ensure_ascii=False).encode()
    return Answer(status, body, {"content-type": "application/json"})


def answer_energidata(tables: Tables, request: Request) -> Answer | None:
    """Answer ``dataset/NAME`` as Energi Data Service does: Danish time and 100 rows unless asked otherwise."""
    match = re.fullmatch(r"/?dataset/([^/]+)", request.path)
    if match is None:
        return None
    asked = request.asked
    table = _known(tables, match[1])
    zone = UTC if asked.get("timezone", "dk").lower() == "utc" else ZoneInfo(LOCAL_ZONE)
    window = Window(
        _moment(asked["start"], zone) if "start" in asked else table.span.start,
        _moment(asked["end"], zone) if "end" in asked else table.span.end,
    )
    kept = [row for row in table.rows(window) if _passes(row, asked.get("filter", "{}"))]
    columns = asked["columns"].split(",") if "columns" in asked else list(table.names)
    shown = _columns(table, _sorted(table, kept, asked.get("sort", f"{table.time} DESC")), columns)
    limit = int(asked.get("limit", _LIMIT_ENERGIDATA))
    offset = int(asked.get("offset", 0))
    page = shown[offset : offset + limit] if limit else shown[offset:]
    return json_answer({"total": len(kept), "limit": limit, "dataset": table.dataset, "records": page})


def answer_odre(tables: Tables, request: Request) -> Answer | None:
    """Answer ``catalog/datasets/NAME/records`` and ``…/exports/json`` as ODRÉ does."""
    match = re.fullmatch(r"/?catalog/datasets/([^/]+)/(records|exports/json)", request.path)
    if match is None:
        return None
    asked = request.asked
    table = _known(tables, match[1])
    bounds = dict(re.findall(_BOUND.format(time=table.time), asked.get("where", "")))
    window = Window(
        _moment(bounds[">="], UTC) if ">=" in bounds else table.span.start,
        _moment(bounds["<"], UTC) if "<" in bounds else table.span.end,
    )
    kept = _sorted(table, table.rows(window), asked.get("order_by", table.time))
    columns = asked["select"].split(",") if "select" in asked else list(table.names)
    shown = [_with_offset(row, table.time) for row in _columns(table, kept, columns)]
    if match[2] == "exports/json":
        return json_answer(shown)
    limit = int(asked.get("limit", 10))
    if limit > _LIMIT_ODRE_RECORDS:
        raise Refused(
            json_answer({"error_code": "InvalidRESTParameterError", "message": "limit is above 100"}, 400)
        )
    return json_answer({"total_count": len(shown), "results": shown[:limit]})


ANSWERERS: Mapping[ServiceName, Callable[[Tables, Request], Answer | None]] = {
    "energidata": answer_energidata,
    "odre": answer_odre,
}
"""By service; ``None`` is the answer to a path that the service does not have."""


def _known(tables: Tables, name: str) -> TapeTable:
    if name in tables:
        return tables[name]
    raise Refused(json_answer({"message": f"Unknown dataset: {name}"}, 404))


def _moment(text: str, zone: ZoneInfo | Any) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(json_answer({"message": f"{text} is no date"}, 400)) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _passes(row: Record, spelled: str) -> bool:
    return all(
        row.get(name) in (kept if isinstance(kept, list) else [kept])
        for name, kept in json.loads(spelled).items()
    )


def _sorted(table: TapeTable, rows: list[Record], order: str) -> list[Record]:
    name, _, direction = order.partition(" ")
    if name not in table.names:
        raise Refused(json_answer({"message": f"Unknown field: {name}"}, 400))
    return sorted(rows, key=lambda row: str(row[name]), reverse=direction.upper() == "DESC")


def _columns(table: TapeTable, rows: list[Record], names: list[str]) -> list[Record]:
    unknown = [name for name in names if name not in table.names]
    if unknown:
        raise Refused(
            json_answer({"error_code": "ODSQLError", "message": f"Unknown field: {unknown[0]}"}, 400)
        )
    return [{name: row[name] for name in names} for row in rows]


def _with_offset(row: Record, time: str) -> Record:
    """Spell an instant as ODRÉ does; days have no offset."""
    return {
        name: f"{cell}+00:00" if name == time and "T" in str(cell) else cell for name, cell in row.items()
    }
