"""``penstock replay`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.samples import COLUMNS, Command, Rows, write_csv
else:
    from cli.samples import COLUMNS, Command, Rows, write_csv

TINY = (
    *(
        "horizon=6",
        "model.kind=linear",
        "features.lags=[1,24]",
        "features.means=[]",
        "features.deviations=[]",
    ),
    *("replay.rolling=2", "price_per_cpu_hour=0.1"),
)
DAYS = ("--from", "2024-01-06", "--to", "2024-01-09", "--every", "12h", "--refit", "1d")


@pytest.fixture
def given(home: Path, two_series: Rows) -> tuple[str, ...]:
    """Return a replay of three days of a file, standing beside it in an empty workspace."""
    write_csv(home.parent / "power.csv", two_series)
    return ("replay", "panel", "data=power.csv", *COLUMNS, *TINY, "--quiet")


def test_machines_get_one_object_and_people_a_summary(penstock: Command, given: tuple[str, ...]) -> None:
    told = penstock(*given, *DAYS, "--json")
    assert (told.code, told.err) == (0, "")
    result = json.loads(told.out)
    assert {"slots", "metrics", "digest", "seconds", "speedup", "headline", "run_id"} <= set(result)
    assert (result["slots"], result["refits"], result["known"]) == (6, 3, {"assumed": 1.0})
    assert Path(result["report"]).read_text(encoding="utf-8").startswith("<!doctype html>")
    said = penstock(*given, *DAYS)
    assert said.code == 0
    assert "6 slots, 3 refits" in said.out
    assert "known     assumed 100%" in said.out
    again = json.loads(penstock(*given, *DAYS, "--json").out)
    assert again["digest"] == result["digest"]
    listed = json.loads(penstock("runs", "list", "--json").out)["runs"]
    assert len(listed) == 3
    shown = penstock("why", result["run_id"], "slots-20240106")
    assert (shown.code, shown.err) == (0, "")


def test_a_lag_makes_values_known_later(penstock: Command, given: tuple[str, ...]) -> None:
    import polars as pl

    told = json.loads(penstock(*given, *DAYS, "lag_days=1.5", "--json").out)
    rows = pl.read_parquet(told["forecasts"])
    assert (rows["cutoff"] - rows["origin"]).unique().dt.total_hours().to_list() == [36]


def test_a_file_may_say_itself_when_its_rows_became_known(
    penstock: Command, given: tuple[str, ...], two_series: Rows
) -> None:
    import polars as pl

    rows = [(*row, str(row[1]).replace("2024-01", "2024-02")) for row in two_series]
    write_csv(Path("power.csv"), rows, header="id,stamp,load,seen")
    later = ("--from", "2024-02-06", "--to", "2024-02-09", *DAYS[4:])
    told = json.loads(penstock(*given, *later, "known_at=seen", "--json").out)
    assert told["known"] == {"published": 1.0}
    forecasts = pl.read_parquet(told["forecasts"])
    assert (forecasts["cutoff"] - forecasts["origin"]).unique().dt.total_days().to_list() == [31]


def test_two_values_for_one_stamp_are_refused_as_by_a_run(
    penstock: Command, given: tuple[str, ...], two_series: Rows
) -> None:
    write_csv(Path("power.csv"), [*two_series, ("a", two_series[30][1], 99.0)])
    told = penstock(*given, *DAYS)
    assert (told.code, told.out) == (3, "")
    assert "more than one value for 1 stamps: a 2024-01-02T06:00Z. Keep the right ones" in told.err


def test_a_quarantine_sets_rows_aside_at_every_refit(
    penstock: Command, given: tuple[str, ...], two_series: Rows
) -> None:
    write_csv(Path("power.csv"), [*two_series[:30], ("a", two_series[30][1], -5.0), *two_series[31:]])
    strict = ("quality.allow_negative=false", "quality.max_quarantine_share=0.1")
    assert penstock(*given, *DAYS, *strict).code == 3
    told = penstock(*given, *DAYS, *strict, "quality.quarantine=true", "--json")
    assert (told.code, told.err) == (0, "")
    assert json.loads(told.out)["refused"] == 0


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--from", "2024-01-06"), 2, "Missing option '--to'"),
        (("--from", "someday", "--to", "2024-01-09"), 2, "Invalid value for '--from'"),
        (("--from", "2024-01-09", "--to", "2024-01-06"), 2, "no cutoff lies from 2024-01-09 00:00"),
        (
            (*DAYS[:4], "--every", "1d", "--refit", "12h"),
            2,
            "refit=12h is no whole number of slots of every=1d",
        ),
        (
            (*DAYS[:4], "--every", "90m", "--refit", "3h"),
            2,
            "which are 1h apart; take 1h or a multiple of it",
        ),
        (("--from", "2999-01-01", "--to", "2999-02-01"), 2, "nobody knows yet what will be known then"),
        (("--from", "2023-01-01", "--to", "2023-02-01"), 3, "before anything was known"),
        (("--from", "2024-06-01", "--to", "2024-07-01"), 3, "after all was known"),
    ],
    ids=["no end", "no moment", "end first", "refit < every", "half steps", "future", "before", "after"],
)
def test_what_cannot_be_replayed_ends_with_its_code_and_its_reason(
    words: tuple[str, ...], code: int, message: str, *, penstock: Command, given: tuple[str, ...], home: Path
) -> None:
    told = penstock(*given, *words)
    assert told.code == code
    assert message in " ".join(told.err.split())
    assert not told.out
    assert not list((home / "manifests/run_result").glob("*.json"))
