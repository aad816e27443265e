from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from polars.testing.parametric import dataframes

from penstock.domain.errors import PipelineError, StorageError
from penstock.storage.artifacts import ArtifactRef
from penstock.storage.codecs import load, save
from penstock.storage.codecs.tables import TableCodec
from penstock.storage.local import LocalStore

CODEC = TableCodec()
STAMP = datetime(2024, 3, 31, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> LocalStore:
    return LocalStore(tmp_path_factory.mktemp("store"))


COLUMNS: dict[str, pl.Series] = {
    "category": pl.Series(["a", "b", None], dtype=pl.Categorical),
    "enum": pl.Series(["a", "b", None], dtype=pl.Enum(["b", "a", "z"])),
    "ms": pl.Series([STAMP] * 3, dtype=pl.Datetime("ms", "Europe/Copenhagen")),
    "ns": pl.Series([STAMP.replace(tzinfo=None)] * 3, dtype=pl.Datetime("ns")),
    "us": pl.Series([STAMP, None, STAMP], dtype=pl.Datetime("us", "UTC")),
    "duration": pl.Series([timedelta(1), None, timedelta(2)], dtype=pl.Duration("ns")),
    "time": pl.Series([time(1, 2, 3), None, time(0)]),
    "date": pl.Series([date(2020, 1, 1), None, date(1800, 1, 1)]),
    "null": pl.Series([None] * 3),
    "binary": pl.Series([b"a", b"", None]),
    "boolean": pl.Series([True, None, False]),
    "decimal": pl.Series([Decimal("1.10"), None, Decimal("3.33")]),
    "u8": pl.Series([1, 2, 255], dtype=pl.UInt8),
    "f32": pl.Series([1.5, float("nan"), None], dtype=pl.Float32),
    "f64": pl.Series([-0.0, float("inf"), float("nan")]),
    "list": pl.Series([[1, None], [], None]),
    "array": pl.Series([[1, 2], [3, 4], None], dtype=pl.Array(pl.Int64, 2)),
    "struct": pl.Series([{"a": 1, "b": "x"}, None, {"a": None, "b": None}]),
    "texts": pl.Series([["a", None], None, []]),
    "categories": pl.Series([["a"], None, ["b"]], dtype=pl.List(pl.Categorical)),
    "inner enum": pl.Series([{"a": "x"}] * 3, dtype=pl.Struct({"a": pl.Enum(["y", "x"])})),
}


@pytest.mark.parametrize("name", list(COLUMNS))
@pytest.mark.parametrize("rows", [3, 0])
def test_every_polars_type_comes_back(store: LocalStore, name: str, rows: int) -> None:
    frame = COLUMNS[name].to_frame(name).head(rows)
    again = load(store, save(store, frame))
    assert isinstance(again, pl.DataFrame)
    assert again.schema == frame.schema
    assert_frame_equal(again, frame)
    assert CODEC.logical(again) == CODEC.logical(frame)


@settings(max_examples=40)
@given(frame=dataframes(max_cols=4, max_size=6, excluded_dtypes=[pl.Int128, pl.UInt128], allow_null=True))
def test_polars_tables_come_back(store: LocalStore, frame: pl.DataFrame) -> None:
    again = load(store, save(store, frame))
    assert isinstance(again, pl.DataFrame)
    assert again.schema == frame.schema
    assert_frame_equal(again, frame, categorical_as_str=True)
    assert CODEC.logical(again) == CODEC.logical(frame)


@settings(max_examples=40)
@given(
    frame=dataframes(
        max_cols=3, min_size=2, max_size=6, excluded_dtypes=[pl.Int128, pl.UInt128], allow_null=True
    ),
    cut=st.integers(1, 5),
)
def test_chunks_and_slices_do_not_count(frame: pl.DataFrame, cut: int) -> None:
    pieces = pl.concat([frame.head(cut), frame.tail(-cut)], rechunk=False)
    doubled = pl.concat([frame, frame], rechunk=True)[len(frame) :]
    assert CODEC.logical(pieces) == CODEC.logical(frame) == CODEC.logical(doubled)


def test_table_without_columns_keeps_its_height(store: LocalStore) -> None:
    again = load(store, save(store, pl.DataFrame(height=5)))
    assert isinstance(again, pl.DataFrame)
    assert again.shape == (5, 0)
    assert CODEC.logical(pl.DataFrame(height=5)) != CODEC.logical(pl.DataFrame())


PANDAS: dict[str, pd.DataFrame] = {
    "plain": pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": [0.5, np.nan]}),
    "integer names": pd.DataFrame({0: [1], 1: [2]}),
    "text index": pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", "y"], name="key")),
    "stepped index": pd.DataFrame({"a": [1, 2]}, index=pd.RangeIndex(4, 0, -2)),
    "time index": pd.DataFrame({"a": [1.0]}, index=pd.DatetimeIndex(["2024-03-31"], tz="Europe/Copenhagen")),
    "two-level index": pd.DataFrame(
        {"a": [1]}, index=pd.MultiIndex.from_tuples([("x", 1)], names=["k", "n"])
    ),
    "categories": pd.DataFrame({"a": pd.Categorical(["x", "y"], categories=["z", "y", "x"], ordered=True)}),
    "nullable": pd.DataFrame(
        {"a": pd.array([1, None], dtype="Int64"), "b": pd.array([True, None], dtype="boolean")}
    ),
    "stamps": pd.DataFrame(
        {"a": pd.to_datetime(pd.Series(["2024-01-01", None])), "b": pd.to_timedelta([1, None], unit="h")}
    ),
    "no rows": pd.DataFrame({"a": pd.Series([], dtype="float32")}),
}


@pytest.mark.parametrize("name", list(PANDAS))
def test_pandas_tables_come_back(store: LocalStore, name: str) -> None:
    frame = PANDAS[name]
    again = load(store, save(store, frame))
    assert isinstance(again, pd.DataFrame)
    pd.testing.assert_frame_equal(again, frame, check_freq=False)
    assert CODEC.logical(again) == CODEC.logical(frame)


def test_pandas_tables_that_differ_have_different_digests() -> None:
    base = pd.DataFrame({"a": ["x", "y"]})
    others = [
        base.rename(columns={"a": 0}),
        base.set_axis(["p", "q"]),
        base.set_axis(pd.RangeIndex(1, 3)),
        base.astype("category"),
        base.astype(pd.CategoricalDtype(["y", "x"])),
        base.astype(pd.CategoricalDtype(["x", "y", "z"])),
        base.astype(pd.CategoricalDtype(["x", "y"], ordered=True)),
        base.iloc[::-1],
    ]
    digests = {CODEC.logical(frame) for frame in (base, *others)}
    assert len(digests) == 1 + len(others)


ARROW = pa.table(
    {
        "a": pa.array([1, None, 3], pa.int16()),
        "b": pa.array(["x", "y", None]),
        "c": pa.array([1.5, float("nan"), None]),
        "d": pa.array([True, None, False]),
        "e": pa.array([[1, 2], None, []], pa.list_(pa.int32())),
        "f": pa.array([{"x": 1}, None, {"x": None}]),
        "g": pa.array([[("k", 1)], [], None], pa.map_(pa.string(), pa.int64())),
        "h": pa.array([STAMP, None, STAMP], pa.timestamp("us", "UTC")),
        "i": pa.array([b"x", None, b""], pa.large_binary()),
        "j": pa.array([b"xy", None, b"zz"], pa.binary(2)),
        "k": pa.array([None, Decimal("1.25"), None], pa.decimal128(9, 2)),
        "l": pa.array([1.5, None, float("nan")], pa.float16()),
        "m": pa.array(["x", "y", "x"]).dictionary_encode(),
    }
)


def test_arrow_table_comes_back(store: LocalStore) -> None:
    again = load(store, save(store, ARROW))
    assert isinstance(again, pa.Table)
    assert again.schema.equals(ARROW.schema)
    assert repr(again.to_pydict()) == repr(ARROW.to_pydict())
    assert CODEC.logical(again) == CODEC.logical(ARROW)


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "zstd", "row_group_size": 1},
        {"compression": None, "use_dictionary": False, "version": "1.0", "data_page_version": "2.0"},
        {"store_schema": False, "data_page_size": 1},
    ],
    ids=["zstd", "plain", "no schema"],
)
def test_digest_does_not_depend_on_the_parquet_writer(tmp_path: Path, options: dict[str, Any]) -> None:
    table = ARROW.select(["b", "c", "d", "h", "m"])
    pq.write_table(table, tmp_path / "a.parquet", **options)
    assert CODEC.logical(pq.read_table(tmp_path / "a.parquet")) == CODEC.logical(table)
    assert CODEC.logical(pq.read_table(tmp_path / "a.parquet", read_dictionary=["b"])) == CODEC.logical(table)


def test_polars_digest_does_not_depend_on_the_writer(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": ["x", None, "zz"], "b": [1.0, None, 3.0]})
    frame.write_parquet(tmp_path / "polars.parquet", row_group_size=1)
    frame.write_parquet(tmp_path / "arrow.parquet", use_pyarrow=True)
    for name in ("polars", "arrow"):
        assert CODEC.logical(pl.read_parquet(tmp_path / f"{name}.parquet")) == CODEC.logical(frame)


def test_polars_tables_that_differ_have_different_digests() -> None:
    base = pl.DataFrame({"a": ["x", "y"], "b": [1, 2]})
    others = [
        base.select("b", "a"),
        base.reverse(),
        base.rename({"a": "A"}),
        base.head(1),
        base.with_columns(pl.col("b").cast(pl.Int32)),
        base.with_columns(pl.col("b").cast(pl.Float64)),
        base.with_columns(pl.col("a").cast(pl.Categorical)),
        base.with_columns(pl.col("a").cast(pl.Enum(["x", "y"]))),
        base.with_columns(pl.col("a").cast(pl.Enum(["y", "x"]))),
        base.with_columns(a=pl.Series(["xy", ""])),
        base.with_columns(a=pl.Series(["x", None])),
        base.with_columns(a=pl.Series(["x", ""])),
        base.with_columns(b=pl.Series([[1], [2]])),
        base.with_columns(b=pl.Series([[1, 2], []])),
        base.with_columns(b=pl.Series([[1], [2]], dtype=pl.Array(pl.Int64, 1))),
        base.to_arrow(),
        base.to_pandas(),
    ]
    digests = {CODEC.logical(frame) for frame in (base, *others)}
    assert len(digests) == 1 + len(others)


REFUSED = [
    (pl.DataFrame({"a": [1]}).lazy(), r"LazyFrame: it is a plan; return frame\.collect\(\)"),
    (pl.DataFrame({"a": [2**100]}, schema={"a": pl.Int128}), "columns a: their type is Int128; cast"),
    (pl.DataFrame({"a": [object()]}, schema={"a": pl.Object}), "their type is Object"),
    (pl.DataFrame({"a": [{}, {}]}), "struct"),
    (pd.DataFrame({"a": [1, "x"]}, dtype=object), "columns a: "),
    (pd.DataFrame({"a": [1, 2]}, dtype=object), r"a \(object would become int64\): Parquet does not keep"),
    (pd.DataFrame([[1, 2]], columns=["a", "a"]), "columns a, a: Duplicate column names"),
    (pa.table({"a": pa.array([(1, 2, 3)], pa.month_day_nano_interval())}), "column"),
    (
        pa.table({"a": pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])])}),
        "column 'a' of type|column",
    ),
    (pa.table({"a": pa.array([1], pa.timestamp("s"))}), r"a \(timestamp\[s\] would become timestamp\[ms\]\)"),
]


@pytest.mark.parametrize(("table", "message"), REFUSED)
def test_tables_that_would_not_come_back_are_refused(store: LocalStore, table: object, message: str) -> None:
    before = list(store.entries())
    with pytest.raises(PipelineError, match=message):
        save(store, table)
    assert list(store.entries()) == before


def test_series_is_no_table() -> None:
    assert not CODEC.handles(pl.Series([1]))
    assert not CODEC.handles(pd.Series([1]))
    assert not CODEC.handles("polars")


def test_unknown_library_is_told(store: LocalStore) -> None:
    ref = save(store, pl.DataFrame({"a": [1]}))
    other = ArtifactRef(**{**ref.to_json(), "type": "cudf.core:DataFrame"})  # type: ignore[arg-type]  # of a reference
    with pytest.raises(StorageError, match="allowed: pandas, polars, pyarrow"):
        load(store, other)
