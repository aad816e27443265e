from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.app.config.documents import Document, read_document
from penstock.app.config.faults import Faults

NAMES = st.from_regex(r"[a-z][a-z_]{0,7}", fullmatch=True).filter(
    lambda name: name not in {"null", "true", "false"}
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(max_codepoint=0x1FFF, exclude_categories=["C", "Z"]))
)
VALUES = st.dictionaries(
    NAMES,
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


class Text:
    """A file that exists in memory only."""

    def __init__(self, text: str) -> None:
        self.text = text

    def read_text(self, encoding: str | None = None) -> str:
        return self.text


def read(text: str) -> tuple[Document, list[str]]:
    faults = Faults()
    document = read_document(Text(text), "a.yaml", faults)  # type: ignore[arg-type]  # only read_text is used
    return document, faults.messages


@given(VALUES)
def test_every_json_document_is_a_document(values: dict[str, object]) -> None:
    text = json.dumps(values, ensure_ascii=False)
    document, faults = read(text)
    if "${" in text or "???" in text:
        return
    assert faults == []
    assert document.values == values


def test_words_and_numbers_are_those_of_yaml_1_2() -> None:
    document, faults = read(
        "country: no\nswitch: on\nclock: 12:30\noctal: 010\nsmall: 1e-3\nmany: 1_000\nday: 2023-05-01\n"
        "yes: true\nnothing: ~\nempty:\nbig: .inf\nodd: .nan\nhalf: .5\n"
    )
    assert faults == []
    odd = document.values["odd"]
    assert isinstance(odd, float)
    assert math.isnan(odd)
    assert {key: value for key, value in document.values.items() if key != "odd"} == {
        "country": "no",
        "switch": "on",
        "clock": "12:30",
        "octal": "010",
        "small": 0.001,
        "many": 1000,
        "day": "2023-05-01",
        "yes": True,
        "nothing": None,
        "empty": None,
        "big": math.inf,
        "half": 0.5,
    }


def test_lines_are_kept_for_every_depth() -> None:
    document, _ = read("a: 1\nb:\n  c: 2\n  # why\n  d: {e: 3,\n    f: 4}\ng: [1,\n 2]\n")
    assert document.lines == {"a": 1, "b": 2, "b.c": 3, "b.d": 5, "b.d.e": 5, "b.d.f": 6, "g": 7}


def test_every_doubled_key_is_named_with_both_lines() -> None:
    document, faults = read("a: 1\nb: {c: 1, c: 2}\na: 3\n")
    assert faults == [
        "a.yaml:2: b.c is defined twice, first on line 2; keep one",
        "a.yaml:3: a is defined twice, first on line 1; keep one",
    ]
    assert document.values == {"a": 1, "b": {"c": 1}}


def test_a_layer_knows_the_place_of_each_key() -> None:
    document, _ = read("a: 1\nb: 2\n")
    assert str(document.layer("model").origin("model.b")) == "a.yaml:2"
    assert str(document.layer("model").origin("model")) == "a.yaml"
    assert document.layer("model").values == {"model": {"a": 1, "b": 2}}
    assert str(document.layer().origin("b")) == "a.yaml:2"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1\n", "a.yaml is not valid YAML: .*line"),
        ("a: 1\n---\nb: 2\n", "is not valid YAML"),
        ("- 1\n- 2\n", "must hold keys and values .*, not a list"),
        ("just text\n", "must hold keys and values .*, not one value"),
        ("a: ${b}\n", r"a\.yaml:1: a = '\$\{b\}': interpolation is not supported"),
        ("a: [x, 'p${q}']\n", r"a\.yaml:1: a\.1 = .*interpolation is not supported"),
        (
            "a: !!python/object/apply:os.system ['true']\n",
            r"a\.yaml:1: a: the tag .*os\.system is not supported",
        ),
        ("a: !mine {b: 1}\n", "the tag !mine is not supported"),
        ("a: !!int x\n", r"a\.yaml:1: a: "),
        ("a: &x {b: *x}\n", "a.b contains itself|is not valid YAML"),
    ],
)
def test_faults_are_noted(text: str, message: str) -> None:
    import re

    _, faults = read(text)
    assert len(faults) == 1
    assert re.search(message, faults[0])


def test_a_tag_that_builds_objects_builds_nothing() -> None:
    document, faults = read("a: !!python/name:os.system\n")
    assert faults
    assert document.values == {"a": None}


def test_an_empty_file_is_an_empty_document() -> None:
    assert read("# nothing yet\n") == (Document(name="a.yaml"), [])


def test_an_unreadable_file_is_a_fault(tmp_path: Path) -> None:
    faults = Faults()
    read_document(tmp_path, "folder.yaml", faults)
    (tmp_path / "latin.yaml").write_bytes("ø: 1".encode("latin-1"))
    read_document(tmp_path / "latin.yaml", "latin.yaml", faults)
    assert [message.split(":")[0] for message in faults.messages] == [
        "folder.yaml cannot be read",
        "latin.yaml cannot be read",
    ]
    assert faults.incomplete
