"""Personal columns of a user's file."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pydantic
import pytest

from penstock.domain.errors import DataError, UsageError
from penstock.sources.files import FileColumns, PanelFile, read_panel_file
from penstock.sources.personal import with_pseudonyms, with_real_names

KEY = b"k" * 32
COLUMNS = FileColumns(time="ds", target="y", series=("owner", "meter"), static=("town",), personal=("owner",))


def _file(folder: Path, *rows: str) -> Path:
    path = folder / "power.csv"
    path.write_text("\n".join(["ds,owner,meter,town,y", *rows]), encoding="utf-8")
    return path


def test_personal_series_get_pseudonyms_and_the_user_gets_names_back(tmp_path: Path) -> None:
    path = _file(
        tmp_path, "2024-01-01,Ann/Smith,1,X,1", "2024-01-02, Ann/Smith,1,X,2", "2024-01-01,Bob,1,Y,3"
    )
    panel = read_panel_file(path, COLUMNS, key=KEY)
    names = panel["series"].unique(maintain_order=True)
    assert len(names) == 2
    assert all(name.startswith("p-") and name.endswith("/1") for name in names)
    assert panel.equals(read_panel_file(path, COLUMNS, key=KEY))
    assert not panel.equals(read_panel_file(path, COLUMNS, key=b"other"))
    own = pl.DataFrame({"owner": [name.removesuffix("/1") for name in names], "meter": ["1", "1"]})
    assert sorted(with_real_names(own, path, COLUMNS, KEY)["owner"]) == ["Ann/Smith", "Bob"]


def test_faults_of_a_file_name_nobody(tmp_path: Path) -> None:
    path = _file(tmp_path, "2024-01-01,Ann,1,X,1", "2024-01-02,Ann,1,Z,inf", "soon,Ann,1,X,1")
    with pytest.raises(DataError, match="3 faults") as caught:
        read_panel_file(path, COLUMNS, key=KEY)
    assert "Ann" not in str(caught.value)
    assert "series 'p-" in str(caught.value)


def test_without_a_key_nothing_personal_is_read(tmp_path: Path) -> None:
    path = _file(tmp_path, "2024-01-01,Ann,1,X,1")
    with pytest.raises(UsageError, match="the columns owner are personal: they are read inside a run"):
        read_panel_file(path, COLUMNS)


def test_a_file_as_source_hides_names_but_knows_its_span(tmp_path: Path) -> None:
    path = _file(tmp_path, "2024-01-01,Ann,1,X,1", "2024-01-09,Bob,1,Y,1")
    source = PanelFile(path=path, columns=COLUMNS, key=KEY)
    rows = source.fetch(PanelFile(path=path, columns=COLUMNS).span())
    assert rows.height == 2
    assert not rows["series"].str.contains("Ann|Bob").any()
    assert "kkkk" not in repr(source)


def test_only_series_columns_get_pseudonyms() -> None:
    with pytest.raises(
        pydantic.ValidationError, match="only series columns get pseudonyms, which town is not"
    ):
        FileColumns(time="ds", target="y", series=("owner",), static=("town",), personal=("town",))


def test_empty_cells_stay_empty_and_other_types_become_text() -> None:
    table = pl.DataFrame({"owner": [7, None, 7], "y": [1, 2, 3]})
    found = with_pseudonyms(table, ["owner"], KEY)
    assert found["owner"].null_count() == 1
    assert found["owner"][0] == found["owner"][2]
    assert with_pseudonyms(table, [], None) is table
