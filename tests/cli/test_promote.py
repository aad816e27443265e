"""Moving the aliases that serve, through the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.samples import COLUMNS, TINY, Command, Finished
else:
    from cli.samples import COLUMNS, TINY, Command, Finished


@pytest.fixture
def own(finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in a copy of the place where a run has ended well."""
    monkeypatch.chdir(shutil.copytree(finished.folder, tmp_path / "own"))
    monkeypatch.setenv("PENSTOCK_HOME", str(tmp_path / "own" / "home"))
    monkeypatch.setenv("PENSTOCK_TRACKING_URI", "off")
    monkeypatch.setenv("LOGNAME", "ada")


@pytest.mark.usefixtures("own")
def test_a_refusal_ends_with_code_4_and_names_gate_number_and_threshold(penstock: Command) -> None:
    said = penstock("models", "promote", "power@candidate")

    assert (said.code, said.out) == (4, "")
    assert "power@v1 cannot become 'champion': gate 'promotion' refused: " in said.err
    assert "reports acknowledged 0 against 1 (read " in said.err
    assert "beats the ladder " in said.err


@pytest.mark.usefixtures("own")
def test_nothing_to_go_back_to_is_wrong_use(penstock: Command) -> None:
    said = penstock("models", "rollback", "power")
    assert said.code == 2
    assert "'power' has nothing before the first promotion to give 'champion' back to" in said.err
    said = penstock("models", "rollback", "power", "--to", "v1")
    assert said.code == 4
    assert "times that 'champion' stood for power@v1 0 against 1" in said.err
    assert penstock("models", "rollback", "power", "--at", "tomorrow").code == 2


@pytest.mark.usefixtures("own")
def test_a_promotion_is_told_and_kept(penstock: Command) -> None:
    easier = ("ladder=[moving_average]", "model.n_estimators=60", "search=false", "name=easy")
    base = [text for text in TINY if text.partition("=")[0] not in ("ladder", "model.n_estimators")]
    assert penstock("run", "panel", "data=power.csv", *COLUMNS, *base, *easier, "--quiet").code == 0

    said = penstock("models", "promote", "easy@v1", "--acknowledge", "--why", "the first")
    assert said.code == 0, said.err
    assert "champion of easy: none → v1, by ada (the first)" in said.out
    assert "asserted checks pass" in said.out
    again = penstock("models", "promote", "easy@v1")
    assert (again.code, "easy@v1 is champion already" in again.out) == (0, True)
    machine = json.loads(
        penstock("models", "promote", "easy@v1", "--to", "production", "--acknowledge", "--json").out
    )
    assert (machine["alias"], machine["changed"], machine["gate"]) == ("production", True, "promotion")

    moves = json.loads(penstock("models", "history", "easy", "--json").out)["moves"]
    assert [(move["alias"], move["version"], move["who"]) for move in moves[:2]] == [
        ("production", 1, "ada"),
        ("champion", 1, "ada"),
    ]
    assert "the first" in penstock("models", "history", "easy", "--alias", "champion").out
    assert "model.n_estimators" in penstock("models", "diff", "power@v1", "easy@champion").out
    assert "The releases do not differ." in penstock("models", "diff", "easy@v1", "easy@champion").out
    differences = json.loads(penstock("models", "diff", "power@v1", "easy@v1", "--json").out)["differences"]
    assert {"release", "config", "metric"} <= {one["kind"] for one in differences}
