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
from penstock.sources.tapes.tables import spelled

if TYPE_CHECKING:
    import polars as pl

    from penstock.sources.tapes.tables import Record, ServiceName, TapeTable

Tables = Mapping[str, "TapeTable"]

_LIMIT_ENERGIDATA = 100
_USUAL_ODRE_RECORDS = 10
_MOST_ODRE_RECORDS = 100
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
    kept = _filtered(table, table.rows(window), asked.get("filter", "{}"))
    columns = asked["columns"].split(",") if "columns" in asked else list(table.names)
    shown = _columns(table, _sorted(table, kept, asked.get("sort", f"{table.time} DESC")), columns)
    limit = int(asked.get("limit", _LIMIT_ENERGIDATA))
    page = shown.slice(int(asked.get("offset", 0)), limit or None)
    return json_answer(
        {"total": kept.height, "limit": limit, "dataset": table.dataset, "records": spelled(page)}
    )


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
    shown = _columns(table, kept, columns)
    if match[2] == "exports/json":
        return json_answer([_with_offset(row, table.time) for row in spelled(shown)])
    limit = int(asked.get("limit", _USUAL_ODRE_RECORDS))
    if limit > _MOST_ODRE_RECORDS:
        raise Refused(json_answer({"message": f"limit is above {_MOST_ODRE_RECORDS}"}, 400))
    results = [_with_offset(row, table.time) for row in spelled(shown.head(limit))]
    return json_answer({"total_count": shown.height, "results": results})


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


def _filtered(table: TapeTable, rows: pl.DataFrame, spelled_filter: str) -> pl.DataFrame:
    """Keep rows whose cells equal the value, or one of the values, that the filter gives for their column."""
    import polars as pl

    for name, kept in json.loads(spelled_filter).items():
        _check(table, [name])
        values = [str(value) for value in (kept if isinstance(kept, list) else [kept])]
        rows = rows.filter(pl.col(name).cast(pl.String).is_in(values))
    return rows


def _sorted(table: TapeTable, rows: pl.DataFrame, order: str) -> pl.DataFrame:
    name, _, direction = order.partition(" ")
    _check(table, [name])
    return rows.sort(name, descending=direction.upper() == "DESC", maintain_order=True)


def _columns(table: TapeTable, rows: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    _check(table, names)
    return rows.select(names)


def _check(table: TapeTable, names: list[str]) -> None:
    unknown = [name for name in names if name not in table.names]
    if unknown:
        raise Refused(json_answer({"message": f"Unknown field: {unknown[0]}"}, 400))


def _with_offset(row: Record, time: str) -> Record:
    """Spell an instant as ODRÉ does; days have no offset."""
    return {
        name: f"{cell}+00:00" if name == time and "T" in str(cell) else cell for name, cell in row.items()
    }
