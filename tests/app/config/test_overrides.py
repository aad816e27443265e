from __future__ import annotations

import json
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.app.config.faults import Faults
from penstock.app.config.overrides import parse_override, parse_overrides
from penstock.domain.errors import ConfigError

PLAIN = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(
    lambda text: text not in {"null", "true", "false", "nan", "inf"}
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | PLAIN
NESTED = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(PLAIN, inner, max_size=4),
    max_leaves=10,
)


def written(value: object) -> str:
    """Write a value in the grammar: keys bare, text quoted."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}: {written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(written(item) for item in value) + "]"
    if isinstance(value, str):
        return "'" + value.replace("'", "\\'") + "'"
    return json.dumps(value).replace("Infinity", "inf")


@given(NESTED)
def test_any_nested_value_survives_the_grammar(value: object) -> None:
    assert parse_override(f"a.b={written(value)}").value == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (",", ","),
        ("24", 24),
        ("-3", -3),
        ("1e-3", 0.001),
        ("true", True),
        ("null", None),
        ("'null'", "null"),
        ("[24, 168]", [24, 168]),
        ("{a: 1, b: [x]}", {"a": 1, "b": ["x"]}),
        ("'a, b'", "a, b"),
        ('"it\'s"', "it's"),
        ("", ""),
        ("two words", "two words"),
        ("2023-05-01", "2023-05-01"),
        ("./data/load.csv.gz", "./data/load.csv.gz"),
        ("C:\\data\\load.csv", "C:\\data\\load.csv"),
        ("~/Hent (1)/på øen.csv", "~/Hent (1)/på øen.csv"),
        ("https://x.example/a?b=c&d=e", "https://x.example/a?b=c&d=e"),
        ("no", "no"),
        ("010", "010"),
    ],
)
def test_the_grammar_of_values(text: str, value: object) -> None:
    assert parse_override(f"key={text}").value == value


def test_not_a_number_is_a_number() -> None:
    value = parse_override("key=nan").value
    assert isinstance(value, float)
    assert math.isnan(value)


def test_key_and_text_are_kept() -> None:
    override = parse_override("a.b-c.d_1='x=y'")
    assert (override.key, override.text, override.quoted) == ("a.b-c.d_1", "'x=y'", True)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("+a=1", "'+a=1': keys cannot be added; every key has a value, so write 'a=1'"),
        ("++a=1", "'++a=1': keys cannot be added; every key has a value, so write 'a=1'"),
        ("~a.b", "'~a.b': keys cannot be deleted; write 'a.b=null'"),
        ("~a=1", "'~a=1': keys cannot be deleted; write 'a=null'"),
        ("horizon", "'horizon' is not an override; write key=value"),
        ("=3", "'' in '=3' is not a key"),
        ("a b=3", "'a b' in 'a b=3' is not a key"),
        ("a..b=3", "'a..b' in 'a..b=3' is not a key"),
        ("a@b=3", "'a@b' in 'a@b=3' is not a key"),
        ("a=1,2", "a=1,2: one value at a time; a list is [a, b], and text with a comma needs quotes"),
        ("a=[1", "a=[1: missing BRACKET_CLOSE"),
        ("a={b", "a={b: "),
        ("a='x", "a='x: missing MATCHING_QUOTE_CLOSE"),
        ("a=[1,,2]", "a=[1,,2]: "),
        ("a=${b}", "a=${b}: interpolation is not supported"),
        ("a='${oc.env:HOME}'", "interpolation is not supported"),
        ("a=???", "a=???: '???' marks a missing value; give one"),
    ],
)
def test_what_is_no_override_is_refused_with_the_way_out(argument: str, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        parse_override(argument)


def test_all_wrong_arguments_are_noted_and_the_right_ones_kept() -> None:
    faults = Faults()
    overrides = parse_overrides(["a=1", "+b=2", "c", "d=4"], faults)
    assert [override.key for override in overrides] == ["a", "d"]
    assert len(faults.messages) == 2
