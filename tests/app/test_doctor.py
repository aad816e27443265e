from __future__ import annotations

import pytest

from penstock.app import doctor


def findings() -> dict[str, doctor.Finding]:
    return {found.subject: found for found in doctor.diagnose()}


@pytest.mark.usefixtures("alone")
def test_the_small_distribution_of_mlflow_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "installed", {"mlflow-skinny": "3.17.2"}.get)
    assert findings()["mlflow"].detail == "3.17.2"
    assert findings()["polars"].verdict == "broken"


@pytest.mark.usefixtures("alone")
def test_variables_that_nothing_reads_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_HOEM", "x")
    monkeypatch.setenv("PENSTOCK_STORE_URL", "s3://bucket")
    found = findings()["settings"]
    assert found.verdict == "note"
    assert "PENSTOCK_HOEM is set and nothing reads it; did you mean PENSTOCK_HOME?" in found.detail
    assert "PENSTOCK_STORE_URL is set, and this version keeps everything in the workspace" in found.detail


@pytest.fixture
def alone(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in an empty folder, with an empty workspace and no systems to load."""
    monkeypatch.chdir(str(tmp_path))
    monkeypatch.setenv("PENSTOCK_HOME", "home")
    monkeypatch.setattr(doctor, "system_names", lambda: ())
