from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from penstock.release.schema import BundleSchema, Column
from penstock.testing.toys import toy_schema

GOOD = {"series": "a", "time": datetime(2026, 1, 1, tzinfo=UTC), "y": 2}


def test_rows_that_fit_have_no_faults() -> None:
    assert toy_schema().faults([GOOD, {**GOOD, "time": "2026-01-01T01:00:00+01:00"}]) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"y": None}, "row 0: y is missing"),
        ({"y": math.nan}, "row 0: y is missing"),
        ({"y": math.inf}, "row 0: y is infinite"),
        ({"y": -1.0}, "row 0: y is -1.0, below 0.0"),
        ({"y": "2"}, "row 0: y is '2', not a number"),
        ({"y": True}, "row 0: y is True, not a number"),
        ({"series": 7}, "row 0: series is 7, not a string"),
        ({"time": "2026-01-01T00:00:00"}, "row 0: time is '2026-01-01T00:00:00', not a time"),
        ({"time": "yesterday"}, "row 0: time is 'yesterday', not a time"),
        ({"x": 1}, "row 0: unknown column 'x'"),
    ],
)
def test_a_value_that_does_not_fit_is_named(change: dict[str, object], fault: str) -> None:
    assert toy_schema().faults([{**GOOD, **change}]) == [fault]


def test_absent_columns_are_named_unless_optional() -> None:
    columns = (Column(name="a", type="integer"), Column(name="b", type="boolean", required=False))
    schema = BundleSchema(columns=columns, example=({"a": 1},))

    assert schema.faults([{}]) == ["row 0: column 'a' is absent"]


def test_only_known_values_are_accepted_where_they_are_stated() -> None:
    column = Column(name="area", type="string", values=("DK1", "DK2"))

    assert column.fault("DK1") is None
    assert column.fault("SE4") == "is 'SE4', allowed: DK1, DK2"


def test_an_upper_bound_belongs_to_what_is_accepted() -> None:
    column = Column(name="x", type="number", maximum=1.0, nullable=True)

    assert [column.fault(value) for value in (1.0, 1.5, None)] == [None, "is 1.5, above 1.0", None]


@pytest.mark.parametrize("example", [(), ({"series": "a"},)])
def test_a_schema_needs_an_example_that_it_accepts(example: tuple[dict[str, None], ...]) -> None:
    with pytest.raises(ValidationError, match="the example is not accepted"):
        BundleSchema(columns=toy_schema().columns, example=example)
