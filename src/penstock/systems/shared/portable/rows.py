"""Raw rows as arrays: what a forecaster needs of a panel, checked as Penstock checks it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from penstock.domain.errors import DataError, bounded
from penstock.systems.shared.portable.clock import all_on_month_ends, grid_stamps, moment

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Rows: TypeAlias = "Mapping[str, Any] | Iterable[Mapping[str, Any]]"
PANEL = ("series", "time", "y")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class History:
    """The end of every series, as much as a model looks back on.

    ``values`` is (S, M), ``ahead`` (S, H) the stamps to forecast, ``statics`` has one value for each series.
    """

    series: tuple[str, ...]
    values: NDArray[np.float64]
    ahead: NDArray[np.int64]
    statics: Mapping[str, tuple[str | None, ...]]


@dataclass(frozen=True, kw_only=True)
class Need:
    """What a model asks of its rows: known series, grid, steps of history and the static columns."""

    series: tuple[str, ...]
    frequency: str
    steps: int
    statics: tuple[str, ...]


def history_of(rows: Rows, need: Need, horizon: int) -> History:
    """Read raw rows, in any order.

    Raises
    ------
    DataError
        A column is missing, a value is no finite number, a stamp no moment, off the grid or there twice, or a series is
        unknown, too short or has a gap; names them.
    """
    import numpy as np

    columns = columns_of(rows, (*PANEL, *need.statics))
    found = _by_series(columns, need)
    tails = {
        name: sorted(rows_of, key=lambda row: row[0])[-need.steps :]
        for name, rows_of in sorted(found.items())
    }
    stamps = np.array([[row[0] for row in tail] for tail in tails.values()], dtype=np.int64)
    values = np.array([[row[1] for row in tail] for tail in tails.values()], dtype=np.float64)
    return History(
        series=tuple(tails),
        values=values,
        ahead=_ahead(tuple(tails), stamps, need.frequency, horizon),
        statics={
            name: tuple(_text(columns[name][tail[0][2]]) for tail in tails.values()) for name in need.statics
        },
    )


def columns_of(rows: Rows, names: Sequence[str]) -> dict[str, Sequence[Any]]:
    """Return the named columns of a mapping of columns, or of a list of rows.

    Raises
    ------
    DataError
        There is no row, a column is missing, or columns differ in length.
    """
    if not isinstance(rows, Mapping):
        listed = list(rows)
        lost = [name for name in names if any(name not in row for row in listed)]
        columns: dict[str, Sequence[Any]] = {name: [row.get(name) for row in listed] for name in names}
    else:
        lost = [name for name in names if name not in rows]
        columns = {name: rows[name] for name in names if name not in lost}
    if lost:
        raise DataError(f"not a panel: columns {bounded(lost)} are missing")
    if len({len(values) for values in columns.values()}) != 1 or not len(columns["series"]):
        raise DataError("the panel has no rows, or its columns differ in length; give one value for each row")
    return columns


def microseconds(value: Any) -> int:
    """Return a stamp as microseconds since 1970 (UTC): a datetime, a NumPy datetime, or a text of ISO 8601.

    What has no zone is taken as UTC.

    Raises
    ------
    ValueError
        It is no moment.
    """
    import numpy as np

    if isinstance(value, np.datetime64):
        value = value.astype("datetime64[us]").item()
    if isinstance(value, str):
        value = datetime.fromisoformat(value.strip())
    if not isinstance(value, datetime):
        raise ValueError(f"{value!r:.40} is no moment")  # noqa: TRY004 - one kind of error for all that is no moment
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return (aware - EPOCH) // timedelta(microseconds=1)


def _by_series(columns: Mapping[str, Sequence[Any]], need: Need) -> dict[str, list[tuple[int, float, int]]]:
    """Sort rows under their series: stamp, value and number of the row."""
    found: dict[str, list[tuple[int, float, int]]] = {}
    faults: list[str] = []
    for number, (name, time, y) in enumerate(zip(*(columns[one] for one in PANEL), strict=True)):
        try:
            stamp, value = microseconds(time), float(y)
        except (TypeError, ValueError, OverflowError) as error:
            faults.append(f"row {number}: {error}")
            continue
        if not math.isfinite(value):
            faults.append(f"row {number}: y is missing, NaN or infinite")
        found.setdefault(str(name), []).append((stamp, value, number))
    faults += _series_faults(found, need)
    if faults:
        raise DataError(f"the rows cannot be forecast from: {bounded(faults)}; clean them first")
    return found


def _series_faults(found: Mapping[str, Sequence[tuple[int, float, int]]], need: Need) -> list[str]:
    unknown = sorted(set(found) - set(need.series))
    faults = (
        [f"the model was not trained on {len(unknown)} of the series: {bounded(unknown)}"] if unknown else []
    )
    for name, rows in sorted(found.items()):
        if len({row[0] for row in rows}) != len(rows):
            faults.append(f"{name}: a stamp stands there twice")
        if len(rows) < need.steps:
            faults.append(f"{name} has {len(rows)} rows and needs {need.steps}")
    return faults


def _ahead(
    names: tuple[str, ...], stamps: NDArray[np.int64], frequency: str, horizon: int
) -> NDArray[np.int64]:
    """Return the stamps (S, H) after the last of each series, on the one grid of all.

    Raises
    ------
    DataError
        A stamp is off the grid, or a series has a gap.
    """
    import numpy as np

    month_ends = all_on_month_ends(stamps, frequency)
    first, count = int(stamps.min()), stamps.shape[1] + horizon
    grid = grid_stamps(first, frequency, count, month_ends=month_ends)
    while grid[-1 - horizon] < stamps.max():
        count *= 2
        grid = grid_stamps(first, frequency, count, month_ends=month_ends)
    places = np.searchsorted(grid, stamps)
    regular = (grid[places] == stamps).all(axis=1) & (np.diff(places, axis=1) == 1).all(axis=1)
    if not regular.all():
        broken = [
            f"{name} ({moment(row[0])} to {moment(row[-1])})"
            for name, row, good in zip(names, stamps, regular, strict=True)
            if not good
        ]
        raise DataError(
            f"{len(broken)} series have gaps or stamps off the common grid of {frequency}: {bounded(broken)}; fill them first"
        )
    last = places[:, -1]
    return np.asarray(grid[last[:, None] + np.arange(1, horizon + 1)])


def _text(value: Any) -> str | None:
    missing = value is None or (isinstance(value, float) and math.isnan(value))
    return None if missing else str(value)


def as_rows(columns: Mapping[str, NDArray[Any]]) -> list[dict[str, Any]]:
    """Turn columns into rows of plain values; stamps become moments in UTC, NaN becomes None."""
    plain: dict[str, list[Any]] = {name: values.tolist() for name, values in columns.items()}
    plain["time"] = [value.replace(tzinfo=UTC) for value in plain["time"]]
    rows = zip(*plain.values(), strict=True)
    return [{name: _plain(value) for name, value in zip(plain, row, strict=True)} for row in rows]


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
