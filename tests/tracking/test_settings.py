from __future__ import annotations

from pathlib import Path

from penstock.tracking.settings import TrackingSettings, tracking_settings


def test_an_address_from_the_environment_wins(tmp_path: Path) -> None:
    assert tracking_settings(tmp_path, {}).address == f"sqlite:///{tmp_path.as_posix()}/mlflow.db"
    assert (
        tracking_settings(tmp_path, {"PENSTOCK_TRACKING_URI": " http://x:5000 "}).address == "http://x:5000"
    )
    assert not tracking_settings(tmp_path, {"PENSTOCK_TRACKING_URI": "off"}).enabled


def test_a_path_inside_the_workspace_survives_its_move(tmp_path: Path) -> None:
    here = TrackingSettings(folder=tmp_path / "here" / "tracking")
    there = TrackingSettings(folder=tmp_path / "there" / "tracking")

    written = here.portable(tmp_path / "here" / "runs" / "r" / "report.html")

    assert there.located(written) == tmp_path / "there" / "runs" / "r" / "report.html"


def test_a_path_outside_the_workspace_stays(tmp_path: Path) -> None:
    settings = TrackingSettings(folder=tmp_path / "home" / "tracking")

    assert settings.located(settings.portable(tmp_path / "report.html")) == tmp_path / "report.html"
