"""The systems that ship, and one that `penstock new` makes, pass their own smoke tests."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.samples import Command
else:
    from cli.samples import Command


@pytest.mark.parametrize("system", ["denmark", "panel"])
def test_a_shipped_system_passes_and_opens_no_workspace(penstock: Command, home: Path, system: str) -> None:
    said = penstock("smoke", system, "--json", "--quiet")
    assert (said.code, said.err) == (0, "")
    found = json.loads(said.out)
    assert (found["system"], found["passed"], found["metric"]) == (system, True, "mape")
    assert 0 < found["value"] <= found["at_most"]
    assert not home.exists()


@pytest.mark.usefixtures("home")
def test_a_new_system_passes_and_fails_by_its_bound_with_the_code_of_a_gate(
    penstock: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert penstock("new", "stand_of_smoke").code == 0
    said = penstock("smoke", "stand_of_smoke", "-q")
    assert said.code == 0
    assert "made stand_of_smoke@v1, stand_of_smoke@v1, and threw it away" in said.out
    assert "stand_of_smoke: passed: mape 0." in said.out
    file = Path("stand_of_smoke", "smoke.yaml")
    file.write_text(
        file.read_text(encoding="utf-8").replace("at_most: 0.2", "at_most: 0.001"), encoding="utf-8"
    )
    said = penstock("smoke", "stand_of_smoke", "-q")
    assert said.code == 4
    assert "stand_of_smoke: FAILED: mape 0." in said.out


@pytest.mark.usefixtures("home")
def test_an_unknown_system_is_wrong_use(penstock: Command) -> None:
    said = penstock("smoke", "denmrak")
    assert said.code == 2
    assert "did you mean 'denmark'" in said.err
