from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.app.config.origins import (
    COMMAND_LINE,
    DEFAULT,
    Layer,
    Origin,
    leaves,
    origin_of,
    overlaps,
    ranked,
    trace,
)

NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.dictionaries(
    NAMES, st.recursive(st.integers(), lambda inner: st.dictionaries(NAMES, inner), max_leaves=6)
)


def merge(low: dict[str, object], high: dict[str, object]) -> dict[str, object]:
    merged = dict(low)
    for name, value in high.items():
        before = merged.get(name)
        merged[name] = merge(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return merged


@given(st.lists(VALUES, min_size=1, max_size=4))
def test_every_leaf_has_the_origin_of_the_last_layer_that_set_it(stack: list[dict[str, object]]) -> None:
    layers = [Layer(name=str(rank), values=values) for rank, values in enumerate(stack)]
    merged: dict[str, object] = {}
    for values in stack:
        merged = merge(merged, values)
    origins = trace(layers)
    for key, value in leaves(merged):
        last = max(rank for rank, values in enumerate(stack) if _has(values, key))
        if value != {}:
            assert str(origins[key]) == str(last)


def _has(values: object, key: str) -> bool:
    first, _, rest = key.partition(".")
    if not isinstance(values, dict) or first not in values:
        return False
    return not rest or _has(values[first], rest)


def test_overlap_is_by_whole_names() -> None:
    assert overlaps("a.b", "a")
    assert overlaps("a", "a.b")
    assert overlaps("a", "a")
    assert not overlaps("ab", "a")


def test_a_key_inherits_the_origin_of_its_parent_and_gathers_those_of_its_children() -> None:
    origins = {
        "a": COMMAND_LINE,
        "b.x": Origin(kind="file", place="f:1"),
        "b.y": Origin(kind="file", place="f:2"),
    }
    assert origin_of("a.z", origins) == COMMAND_LINE
    assert str(origin_of("b", origins)) == "f:1, f:2"
    assert origin_of("c", origins) == DEFAULT


def test_an_origin_prints_its_place_else_its_kind() -> None:
    assert str(Origin(kind="file", place="config.yaml:12")) == "config.yaml:12"
    assert str(COMMAND_LINE) == "command line"


def test_what_a_later_layer_replaces_is_gone_from_those_below() -> None:
    below = Layer(name="below", values={"tune": {"space": {"a": 1}, "trials": 3}, "space": {"b": 1}})
    above = Layer(
        name="above", values={"tune": {"space": {"c": 2}}}, replaces=frozenset({"tune.space", "none.such"})
    )
    top = Layer(name="top", values={"tune": {"space": {"d": 3}}})
    assert [layer.values for layer in ranked([below, above, top])] == [
        {"tune": {"trials": 3}, "space": {"b": 1}},
        above.values,
        top.values,
    ]
    assert below.values["tune"] == {"space": {"a": 1}, "trials": 3}
