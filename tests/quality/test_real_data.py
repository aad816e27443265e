"""The rules on real load data: nothing in them is worth a note by default, and what is put in is found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from penstock.quality.config import QualityConfig
from penstock.quality.report import RuleResult
from penstock.quality.rules import validate_panel
from penstock.sources.files import FileColumns, read_panel_file

NEW = ("local_days", "frozen_values", "level_jumps")


def _pjm(real_data: Callable[[str], Path]) -> pl.DataFrame:
    path = real_data("pjm_zones_2023.csv.gz")
    return read_panel_file(path, FileColumns(time="ds", target="y", series=("unique_id",)))


def _asked(frame: pl.DataFrame, zone: str, frequency: str = "1h") -> dict[str, RuleResult]:
    report = validate_panel(frame, QualityConfig(local_zone=zone), frequency=frequency)
    return {rule.rule: rule for rule in report.rules}


def test_a_year_of_zones_is_in_order(real_data: Callable[[str], Path]) -> None:
    found = _asked(_pjm(real_data), "America/New_York")
    assert [found[rule].verdict for rule in NEW] == ["passed"] * 3


def test_three_years_of_half_hours_are_in_order(real_data: Callable[[str], Path]) -> None:
    path = real_data("victoria_demand.csv.gz")
    frame = read_panel_file(path, FileColumns(time="Time", target="Demand"))
    found = _asked(frame, "Australia/Melbourne", "30m")
    assert [found[rule].verdict for rule in NEW] == ["passed"] * 3


def test_local_time_taken_for_utc_is_noticed(real_data: Callable[[str], Path]) -> None:
    local = pl.col("time").dt.convert_time_zone("America/New_York").dt.replace_time_zone(None)
    frame = _pjm(real_data).with_columns(local.dt.replace_time_zone("UTC").alias("time"))
    found = _asked(frame, "America/New_York")["local_days"]
    assert found.verdict == "noted"
    assert "local time seems to have been taken for UTC" in found.finding


@pytest.mark.parametrize("factor", [0.3, 3.0])
def test_a_changed_unit_is_noticed(real_data: Callable[[str], Path], factor: float) -> None:
    frame = _pjm(real_data)
    name, middle = frame["series"][0], frame["time"][4000]
    later = (pl.col("series") == name) & (pl.col("time") >= middle)
    found = _asked(
        frame.with_columns(pl.when(later).then(pl.col("y") * factor).otherwise("y").alias("y")), "UTC"
    )
    stamps = [one.stamp for one in found["level_jumps"].examples if one.series == name and one.stamp]
    assert min(abs(stamp - middle) for stamp in stamps) <= timedelta(days=1)
