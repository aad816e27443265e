from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import lightgbm
import numpy as np
import polars as pl
import pytest
from pydantic import BaseModel, ConfigDict
from sklearn.linear_model import Ridge

from penstock.domain.errors import ArtifactCorruptError, PipelineError, StorageError
from penstock.domain.values import VOLATILE
from penstock.storage.artifacts import ArtifactRef
from penstock.storage.codecs import load, save
from penstock.storage.codecs.records import RecordCodec
from penstock.storage.codecs.registry import codec_for, codec_named
from penstock.storage.local import LocalStore


@dataclass(frozen=True)
class Forecaster:
    name: str
    table: Any
    parts: dict[str, Any]
    took_s: Annotated[float, VOLATILE] = 0.0
    sample: Annotated[Any, VOLATILE] = None


class Window(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    last: np.ndarray[Any, Any]
    frame: pl.DataFrame


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


def forecaster(tmp_path: Path) -> Forecaster:
    (tmp_path / "report.html").write_text("report")
    rows, target = np.random.default_rng(0).normal(size=(60, 2)), np.arange(60.0)
    booster = lightgbm.train({"verbosity": -1, "num_threads": 1}, lightgbm.Dataset(rows, target), 2)
    parts: dict[str, Any] = {
        "boosters": [booster, booster],
        "window": Window(last=np.arange(3), frame=pl.DataFrame({"a": [1, 2]})),
        "linear": (Ridge().fit(rows, target), np.array(2.5)),
        "report": tmp_path / "report.html",
        "inner": {"again": Forecaster("inner", None, {"w": np.ones(2)})},
    }
    return Forecaster("outer", pl.DataFrame({"x": ["a", None]}), parts, took_s=1.5)


def test_record_with_parts_of_every_codec_comes_back(store: LocalStore, tmp_path: Path) -> None:
    value = forecaster(tmp_path)
    ref = save(store, value)
    again: Any = load(store, ref)
    assert (again.name, again.took_s) == ("outer", 1.5)
    assert again.table.equals(value.table)
    assert list(again.parts) == list(value.parts)
    assert again.parts["boosters"][1].model_to_string() == value.parts["boosters"][1].model_to_string()
    assert again.parts["window"].frame.equals(value.parts["window"].frame)
    np.testing.assert_array_equal(again.parts["window"].last, np.arange(3))
    np.testing.assert_array_equal(again.parts["linear"][0].coef_, value.parts["linear"][0].coef_)
    assert again.parts["linear"][1] == 2.5
    assert again.parts["report"].read_text() == "report"
    np.testing.assert_array_equal(again.parts["inner"]["again"].parts["w"], np.ones(2))
    assert RecordCodec().logical(again) == ref.logical


def test_parts_count_by_their_meaning(tmp_path: Path) -> None:
    codec, value = RecordCodec(), forecaster(tmp_path)
    before = codec.logical(value)
    rechunked = pl.concat([value.table.head(1), value.table.tail(1)], rechunk=False)
    assert codec.logical(replace(value, table=rechunked)) == before
    assert codec.logical(replace(value, table=value.table.reverse())) != before
    assert codec.logical(replace(value, parts={**value.parts, "linear": None})) != before
    (tmp_path / "report.html").write_text("other")
    assert codec.logical(value) != before


def test_volatile_parts_are_kept_and_do_not_count(store: LocalStore) -> None:
    one = save(store, Forecaster("a", None, {}, took_s=1.0, sample=pl.DataFrame({"a": [1]})))
    other = save(store, Forecaster("a", None, {}, took_s=2.0))
    assert one.logical == other.logical
    assert one.digest != other.digest
    again: Any = load(store, one)
    assert again.took_s == 1.0
    assert again.sample.equals(pl.DataFrame({"a": [1]}))


@pytest.mark.parametrize(
    "value", [None, 3, 0.5, "text", [], {"b": (1, {2}), "a": float("inf")}, b"\0", (1, "x")]
)
def test_plain_values_come_back(store: LocalStore, value: object) -> None:
    ref = save(store, value)
    again = load(store, ref)
    assert again == value
    assert type(again) is type(value)
    assert ref.codec == "record"


def test_equal_values_share_an_artifact(store: LocalStore) -> None:
    assert save(store, {"a": (1, 2)}) == save(store, {"a": (1, 2)})
    assert len(list(store.entries())) == 1


def test_reference_survives_json(store: LocalStore) -> None:
    ref = save(store, {"a": 1})
    assert ArtifactRef.from_json(ref.to_json()) == ref
    with pytest.raises(StorageError, match="not a reference to an artifact"):
        ArtifactRef.from_json({"codec": "record"})


@pytest.mark.parametrize("value", [object(), [1, {"a": object()}], lambda: 1, iter([])])
def test_unknown_types_are_refused_and_leave_nothing(store: LocalStore, value: object) -> None:
    with pytest.raises(PipelineError, match=r"cannot store a value of type .* Allowed: None, bool"):
        save(store, value)
    assert list(store.entries()) == []


def test_refusal_of_a_part_leaves_nothing(store: LocalStore) -> None:
    with pytest.raises(PipelineError, match="Python objects"):
        save(store, {"ok": np.ones(2), "bad": np.array([None])})
    assert list(store.entries()) == []


def test_unknown_codec_is_told(store: LocalStore) -> None:
    with pytest.raises(
        StorageError, match=r"codec 'recrd'.*did you mean 'record'\?.*array, booster, estimator"
    ):
        codec_named("recrd")


def test_codecs_are_found_by_type() -> None:
    names = [codec_for(value).name for value in (pl.DataFrame(), np.ones(1), Ridge(), Path("a"), 1, Window)]
    assert names == ["table", "array", "estimator", "tree", "record", "record"]


@pytest.mark.parametrize(
    "data", [b"", b"{", b'{"$": "artifact", "part": "../0", "codec": "array", "type": "x"}']
)
def test_foreign_bytes_are_not_believed(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "value.json").write_bytes(data)
    with pytest.raises(StorageError, match="cannot read"):
        RecordCodec().read(tmp_path, "builtins:dict")


def test_corrupt_part_is_found(store: LocalStore) -> None:
    ref = save(store, {"a": np.ones(3)})
    file = store.get(ref.digest) / "parts" / "0" / "array.npy"
    file.chmod(0o644)
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(ArtifactCorruptError, match="will be computed again"):
        load(store, ref)


def test_class_that_was_renamed_is_told(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = save(store, Forecaster("a", None, {}))
    monkeypatch.delattr(sys.modules[__name__], "Forecaster")
    with pytest.raises(StorageError, match=r"Forecaster': no class has this name; it was renamed, moved"):
        load(store, ref)


def test_plain_values_need_no_library() -> None:
    script = """
import sys, tempfile
from pathlib import Path
from penstock.storage.codecs import load, save
from penstock.storage.local import LocalStore
with tempfile.TemporaryDirectory() as folder:
    store = LocalStore(Path(folder))
    load(store, save(store, {"a": [1, 2.5, None]}))
print(sorted({"polars", "pyarrow", "numpy", "pandas", "sklearn", "lightgbm", "pydantic"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
