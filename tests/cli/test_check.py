"""Checking a registered model again, through the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.samples import Command, Finished
else:
    from cli.samples import Command, Finished

CHEAP = ("checks.names=[finite,robust_to_noise]", "checks.examples=1", "--quiet")


@pytest.fixture
def own(finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in a copy of the place where a run has ended well."""
    monkeypatch.chdir(shutil.copytree(finished.folder, tmp_path / "own"))
    monkeypatch.setenv("PENSTOCK_HOME", str(tmp_path / "own" / "home"))
    monkeypatch.setenv("PENSTOCK_TRACKING_URI", "off")


@pytest.mark.usefixtures("own")
def test_a_registered_model_is_checked_as_it_was_configured_and_nothing_is_trained(penstock: Command) -> None:
    said = penstock("check", "power@candidate", *CHEAP, "--json")
    assert said.code == 0, said.err
    found = json.loads(said.out)
    assert found["model"] == {"name": "power", "version": 1, "alias": "candidate"}
    assert (found["metrics"], found["dataset"]) == ({}, "power@v1")
    verdicts = [(one["name"], one["verdict"]) for one in found["checks"]]
    assert [name for name, _ in verdicts] == ["finite", "robust_to_noise", "no_feature_leak"]
    assert dict(verdicts)["finite"] == "passed"
    assert {step["stage"] for step in found["steps"]} <= {
        "acquire",
        "validate",
        "prepare",
        "check",
        "evaluate",
    }
    sample = next(step["digest"] for step in found["steps"] if step["name"] == "draw_sample_for")
    assert found["checks_on"].startswith(f"fixed sample {sample[:12]}: ")


@pytest.mark.usefixtures("own")
def test_an_assertion_that_fails_ends_with_code_4_though_all_metrics_are_fine(penstock: Command) -> None:
    asserting = ("checks.kinds.robust_to_noise=asserts", "checks.limits.robust_to_noise=0")
    said = penstock("check", "power@v1", *CHEAP, *asserting)
    assert (said.code, said.err) == (4, "")
    assert "2 asserted checks passed, 1 failed (robust_to_noise)\n" in said.out
    assert "✗ failed" in said.out
    assert "noise of seed 0: the forecasts of '" in said.out


@pytest.mark.usefixtures("own")
def test_no_such_model_and_no_such_check_are_told(penstock: Command) -> None:
    assert penstock("check", "power@champion").code == 2
    said = penstock("check", "power@v1", "checks.names=[finit]")
    assert said.code == 2
    assert "did you mean 'finite'" in said.err
