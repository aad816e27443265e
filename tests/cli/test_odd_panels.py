"""Panels of all kinds, through the command line: every one ends with a model and a forecast in the user's columns."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

if TYPE_CHECKING:
    from tests.cli.samples import Command
else:
    from cli.samples import Command

SMALL = (
    *("threads=1", "search=false", "model.n_estimators=5", "checks.names=[finite]", "checks.examples=1"),
    *("split.origins=2", "split.folds=1", "ladder=[seasonal_naive_short,course]"),
    *("features.means=[]", "features.deviations=[]"),
)


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a run answered, and what it forecast."""

    result: Any
    lines: list[str]


def wavy(length: int, period: int, level: float = 50.0) -> list[float]:
    return [
        round(level + 0.3 * level * math.sin(at * math.tau / period) + 0.01 * (at * 37 % 101), 3)
        for at in range(length)
    ]


def run(penstock: Command, *words: str) -> Told:
    said = penstock("run", "panel", *words, *SMALL, "--quiet", "--json", "--forecast-to", "f.csv")
    assert said.code == 0, said.err
    return Told(result=json.loads(said.out), lines=Path("f.csv").read_text(encoding="utf-8").splitlines())


def days(count: int, start: datetime = datetime(2024, 1, 1, tzinfo=UTC)) -> Iterator[str]:
    return (f"{start + timedelta(days=number):%Y-%m-%d}" for number in range(count))


@pytest.mark.usefixtures("home")
def test_days_with_a_constant_and_a_short_series(penstock: Command) -> None:
    rows = [("a", day, value) for day, value in zip(days(70), wavy(70, 7), strict=True)]
    rows += [("still", day, 7.0) for day in days(70)]
    rows += [("tiny", day, value) for day, value in zip(list(days(70))[-5:], wavy(5, 7), strict=True)]
    pl.DataFrame(rows, schema=["shop", "day", "units"], orient="row").write_parquet("sales.parquet")
    words = ("data=sales.parquet", "target=units", "time=day", "series=shop", "horizon=3")
    told = run(penstock, *words, "features.lags=[1,7]", "quality.drop_short=true")
    assert told.lines[0] == "shop,day,prediction,lower_90,upper_90"
    cells = [line.split(",") for line in told.lines[1:]]
    assert [row[:2] for row in cells] == [
        [shop, f"2024-03-{day}"] for shop in ("a", "still") for day in (11, 12, 13)
    ]
    assert all(float(low) <= float(value) <= float(high) for _, _, value, low, high in cells[:3])
    assert [float(row[2]) for row in cells[3:]] == pytest.approx([7.0, 7.0, 7.0])
    assert [row[3:] for row in cells[3:]] == [["", ""]] * 3
    assert "seasonal_naive_7" in told.result["metrics"]
    notes = "\n".join(told.result["notes"])
    assert "series that never change: still (always 7.0)" in notes
    assert "tiny (5 values). They are left out." in notes
    assert "rung course left out" in notes
    assert "no intervals for 1 series whose seasonal naive never errs" in notes


@pytest.mark.usefixtures("home")
def test_weeks_of_a_single_series(penstock: Command) -> None:
    stamps = (
        f"{datetime(2021, 1, 4, tzinfo=UTC) + timedelta(weeks=number):%Y-%m-%d}" for number in range(130)
    )
    lines = [f"{week},{value}" for week, value in zip(stamps, wavy(130, 52), strict=True)]
    Path("visits.csv").write_text("\n".join(["week,visits", *lines]))
    told = run(penstock, "data=visits.csv", "target=visits", "time=week", "horizon=2", "features.lags=[1,52]")
    assert told.lines[0] == "week,prediction,lower_90,upper_90"
    assert [line.split(",")[0] for line in told.lines[1:]] == ["2023-07-03", "2023-07-10"]
    assert "seasonal_naive_52" in told.result["metrics"]
    assert told.result["model"]["name"] == "visits"


@pytest.mark.usefixtures("home")
def test_months_with_semicolons_decimal_commas_and_local_dates(penstock: Command) -> None:
    lines = [
        f"01.{number % 12 + 1:02}.{2017 + number // 12};{shop};{str(value).replace('.', ',')}"
        for shop, level in (("Köln", 1200.0), ("Ulm", 40.0))
        for number, value in enumerate(wavy(72, 12, level))
    ]
    Path("absatz.csv").write_text("\n".join(["Monat;Filiale;Menge", *lines]), encoding="utf-8")
    words = ("data=absatz.csv", "target=Menge", "time=Monat", "series=Filiale", "horizon=2")
    told = run(penstock, *words, "time_format=%d.%m.%Y", "decimal=,", "features.lags=[1,12]")
    assert told.lines[0] == "Filiale,Monat,prediction,lower_90,upper_90"
    assert [line.rsplit(",", 3)[0] for line in told.lines[1:3]] == ["Köln,2023-01-01", "Köln,2023-02-01"]
    for line in told.lines[1:]:
        predicted, lower, upper = map(float, line.split(",")[2:])
        assert lower < predicted < upper
    assert "seasonal_naive_12" in told.result["metrics"]


@pytest.mark.usefixtures("home")
def test_quarters_of_an_hour_on_a_local_clock_that_is_set_forward(penstock: Command) -> None:
    start = datetime(2024, 3, 28, 23, tzinfo=UTC)
    steps = (start + timedelta(minutes=15 * number) for number in range(4 * 96))
    local = (
        step + timedelta(hours=1 if step < datetime(2024, 3, 31, 1, tzinfo=UTC) else 2) for step in steps
    )
    lines = [f"{step:%Y-%m-%d %H:%M},{value}" for step, value in zip(local, wavy(4 * 96, 96), strict=True)]
    Path("load.csv.gz").write_bytes(gzip.compress("\n".join(["at,mw", *lines]).encode()))
    words = ("data=load.csv.gz", "target=mw", "time=at", "horizon=4", "timezone=Europe/Copenhagen")
    told = run(penstock, *words, "features.lags=[1,96]")
    assert [line.split(",")[0] for line in told.lines[1:3]] == [
        "2024-04-01T23:00:00+00:00",
        "2024-04-01T23:15:00+00:00",
    ]
    assert "seasonal_naive_96" in told.result["metrics"]
