"""Real files are read and judged as they are; skipped where they are not at hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from penstock.quality.config import QualityConfig
from penstock.quality.rules import validate_panel
from penstock.sources.files import FileColumns, read_panel_file

_HERE = Path(__file__).resolve().parents[2]
_DATA = Path(os.environ.get("PENSTOCK_TEST_DATA", _HERE.parent / "shared" / "data"))

pytestmark = pytest.mark.skipif(not _DATA.is_dir(), reason=f"no real data in {_DATA}; set PENSTOCK_TEST_DATA")

_FILES = {
    "pjm_zones_2023.csv.gz": (FileColumns(time="ds", target="y", series=("unique_id",)), "1h", 43_920, 5),
    "victoria_demand.csv.gz": (FileColumns(time="Time", target="Demand"), "30m", 52_608, 1),
    "bitcoin_daily.csv.gz": (FileColumns(time="date", target="close"), "1d", 3_171, 1),
    "m5_small.csv.gz": (FileColumns(time="ds", target="y", series=("unique_id",)), "1d", 15_752, 8),
}
_NOTED = {
    "bitcoin_daily.csv.gz": {"level_jumps"},
    "m5_small.csv.gz": {"level_jumps", "frozen_values"},
}
"""A price and the sales of single items do change their level overnight; some items stand still for weeks."""


@pytest.mark.parametrize("name", _FILES)
def test_regular_files_break_no_rule(name: str) -> None:
    columns, frequency, rows, series = _FILES[name]
    panel = read_panel_file(_DATA / name, columns)
    assert (panel.height, panel["series"].n_unique()) == (rows, series)
    report = validate_panel(panel, QualityConfig(allow_negative=False), frequency=frequency)
    assert report.broken == ()
    assert {rule.rule for rule in report.noted} == _NOTED.get(name, set())


def test_days_missing_from_the_french_file_are_noted_as_gaps() -> None:
    panel = read_panel_file(_DATA / "france_daily.csv.gz", FileColumns(time="day", target="dailyconsumption"))
    report = validate_panel(panel, QualityConfig(), frequency="1d")
    assert [(rule.rule, rule.verdict, rule.count) for rule in report.noted] == [("gaps", "noted", 23)]
    assert report.broken == ()
