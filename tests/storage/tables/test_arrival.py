"""Arrivals: what cannot be said. What a table makes of them is in the contract."""

from __future__ import annotations

from datetime import timedelta

import pytest

from penstock.domain.errors import DataError, UsageError
from penstock.storage.tables.arrival import Known, named, prepared
from penstock.testing.table_model import SCHEMA, Answer, frame
from penstock.testing.tables import WINDOW, hour, shown


def test_a_lag_belongs_to_assumed_knowledge() -> None:
    assert Known.assumed(timedelta(days=15)).lag == timedelta(days=15)
    with pytest.raises(UsageError, match="a lag belongs to 'assumed'"):
        Known(how="assumed")
    with pytest.raises(UsageError, match="a lag belongs to 'assumed'"):
        Known(how="published", lag=timedelta(days=1))


def test_published_rows_need_their_stamps() -> None:
    answer = Answer(shown=[], window=WINDOW, received_at=hour(1), known=Known.received(), mark="mark")
    arrival = answer.arrival
    object.__setattr__(arrival, "known", Known.published())
    with pytest.raises(DataError, match="known_at is missing"):
        prepared(SCHEMA, arrival)


def test_names_of_observations_are_bounded() -> None:
    rows = frame(shown(*[1.0] * 8))
    assert named(SCHEMA, rows, 2) == "a at 2023-05-01T00:00:00Z, a at 2023-05-01T01:00:00Z and 6 more"


def test_columns_may_come_in_any_order() -> None:
    answer = Answer(shown=shown(1.0), window=WINDOW, received_at=hour(1), known=Known.received(), mark="mark")
    arrival = answer.arrival
    object.__setattr__(arrival, "rows", arrival.rows.select("value", "series", "time"))
    assert prepared(SCHEMA, arrival).columns == ["time", "series", "value"]
