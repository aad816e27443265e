from __future__ import annotations

import collections
import json
import math
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, Flag, IntEnum, StrEnum
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator

from penstock.domain.errors import PipelineError, StorageError
from penstock.storage.decoding import Decoder
from penstock.storage.encoding import Encoder, dump


class Colour(Enum):
    RED = "red"
    GREEN = ("g", 2)


class Level(IntEnum):
    LOW = 1


class Mode(StrEnum):
    FAST = "fast"


class Right(Flag):
    READ = 1
    WRITE = 2


class Point(NamedTuple):
    x: float
    y: float = 0.0


Untyped = collections.namedtuple("Untyped", ["a", "b"])  # noqa: PYI024  (users have them)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    lags: tuple[int, ...]
    rate: float = 0.1
    note: str | None = None


@dataclass
class Nested:
    settings: Settings
    points: list[Point]
    colours: dict[Colour, set[int]]

    @cached_property
    def count(self) -> int:
        return len(self.points)


@dataclass(frozen=True)
class Derived:
    value: int
    double: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "double", 2 * self.value)


@dataclass
class Hiding:
    value: int

    def __post_init__(self) -> None:
        self.hidden = self.value


class Model(BaseModel):
    model_config = ConfigDict(frozen=True)

    name: str
    scores: dict[str, float] = {}
    settings: Settings | None = None
    aliased: int = Field(default=0, alias="anotherName")

    @field_validator("name")
    @classmethod
    def _grow(cls, name: str) -> str:
        return name + "!"  # not idempotent: reading must not validate again


class OpenModel(BaseModel):
    model_config = ConfigDict(extra="allow")

    name: str


class PrivateModel(BaseModel):
    name: str
    _count: int = PrivateAttr(default=0)

    @cached_property
    def size(self) -> int:
        return len(self.name)


class Outer:
    @dataclass(frozen=True)
    class Inner:
        value: int


def there_and_back(value: object) -> Any:
    return Decoder().decode(json.loads(dump(Encoder(logical=False).encode(value), sort_keys=False)))


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=[]))
    | st.binary()
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.uuids()
    | st.decimals(allow_nan=False)
    | st.datetimes()
    | st.datetimes(
        min_value=datetime.fromisoformat("1900-01-01"),
        max_value=datetime.fromisoformat("2200-01-01"),
        timezones=st.timezones(),
    ).filter(lambda moment: moment.astimezone(UTC).astimezone(moment.tzinfo) == moment)
    | st.sampled_from([*Colour, *Level, *Mode, Right.READ | Right.WRITE, Right(0)])
)
HASHABLE = st.recursive(
    SCALARS, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=4
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.just("$"), inner, max_size=4)
        | st.dictionaries(HASHABLE, inner, max_size=3)
        | st.sets(HASHABLE, max_size=3)
        | st.builds(Point, inner, inner)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_values_come_back_equal_and_of_the_same_types(value: object) -> None:
    again = there_and_back(value)
    assert again == value
    assert repr_of_types(again) == repr_of_types(value)


def repr_of_types(value: object) -> object:
    if isinstance(value, dict):
        return [(repr_of_types(key), repr_of_types(item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return [type(value), *map(repr_of_types, value)]
    return type(value)


@given(st.floats())
def test_floats_come_back_to_the_last_bit(value: float) -> None:
    assert math.isnan(value) or there_and_back(value).hex() == value.hex()
    assert there_and_back([value]) == [value] or math.isnan(value)
    assert math.isnan(there_and_back(value)) == math.isnan(value)


@pytest.mark.parametrize(
    "value",
    [
        Settings(lags=(1, 24), note="x"),
        Nested(Settings(lags=()), [Point(1.0)], {Colour.GREEN: {1, 2}, Colour.RED: set()}),
        Derived(3),
        Model(name="a", scores={"b": float("inf"), "a": 1.0}, settings=Settings(lags=(1,))),
        Model(name="a", anotherName=3),
        OpenModel.model_validate({"name": "a", "more": [1, 2]}),
        PrivateModel(name="a"),
        Outer.Inner(3),
        Untyped(1, (2,)),
        Path("a/b"),
        datetime(2024, 10, 27, 2, 30, tzinfo=ZoneInfo("Europe/Copenhagen"), fold=1),
        datetime(2024, 10, 27, 2, 30, fold=1),  # noqa: DTZ001  (the case)
        datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        time(1, 2, 3, 4),
        date(2024, 2, 29),
        Decimal("1.10"),
        UUID(int=7),
        10**40,
    ],
    ids=lambda value: type(value).__name__,
)
def test_classes_come_back(value: object) -> None:
    again = there_and_back(value)
    assert again == value
    assert type(again) is type(value)
    assert repr(again) == repr(value)


def test_set_fields_of_a_model_are_kept() -> None:
    again = there_and_back(Model(name="a", scores={}))
    assert again.model_fields_set == {"name", "scores"}
    assert again.name == "a!"


def test_private_attributes_get_their_defaults() -> None:
    again = there_and_back(PrivateModel(name="a"))
    assert again._count == 0
    assert again.size == 1


def test_cached_properties_are_worked_out_again() -> None:
    value = Nested(Settings(lags=()), [Point(1.0)], {})
    assert value.count == 1
    assert there_and_back(value).count == 1


def test_mappings_keep_their_order() -> None:
    assert list(there_and_back({"b": 1, "a": 2})) == ["b", "a"]
    assert list(there_and_back({2: 1, 1: 2})) == [2, 1]


def test_read_only_mappings_come_back_as_dictionaries() -> None:
    assert there_and_back(types.MappingProxyType({"a": 1})) == {"a": 1}
    assert there_and_back(collections.OrderedDict(a=1)) == {"a": 1}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64(0.1), 0.1),
        (np.int32(3), 3),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.float32(0.5), 0.5),
    ],
)
def test_numpy_scalars_come_back_as_plain_numbers(value: object, expected: object) -> None:
    again = there_and_back([value])[0]
    assert again == expected
    assert type(again) is type(expected)


def local_class() -> object:
    @dataclass
    class Local:
        value: int

    return Local(1)


def itself() -> object:
    value: list[object] = []
    value.append({"a": value})
    return value


def hiding_model() -> object:
    model = PrivateModel(name="a")
    model._count = 7
    return model


REFUSED: list[tuple[Callable[[], object], str]] = [
    (object, r"type 'builtins:object' \(at value\['a'\]\[0\]\). Allowed: None, bool.*Path"),
    (lambda: len, "builtin_function_or_method"),
    (lambda: Settings, "'builtins:type'"),
    (lambda: 1j, "complex"),
    (lambda: range(3), "range"),
    (lambda: collections.defaultdict(int), "defaultdict"),
    (lambda: collections.Counter("aa"), "Counter"),
    (lambda: time(1, tzinfo=UTC), "a time of day with a zone"),
    (lambda: np.datetime64("2024-01-01"), "datetime64"),
    (lambda: np.complex128(1), "complex128"),
    (lambda: PurePosixPath, "type"),
    (lambda: Hiding(1), "keeps hidden outside its fields, which would be lost"),
    (hiding_model, "keeps _count outside its fields"),
    (local_class, "top level of an importable module"),
    (itself, r"contains itself \(at value\['a'\]\[0\]\[0\]\['a'\]\)"),
]


@pytest.mark.parametrize(("make", "message"), REFUSED)
def test_other_types_are_refused_with_their_place(make: Callable[[], object], message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        Encoder(logical=False).encode({"a": [make()]})


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        (
            {"$": "object", "type": "nowhere:Gone", "fields": {}},
            "'nowhere:Gone': no class has this name; it was renamed",
        ),
        ({"$": "object", "type": f"{__name__}:Gone", "fields": {}}, "renamed, moved or removed since"),
        ({"$": "object", "type": "os:system", "fields": {}}, "no class has this name"),
        ({"$": "object", "type": "os:path", "fields": {}}, "no class has this name"),
        (
            {"$": "object", "type": "subprocess:Popen", "fields": {}},
            "neither a dataclass, a pydantic model nor",
        ),
        ({"$": "object", "type": f"{__name__}:np.ndarray", "fields": {}}, "no class has this name"),
        ({"$": "object", "type": "", "fields": {}}, "no class has this name"),
        ({"$": "object", "type": f"{__name__}:Point", "fields": {"x": 1, "z": 2}}, r"but gone: z; new: y"),
        (
            {"$": "object", "type": f"{__name__}:Settings", "fields": {"lags": []}},
            "gone: none; new: note, rate",
        ),
        (
            {"$": "object", "type": f"{__name__}:OpenModel", "fields": {"title": ""}, "unset": {}},
            "its fields changed since .* Run the step that made it again",
        ),
        (
            {"$": "enum", "type": f"{__name__}:Colour", "value": "blue"},
            "no member with the value 'blue' any more",
        ),
        ({"$": "enum", "type": f"{__name__}:Point", "value": 1}, "not an Enum any more"),
        ({"$": "hologram"}, "tag 'hologram'; a newer Penstock"),
    ],
)
def test_what_cannot_be_read_any_more_is_told(tree: object, message: str) -> None:
    with pytest.raises(StorageError, match=message):
        Decoder().decode([tree])


def test_reading_calls_no_constructor(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = Encoder(logical=False).encode([Settings(lags=()), Model(name="a")])
    for cls in (Settings, Model):
        monkeypatch.setattr(cls, "__init__", lambda *_, **__: pytest.fail("constructor called"))
    assert [type(value) for value in Decoder().decode(tree)] == [Settings, Model]


def test_encoding_imports_nothing_heavy() -> None:
    assert not {"polars", "pandas"} & set(vars(sys.modules["penstock.storage.encoding"]))
