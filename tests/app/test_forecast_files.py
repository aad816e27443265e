from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from penstock.app.forecast_files import require_place, write_forecast
from penstock.domain.errors import UsageError

START = datetime(2024, 3, 1, tzinfo=UTC)


def frame(step: timedelta) -> pl.DataFrame:
    return pl.DataFrame({"shop": ["a", "a"], "day": [START, START + step], "prediction": [1.5, 2.0]})


def test_a_csv_of_days_holds_dates(tmp_path: Path) -> None:
    written = write_forecast(frame(timedelta(days=1)), tmp_path / "new" / "f.csv")
    assert written.read_text() == "shop,day,prediction\na,2024-03-01,1.5\na,2024-03-02,2.0\n"


def test_a_csv_of_hours_holds_moments_with_their_offset(tmp_path: Path) -> None:
    lines = write_forecast(frame(timedelta(hours=1)), tmp_path / "f.csv").read_text().splitlines()
    assert lines[2] == "a,2024-03-01T01:00:00+00:00,2.0"


def test_parquet_keeps_the_types(tmp_path: Path) -> None:
    made = frame(timedelta(days=1))
    assert pl.read_parquet(write_forecast(made, tmp_path / "f.parquet")).equals(made)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("f.xlsx", r"the ending '\.xlsx' is not known; allowed: \.parquet, \.csv"),
        ("f", "the ending '' is not known"),
        ("folder.csv", "that is a folder; name a file in it"),
        ("file.csv/f.csv", r"file\.csv is not a folder; choose another place"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file.csv").touch()
    with pytest.raises(UsageError, match=message):
        require_place(tmp_path / name)


def test_asking_makes_no_folder(tmp_path: Path) -> None:
    require_place(tmp_path / "new" / "newer" / "f.csv")
    assert list(tmp_path.iterdir()) == []
