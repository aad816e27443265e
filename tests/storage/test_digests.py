from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import PipelineError, StorageError
from penstock.storage.codecs.registry import codec_for
from penstock.storage.digests import canonical_json, digest_bytes, digest_file, digest_tree, digest_value


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class One:
    value: object


@dataclass(frozen=True)
class Other:
    value: object


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)


def test_bytes_and_files(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"data")
    assert digest_bytes(b"data") == digest_file(tmp_path / "file") == hashlib.sha256(b"data").hexdigest()


def test_tree_counts_names_and_contents_only(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_bytes(b"data")
    (tmp_path / "a" / "more").write_bytes(b"")
    lines = [
        b"b/file\0" + digest_bytes(b"data").encode() + b"\n",
        b"more\0" + digest_bytes(b"").encode() + b"\n",
    ]
    before = digest_tree(tmp_path / "a")
    assert before == digest_bytes(b"".join(lines))
    (tmp_path / "a" / "empty").mkdir()
    os.utime(tmp_path / "a" / "more", (0, 0))
    assert digest_tree(tmp_path / "a") == before
    (tmp_path / "a" / "more").rename(tmp_path / "a" / "other")
    assert digest_tree(tmp_path / "a") != before


def test_tree_follows_links(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").write_bytes(b"one")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "link").symlink_to(tmp_path / "real")
    before = digest_tree(tmp_path / "tree")
    (tmp_path / "real" / "file").write_bytes(b"two")
    assert digest_tree(tmp_path / "tree") != before


def test_tree_that_contains_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    with pytest.raises(StorageError, match="the link leads to a folder that it lies in"):
        digest_tree(tmp_path)


def test_tree_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nothing"):
        digest_tree(tmp_path / "nothing")


@given(VALUES)
def test_canonical_json_is_json_in_a_fixed_order(value: object) -> None:
    data = canonical_json(value)
    assert json.dumps(json.loads(data), sort_keys=True, separators=(",", ":")).encode() == data


@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_order_of_keys_does_not_count(value: dict[str, object]) -> None:
    assert digest_value(dict(reversed(value.items()))) == digest_value(value)


@given(st.lists(st.integers() | st.text(), unique=True))
def test_order_of_sets_does_not_count(items: list[int | str]) -> None:
    assert digest_value(set(items)) == digest_value({*items[::-1]})


def test_canonical_json_is_spelled_as_promised() -> None:
    value = {"b": (1, 2.5, float("nan")), "a": NOON.astimezone(timezone(timedelta(hours=2)))}
    assert canonical_json(value, logical=True) == (
        b'{"a":{"$":"datetime","value":"2024-06-01T12:00:00+00:00","zone":7200.0},'
        b'"b":[1,2.5,{"$":"float","value":"nan"}]}'
    )
    assert (
        canonical_json(One(Colour.RED))
        == (
            f'{{"$":"object","fields":{{"value":{{"$":"enum","type":"{__name__}:Colour","value":"red"}}}},'
            f'"type":"{__name__}:One"}}'
        ).encode()
    )


DIFFERENT: list[object] = [
    None,
    False,
    0,
    0.0,
    -0.0,
    "",
    "0",
    b"",
    [],
    [[]],
    {},
    [None],
    {"": None},
    {"$": None},
    {0: None},
    float("nan"),
    "nan",
    float("inf"),
    set(),
    frozenset(),
    NOON,
    NOON.replace(tzinfo=None),
    NOON.isoformat(),
    NOON.date(),
    NOON.astimezone(ZoneInfo("Europe/Copenhagen")),
    NOON.astimezone(ZoneInfo("Europe/Oslo")),
    timedelta(1),
    Path("a"),
    "a",
    Path("b"),
    Colour.RED,
    "red",
    One(1),
    Other(1),
    One(1.0),
    np.zeros(2),
    np.zeros(2, dtype="f4"),
    np.zeros((1, 2)),
    [0.0, 0.0],
    One(np.zeros(2)),
    One(np.ones(2)),
    pl.DataFrame({"a": [1]}),
    pl.DataFrame({"a": [2]}),
    [pl.DataFrame({"a": [1]})],
]


def test_different_values_have_different_digests() -> None:
    digests = [digest_value(value) for value in DIFFERENT]
    assert len(set(digests)) == len(DIFFERENT)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1, 2), [1, 2]),
        (np.float64(0.1), 0.1),
        (np.int64(3), 3),
        (NOON, NOON.astimezone(ZoneInfo("UTC"))),
        ({1: "a", 2: "b"}, {2: "b", 1: "a"}),
        (One((1, 2)), One([1, 2])),
        (Path("a/b"), Path("a//b/")),
    ],
)
def test_equal_meaning_has_an_equal_digest(one: object, other: object) -> None:
    assert digest_value(one) == digest_value(other)


def test_path_counts_by_its_name_in_a_value_and_by_its_content_as_a_result(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    as_value, as_result = digest_value(path), codec_for(path).logical(path)
    path.write_bytes(b"two")
    assert digest_value(path) == as_value
    assert codec_for(path).logical(path) != as_result


def test_storage_flavour_refuses_tables() -> None:
    with pytest.raises(PipelineError, match=r"polars.*DataFrame"):
        canonical_json({"a": pl.DataFrame()})


def test_digests_are_the_same_in_every_process() -> None:
    script = """
from penstock.storage.digests import digest_value
print(digest_value({"b": {"x", "y", "z", 1, 2.5}, "a": frozenset("hello")}))
"""
    told = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(told) == 1
