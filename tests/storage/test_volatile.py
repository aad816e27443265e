from __future__ import annotations

import collections
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Optional

import pytest
from pydantic import BaseModel, Field
from pydantic.dataclasses import dataclass as pydantic_dataclass

from penstock.domain.values import VOLATILE
from penstock.domain.values import Seconds as Runtime
from penstock.storage.decoding import Decoder
from penstock.storage.digests import canonical_json, digest_value
from penstock.storage.encoding import Encoder
from penstock.storage.volatile import SKIP, Items, Mask, Positions, field_masks, mask_of

if TYPE_CHECKING:
    import polars as pl

    from penstock.domain.values import Seconds


@dataclass(frozen=True)
class Timed:
    """``Seconds`` and ``pl`` are known to type checkers only, as the linter wants it."""

    name: str
    took_s: Seconds = 0.0
    perhaps_s: Seconds | None = None
    each_s: tuple[Seconds, ...] = ()
    by_name_s: Mapping[str, Seconds] = field(default_factory=dict)
    pair: tuple[str, Seconds] = ("", 0.0)
    deep: dict[str, list[Seconds]] = field(default_factory=dict)
    table: pl.DataFrame | None = None
    tables: dict[str, pl.DataFrame] = field(default_factory=dict)
    either: pl.DataFrame | Seconds | None = None
    scores: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Child(Timed):
    extra: int = 0


class TimedTuple(NamedTuple):
    name: str
    took_s: Annotated[float, VOLATILE]


class TimedModel(BaseModel):
    name: str
    took_s: Annotated[float, VOLATILE] = 0.0
    limited_s: Annotated[float, VOLATILE, Field(ge=0)] = 0.0
    laps_s: list[Annotated[float, VOLATILE]] = []


@pydantic_dataclass
class TimedPydantic:
    name: str
    took_s: Annotated[float, VOLATILE] = 0.0


@dataclass
class Holder:
    items: list[Timed]
    by_name: dict[str, tuple[Timed, ...]]


BASE = Timed("a")
IGNORED: list[dict[str, Any]] = [
    {"took_s": 1.5},
    {"took_s": float("nan")},
    {"perhaps_s": 2.0},
    {"either": 3.0},
]
COUNTED: list[dict[str, Any]] = [
    {"name": "b"},
    {"each_s": (1.0,)},
    {"by_name_s": {"fit": 1.0}},
    {"pair": ("b", 0.0)},
    {"deep": {"fit": []}},
    {"scores": {"fit": 1.0}},
]
ALIKE: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"each_s": (1.0, 2.0)}, {"each_s": (3.0, 4.0)}),
    ({"by_name_s": {"fit": 1.0}}, {"by_name_s": {"fit": 2.0}}),
    ({"pair": ("b", 1.0)}, {"pair": ("b", 2.0)}),
    ({"deep": {"fit": [1.0]}}, {"deep": {"fit": [2.0]}}),
]


@pytest.mark.parametrize("change", IGNORED)
@pytest.mark.parametrize("wrap", [lambda value: value, lambda value: Holder([value], {"a": (value,)})])
def test_volatile_fields_do_not_count(change: dict[str, Any], wrap: Any) -> None:
    assert digest_value(wrap(replace(BASE, **change))) == digest_value(wrap(BASE))


@pytest.mark.parametrize("change", COUNTED)
@pytest.mark.parametrize("wrap", [lambda value: value, lambda value: Holder([value], {"a": (value,)})])
def test_all_else_counts(change: dict[str, Any], wrap: Any) -> None:
    assert digest_value(wrap(replace(BASE, **change))) != digest_value(wrap(BASE))


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_volatile_items_count_by_their_number_and_names_only(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert digest_value(replace(BASE, **one)) == digest_value(replace(BASE, **other))


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (Child("a", took_s=1.0), Child("a", took_s=2.0), True),
        (Child("a", extra=1), Child("a", extra=2), False),
        (TimedTuple("a", 1.0), TimedTuple("a", 2.0), True),
        (TimedTuple("a", 1.0), TimedTuple("b", 1.0), False),
        (TimedModel(name="a", took_s=1), TimedModel(name="a", limited_s=2), True),
        (TimedModel(name="a", laps_s=[1]), TimedModel(name="a", laps_s=[2]), True),
        (TimedModel(name="a", laps_s=[1]), TimedModel(name="a", laps_s=[2, 3]), False),
        (TimedPydantic("a", 1.0), TimedPydantic("a", 2.0), True),
        (TimedPydantic("a"), TimedPydantic("b"), False),
    ],
)
def test_every_kind_of_class(one: object, other: object, alike: bool) -> None:
    assert (digest_value(one) == digest_value(other)) is alike


@pytest.mark.parametrize("value", [Timed("a", took_s=1.5, each_s=(1.0,)), TimedModel(name="a", took_s=2)])
def test_storage_keeps_what_the_digest_ignores(value: object) -> None:
    assert Decoder().decode(Encoder(logical=False).encode(value)) == value
    assert canonical_json(value) != canonical_json(value, logical=True)


@pytest.mark.parametrize(
    ("annotation", "mask"),
    [
        (float, None),
        (Runtime, SKIP),
        (Annotated[float, "metres"], None),
        (Annotated[float, "metres", VOLATILE], SKIP),
        (Annotated[list[Runtime], "some"], Items(SKIP)),
        (Runtime | None, SKIP),
        (Optional[Runtime], SKIP),  # noqa: UP045  (the old spelling still comes in)
        (Runtime | str, None),
        ("Seconds", SKIP),
        (list["Seconds"], Items(SKIP)),
        ("list[Unheard.of]", None),
        (list[Runtime], Items(SKIP)),
        (tuple[Runtime, ...], Items(SKIP)),
        (tuple[str, Runtime], Positions((None, SKIP))),
        (tuple[str, int], None),
        (tuple[()], None),
        (dict[str, list[Runtime]], Items(Items(SKIP))),
        (Mapping[str, Runtime | None], Items(SKIP)),
        (list, None),
        (Literal["a", "b"], None),
        (None, None),
        (Any, None),
    ],
)
def test_masks_follow_the_annotation(annotation: object, mask: Mask) -> None:
    assert mask_of(annotation) == mask


def test_masks_of_a_class_name_its_volatile_fields() -> None:
    assert dict(field_masks(TimedTuple)) == {"took_s": SKIP}
    assert set(field_masks(Child)) == {"took_s", "perhaps_s", "each_s", "by_name_s", "pair", "deep", "either"}
    assert dict(field_masks(collections.namedtuple("Untyped", ["a"]))) == {}  # noqa: PYI024  (users have them)
