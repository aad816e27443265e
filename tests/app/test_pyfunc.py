from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from penstock.app import pyfunc
from penstock.app.pyfunc import BundleModel, bundle_loaders, panel_of
from penstock.domain.errors import DataError, UsageError
from penstock.release.bundle import write_bundle
from penstock.testing.toys import KIND, ToyNaive, load_toy, toy_parts, toy_schema

COLUMNS = toy_schema().columns


def frame(**changes: Any) -> Any:
    import pandas as pd

    times = pd.date_range("2026-01-01", periods=3, freq="h")
    return pd.DataFrame({"series": ["a"] * 3, "time": times, "y": [1.0, 2.0, 3.0], **changes})


def test_times_without_a_zone_are_utc_and_others_are_converted() -> None:
    import pandas as pd

    local = pd.date_range("2026-01-01 01:00", periods=3, freq="h", tz="Europe/Copenhagen")
    texts = [f"2026-01-01T0{hour}:00:00Z" for hour in range(3)]

    panels = [panel_of(table, COLUMNS) for table in (frame(), frame(time=local), frame(time=texts))]

    assert all(panel.equals(panels[0]) for panel in panels)
    assert panels[0]["time"][0] == datetime(2026, 1, 1, tzinfo=UTC)


def test_numbers_of_other_types_are_converted_and_other_columns_left_out() -> None:
    panel = panel_of(frame(y=[1, 2, 3], series=[7, 7, 7], more=0), COLUMNS)

    assert dict(panel.schema) == dict(panel_of(frame(), COLUMNS).schema)
    assert panel.columns == ["series", "time", "y"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y": ["a", "b", "c"]}, "Column 'y' is no number"),
        ({"y": [1.0, None, float("nan")]}, "Column 'y' lacks 2 of 3 values"),
        ({"time": ["x", "y", "z"]}, "Column 'time' is no time"),
        ({"time": [None, "2026-01-01", "2026-01-02"]}, "Column 'time' lacks 1 of 3 values"),
    ],
)
def test_values_that_do_not_fit_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        panel_of(frame(**changes), COLUMNS)


def test_absent_columns_are_named() -> None:
    with pytest.raises(DataError, match=r"lacks the columns \['series', 'y'\]; it has \['time'\]"):
        panel_of(frame()[["time"]], COLUMNS)


@pytest.fixture
def model(tmp_path: Path) -> BundleModel:
    return BundleModel(write_bundle(tmp_path / "bundle", toy_parts()), ToyNaive(season=3))


def test_the_horizon_is_the_bundles_own_unless_given(model: BundleModel) -> None:
    assert len(model.predict(frame())) == 48
    assert model.predict(frame(), {"horizon": 4})["prediction"].tolist() == [1.0, 2.0, 3.0, 1.0]


def test_a_horizon_below_one_is_refused(model: BundleModel) -> None:
    with pytest.raises(UsageError, match="The horizon is 0; pass params"):
        model.predict(frame(), {"horizon": 0})


def test_a_bundle_is_loaded_by_its_kind(model: BundleModel, monkeypatch: Any) -> None:
    monkeypatch.setattr(pyfunc, "bundle_loaders", lambda: {KIND: load_toy})

    assert pyfunc._load_pyfunc(str(model.bundle.folder)).model == ToyNaive(season=24)


def test_a_broken_system_does_not_stand_before_the_others(monkeypatch: Any, caplog: Any) -> None:
    def find(name: str) -> Any:
        if name == "broken":
            raise ImportError("no module")
        return SimpleNamespace(loaders={KIND: load_toy})

    monkeypatch.setattr(pyfunc, "system_names", lambda: ("broken", "good"))
    monkeypatch.setattr(pyfunc, "find_system", find)

    assert bundle_loaders() == {KIND: load_toy}
    assert "System 'broken' cannot be loaded" in caplog.text
