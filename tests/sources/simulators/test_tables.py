from __future__ import annotations

import numpy as np

from penstock.sources.simulators.clock import EPOCH
from penstock.sources.simulators.tables import raw_rows, truth
from penstock.sources.simulators.world import Readings

_SERIES = (("DK1", "111"), ("DK2", "999"))


def _readings() -> Readings:
    return Readings(
        index=np.array([0, 1]),
        expected_kwh=np.array([[1.0, 2.0], [3.0, 4.0]]),
        observed_kwh=np.array([[1.5, 2.5], [3.5, 4.5]]),
        copies=np.array([[1, 0], [2, 1]]),
    )


def test_rows_run_hour_by_hour_with_gaps_left_out_and_duplicates_repeated() -> None:
    rows = raw_rows(_SERIES, _readings())
    assert rows["TotalCon"].to_list() == [1.5, 3.5, 3.5, 4.5]
    assert rows["PriceArea"].to_list() == ["DK1", "DK2", "DK2", "DK2"]
    assert rows["HourUTC"][0] == EPOCH


def test_truth_has_every_hour() -> None:
    table = truth(_SERIES, _readings())
    assert table["expected_kwh"].to_list() == [1.0, 3.0, 2.0, 4.0]
    assert table["ConsumerType_DE35"].to_list() == ["111", "999"] * 2
