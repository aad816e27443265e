from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pydantic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.domain.errors import ConfigError, DataError
from penstock.sources.files import FileColumns, PanelFile, read_panel_file, with_future, with_id_columns

_COLUMNS = FileColumns(time="ds", target="y", series=("id",))
_GOOD = "id,ds,y\nb,2024-01-01 01:00,2\na,2024-01-01 00:00,1\nb,2024-01-01 00:00,\n"


@pytest.fixture
def write(tmp_path: Path) -> _Writer:
    return _Writer(tmp_path)


class _Writer:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, content: str | bytes, name: str = "load.csv") -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path


def _hour(hour: int) -> datetime:
    return datetime(2024, 1, 1, hour, tzinfo=UTC)


def test_csv_becomes_a_sorted_panel(write: _Writer) -> None:
    panel = read_panel_file(write(_GOOD), _COLUMNS)
    assert dict(panel.schema) == {"series": pl.String, "time": pl.Datetime("us", "UTC"), "y": pl.Float64}
    assert panel.rows() == [("a", _hour(0), 1.0), ("b", _hour(0), None), ("b", _hour(1), 2.0)]


def test_packed_csv_and_parquet_give_the_same_panel(write: _Writer, tmp_path: Path) -> None:
    panel = read_panel_file(write(_GOOD), _COLUMNS)
    packed = write(gzip.compress(_GOOD.encode()), "load.csv.gz")
    assert read_panel_file(packed, _COLUMNS).equals(panel)
    typed = pl.read_csv(_GOOD.encode(), try_parse_dates=True)
    typed.write_parquet(tmp_path / "load.parquet")
    assert read_panel_file(tmp_path / "load.parquet", _COLUMNS).equals(panel)


def test_without_a_series_column_there_is_one_series(write: _Writer) -> None:
    path = write("ds,y\n2024-01-01,1\n2024-01-02,2\n")
    assert read_panel_file(path, FileColumns(time="ds", target="y"))["series"].to_list() == ["all", "all"]


def test_several_series_columns_are_joined_and_come_apart_again(write: _Writer) -> None:
    path = write("shop,item,ds,y,colour\n1,a,2024-01-01,1,red\n2,a,2024-01-01,2,blue\n")
    columns = FileColumns(time="ds", target="y", series=("shop", "item"), static=("colour",))
    panel = read_panel_file(path, columns)
    assert panel["series"].to_list() == ["1/a", "2/a"]
    assert panel["colour"].to_list() == ["red", "blue"]
    back = with_id_columns(panel, columns)
    assert back.columns == ["shop", "item", "time", "y", "colour"]
    assert back.select("shop", "item").rows() == [("1", "a"), ("2", "a")]


@pytest.mark.parametrize(("series", "names"), [((), []), (("unit",), ["unit"])])
def test_one_or_no_series_column_comes_back(series: tuple[str, ...], names: list[str]) -> None:
    frame = pl.DataFrame({"series": ["x/y"], "prediction": [1.0]})
    back = with_id_columns(frame, FileColumns(time="ds", target="y", series=series))
    assert back.columns == [*names, "prediction"]
    assert back.select(names).rows() == [("x/y",)] * len(names)


def test_columns_of_a_file_may_be_called_like_those_of_the_panel(write: _Writer) -> None:
    path = write("time,series,y\na,2024-01-01 05:00,1\n")
    panel = read_panel_file(path, FileColumns(time="series", target="y", series=("time",)))
    assert panel.rows() == [("a", _hour(5), 1.0)]


def test_naive_stamps_are_taken_in_the_zone_given(write: _Writer) -> None:
    panel = read_panel_file(
        write("ds,y\n2024-01-01 05:00,1\n"), FileColumns(time="ds", target="y"), "Europe/Copenhagen"
    )
    assert panel["time"].to_list() == [_hour(4)]


def test_all_faults_of_a_file_come_in_one_error(write: _Writer) -> None:
    path = write(
        "id,ds,y,kind\n"
        "a,2024-01-01 00:00,x,p\n"
        ",2024-01-01T01:00Z,1,p\n"
        "\n"
        "a,31/01/2024,inf,q\n"
        "a,2024-01-01 05:00 CET,2,p\n"
    )
    columns = FileColumns(time="ds", target="y", series=("id",), static=("kind",))
    with pytest.raises(DataError) as caught:
        read_panel_file(path, columns)
    message = str(caught.value)
    assert message.startswith(f"{path}: 7 faults\n")
    for part in (
        "empty cells in the series column 'id': row 2",
        "unreadable stamps in 'ds'",
        "row 4 '31/01/2024'",
        "unknown time zones in 'ds' (write an offset such as +01:00, or no zone and set timezone): row 5",
        "mixed time zones in 'ds': row 2 '2024-01-01T01:00Z' has one, row 1 '2024-01-01 00:00' has none",
        "text where numbers are expected in 'y': row 1 'x'",
        "infinite values in 'y'",
        "static column 'kind' changes within a series: series 'a' has 'p', 'q'",
    ):
        assert part in message


def test_unknown_zone_is_refused_with_the_nearest_name(write: _Writer) -> None:
    with pytest.raises(ConfigError, match=r"timezone='Europe/Copenhagn' .*did you mean 'Europe/Copenhagen'"):
        read_panel_file(write(_GOOD), _COLUMNS, "Europe/Copenhagn")


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"target": "ds"}, "more than one part to play: ds"),
        ({"static": ["y"], "target": "z"}, "may not be called y"),
        ({"frequency": "1h"}, "Extra inputs"),
        ({"decimal": ";"}, "'.' or ','"),
    ],
)
def test_wrong_columns_are_refused(settings_: dict[str, object], message: str) -> None:
    with pytest.raises(pydantic.ValidationError, match=message):
        FileColumns.model_validate({"time": "ds", "target": "y", **settings_})


def test_one_name_may_stand_for_a_list_of_columns() -> None:
    columns = FileColumns.model_validate({"time": "ds", "target": "y", "series": "id", "static": None})
    assert columns.series == ("id",)
    assert columns.static == ()


_names = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00\r\n", exclude_categories=("Cs", "Cc", "Z")),
    min_size=1,
)
_panels = st.lists(
    st.tuples(
        _names,
        st.integers(1, 100_000),
        st.none() | st.floats(allow_nan=False, allow_infinity=False),
    ),
    min_size=1,
    max_size=20,
    unique_by=lambda row: row[:2],
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_panels)
def test_what_polars_writes_is_read_back(tmp_path: Path, rows: list[tuple[str, int, float | None]]) -> None:
    stamps = [(name, datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=m), y) for name, m, y in rows]
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "id": pl.String,
        "ds": pl.Datetime("us", "UTC"),
        "y": pl.Float64,
    }
    frame = pl.DataFrame(stamps, schema=schema, orient="row")
    expected = frame.rename({"id": "series", "ds": "time"}).sort("series", "time")
    frame.write_parquet(tmp_path / "any.parquet")
    assert read_panel_file(tmp_path / "any.parquet", _COLUMNS).equals(expected)
    frame.write_csv(tmp_path / "any.csv")
    assert read_panel_file(tmp_path / "any.csv", _COLUMNS).equals(expected)


class TestCovariates:
    COLUMNS = FileColumns(time="ds", target="y", series=("id",), known=("price", "holiday"), past=("stock",))
    ROWS = "id,ds,y,price,holiday,stock\na,2024-01-01 00:00,1,2.5,TRUE,7\na,2024-01-01 01:00,2,,false,8\n"

    def test_they_are_numbers_named_by_when_they_are_known(self, write: _Writer) -> None:
        panel = read_panel_file(write(self.ROWS), self.COLUMNS)
        assert panel.columns == ["series", "time", "y", "known:price", "known:holiday", "past:stock"]
        assert panel.rows() == [("a", _hour(0), 1.0, 2.5, 1.0, 7.0), ("a", _hour(1), 2.0, None, 0.0, 8.0)]
        assert PanelFile(path=write(self.ROWS), columns=self.COLUMNS).schema.names[3:] == tuple(
            panel.columns[3:]
        )

    def test_flags_of_parquet_count_as_numbers(self, tmp_path: Path) -> None:
        frame = pl.DataFrame(
            {"id": ["a"], "ds": [_hour(0)], "y": [1], "price": [2], "holiday": [True], "stock": [3]}
        )
        frame.write_parquet(tmp_path / "load.parquet")
        panel = read_panel_file(tmp_path / "load.parquet", self.COLUMNS)
        assert panel.row(0)[2:] == (1.0, 2.0, 1.0, 3.0)

    def test_text_is_refused(self, write: _Writer) -> None:
        with pytest.raises(DataError, match=r"text where numbers are expected in 'price': row 1 'cheap'"):
            read_panel_file(write(self.ROWS.replace("2.5", "cheap")), self.COLUMNS)

    def test_a_second_file_says_what_is_known_ahead(self, write: _Writer) -> None:
        panel = read_panel_file(write(self.ROWS), self.COLUMNS)
        ahead = "id,ds,price,holiday\na,2024-01-01 02:00,3,true\nz,2024-01-01 02:00,9,true\na,2024-01-01 00:00,9,true\n"
        rows = with_future(panel, write(ahead, "ahead.csv"), self.COLUMNS)
        assert rows.rows()[:2] == panel.rows()
        assert rows.rows()[2:] == [("a", _hour(2), None, 3.0, 1.0, None)]

    def test_a_second_file_stands_beside_rows_without_a_target(self, write: _Writer) -> None:
        panel = read_panel_file(write(self.ROWS + "a,2024-01-01 02:00,,,,\n"), self.COLUMNS)
        ahead = write("id,ds,price,holiday\na,2024-01-01 02:00,3,1\n", "ahead.csv")
        rows = with_future(panel, ahead, self.COLUMNS)
        assert rows.filter(time=_hour(2))["known:price"].to_list() == [None, 3.0]

    def test_a_second_file_without_a_known_column_is_refused(self, write: _Writer) -> None:
        with pytest.raises(ConfigError, match="name its columns, as in known="):
            with_future(read_panel_file(write(_GOOD), _COLUMNS), write(_GOOD), _COLUMNS)

    def test_a_column_plays_one_part(self) -> None:
        with pytest.raises(pydantic.ValidationError, match="more than one part to play: price"):
            FileColumns(time="ds", target="y", static=("price",), known=("price",))
        with pytest.raises(pydantic.ValidationError, match="may not begin as known:price"):
            FileColumns(time="ds", target="y", static=("known:price",))
