"""`penstock tape`: recorded and simulated answers over real HTTP on this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from penstock.app.tapes import serve
from penstock.sources.simulators.denmark import DenmarkSimulatorConfig
from penstock.sources.tapes.player import TapePlayer
from penstock.sources.tapes.simulated import denmark_tape
from penstock.sources.tapes.tape import load_tape

if TYPE_CHECKING:
    from tests.cli.samples import Command
else:
    from cli.samples import Command

MARCH = ("--start", "2023-03-25", "--end", "2023-03-27T12:00+02:00")


def test_a_recorded_tape_can_be_played_and_recorded_again(home: Path, penstock: Command) -> None:
    for name, tape in (("first", "denmark"), ("second", "first")):
        with serve(tape) as player:
            words = ("record", "ConsumptionDE35Hour", *MARCH, "--to", name, "--base-url", player.url)
            said = penstock("tape", *words, "--json")
        assert said.code == 0, said.err
        made = json.loads(said.out)
        assert (made["rows"], made["answers"], made["end"]) == (58 * 76, 1, "2023-03-27T10:00:00+00:00")
    assert load_tape(Path("first")).answers == load_tape(Path("second")).answers


def test_progress_goes_to_standard_error_and_says_what_is_fetched(home: Path, penstock: Command) -> None:
    with serve("denmark", faults=["moved@1"]) as player:
        words = ("record", "ConsumptionDE35Hour", *MARCH, "--to", "made", "--base-url", player.url)
        said = penstock("tape", *words)
    assert said.out.startswith("made: 4,408 rows of ConsumptionDE35Hour")
    assert "play it: penstock tape serve made" in said.out
    assert "[0/1] ConsumptionDE35Hour [2023-03-25T00:00:00Z, " in said.err
    assert "redirects (301)" in said.err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("record", "ConsumptionDE36", *MARCH, "--to", "x"), 2, "did you mean 'ConsumptionDE35Hour'"),
        (("record", "ConsumptionIndustry", *MARCH[:3], "soon", "--to", "x"), 2, "--end 'soon' is no time"),
        (("record", "ConsumptionIndustry", *MARCH[:3], MARCH[1], "--to", "x"), 2, "is empty"),
        (("record", "ConsumptionIndustry", *MARCH, "--to", "."), 2, "is there already"),
        (
            ("record", "ConsumptionIndustry", *MARCH, "--to", "x", "--base-url", "here"),
            2,
            "is no web address",
        ),
        (("serve", "nowhere"), 2, "nowhere is no tape"),
        (("serve", "denmark", "--fault", "awy"), 2, "no fault 'awy'; did you mean 'away'"),
        (("serve", "denmark", "--faults", "none.yaml"), 2, "none.yaml: cannot be read as a list of faults"),
        (("serve", "denmark", "--port", "70000"), 2, "--port"),
    ],
    ids=lambda item: " ".join(item[:2]) if isinstance(item, tuple) else "",
)
def test_wrong_use_is_explained_and_leaves_nothing(
    home: Path, penstock: Command, words: tuple[str, ...], code: int, message: str
) -> None:
    said = penstock("tape", *words)
    assert (said.code, said.out) == (code, "")
    assert message in said.err
    assert not Path("x").exists()


@pytest.mark.parametrize(
    ("fault", "code", "message"),
    [("closed", 5, "unknown there or was closed"), ("miscounted", 3, "the service says that there are")],
)
def test_a_fault_of_the_service_is_told_and_leaves_nothing(
    home: Path, penstock: Command, fault: str, code: int, message: str
) -> None:
    with serve("denmark", faults=[fault]) as player:
        words = ("record", "ConsumptionDE35Hour", *MARCH, "--to", "made", "--base-url", player.url)
        said = penstock("tape", *words)
    assert said.code == code
    assert message in said.err
    assert not Path("made").exists()


def test_what_a_simulated_tape_gave_is_labelled_so_wherever_it_is_shown(
    home: Path, penstock: Command
) -> None:
    world = DenmarkSimulatorConfig.model_validate({"areas": ["DK1"], "consumer_types": ["111"]})
    with TapePlayer(denmark_tape(world)) as player:
        said = penstock(
            *("data", "ingest", "denmark", "origin=energidata", "energidata.dataset=ConsumptionDE35Hour"),
            *(f"energidata.base_url={player.url}", "--start", "2023-03-01", "--end", "2023-03-22"),
        )
    assert said.code == 0, said.err
    assert f"ConsumptionDE35Hour, {player.url} (SIMULATED) [2023-03-01T00:00:00Z, " in said.out
    (version,) = json.loads(penstock("data", "list", "--json").out)["datasets"]
    assert version["facts"]["simulated"] is True
    assert "(SIMULATED)" in penstock("data", "show", "denmark@v1").out


def test_faults_lists_what_can_go_wrong(penstock: Command) -> None:
    said = penstock("tape", "faults", "--json")
    listed: list[dict[str, Any]] = json.loads(said.out)["faults"]
    assert {"fault": "away", "when": "1-2", "argument": "", "meaning": "500"} in listed
    assert "too_many" in penstock("tape", "faults").out


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
@pytest.mark.parametrize("as_json", [True, False])
def test_a_tape_is_played_until_it_is_interrupted(tmp_path: Path, as_json: bool) -> None:
    shown = ["--json"] if as_json else []
    process = subprocess.Popen(
        [sys.executable, "-m", "penstock", "tape", "serve", "denmark", "--fault", "away@1", *shown],
        cwd=tmp_path,
        env={**os.environ, "PENSTOCK_HOME": str(tmp_path / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    url = json.loads(line)["url"] if as_json else line.split()[0]
    answers = [httpx.get(f"{url}/dataset/ConsumptionDE35Hour", trust_env=False, timeout=60) for _ in range(2)]
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert [answer.status_code for answer in answers] == [500, 200]
    assert (process.returncode, err) == (0, "2 requests answered.\n")
    assert "SIMULATED" in line or as_json
