"""Proofs of what storage promises when processes are killed and disks are full; ``make proof`` runs them."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from penstock.storage.artifacts import ArtifactRef
from penstock.storage.catalogue import SqliteCatalogue
from penstock.storage.codecs import load
from penstock.storage.digests import digest_value
from penstock.storage.local import LocalStore
from penstock.storage.workspace import Workspace
from penstock.testing.catalogues import Fact

pytestmark = pytest.mark.proof

PRELUDE = """
import json, sys
from datetime import UTC, datetime
from pathlib import Path
import numpy as np
from penstock.domain.errors import PenstockError
from penstock.storage.catalogue import SqliteCatalogue
from penstock.storage.codecs import save
from penstock.storage.local import LocalStore
from penstock.storage.workspace import Workspace
from pydantic import BaseModel
class Fact(BaseModel):
    name: str = "none"
    score: float = 0.0
now = datetime(2026, 3, 1, tzinfo=UTC)
root = Path(sys.argv[1])
workspace = Workspace.open(root / "workspace")
store, catalogue = LocalStore(workspace.objects), SqliteCatalogue(workspace)
"""
KILLED = """
first = int(sys.argv[2])
print("ready", flush=True)
for number in range(first, first + 1_000_000):
    ref = save(store, {"number": number, "values": np.full(3000, float(number))})
    catalogue.add("result", f"r{number}", Fact(name=json.dumps(ref.to_json()), score=number), now=now)
    catalogue.add_numbered("dataset", lambda n: Fact(score=n), scope="a", now=now, same=str(number))
    print(number, flush=True)
"""
FULL = """
import pandas as pd, polars as pl
told = []
def attempt(work):
    try:
        work()
        told.append("done")
    except PenstockError as error:
        told.append(str(error))
big = np.random.default_rng(0).random(600_000)
for value in (pl.DataFrame({"a": big}), pd.DataFrame({"a": big}), big, {"a": big}, "x" * 5_000_000):
    attempt(lambda: save(store, value))
left = [str(path) for path in workspace.objects.rglob("*") if path.is_file()]
added = 0
while told[-1] != "done" or added < 1000:
    attempt(lambda: catalogue.add("run", f"r{added}", Fact(name="y" * 20_000), now=now))
    if told[-1] != "done":
        break
    told.pop()
    added += 1
found = len(catalogue.find("run", Fact))
(root / "ballast").unlink()
late = catalogue.add("run", f"r{added}", Fact(), now=now)
print(json.dumps({"told": told, "left": left, "added": added, "found": found, "late": late}))
"""


def test_random_kills_leave_nothing_half_done(tmp_path: Path) -> None:
    chance = random.Random(0)
    acknowledged = -1
    for turn in range(100):
        command = [sys.executable, "-c", PRELUDE + KILLED, str(tmp_path), str(acknowledged + 1)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            # Half of them have committed before, however slow the machine is.
            told = [process.stdout.readline()] if turn % 2 else []
            time.sleep(chance.uniform(0, 0.06))
            process.kill()
            lines = [line for line in [*told, *process.stdout.read().split("\n")[:-1]] if line]
        acknowledged = max([acknowledged, *map(int, lines)])
    assert acknowledged > 0
    workspace = Workspace.open(tmp_path / "workspace")
    store, catalogue = LocalStore(workspace.objects), SqliteCatalogue(workspace)
    entries = catalogue.find("result", Fact)
    assert {f"r{number}" for number in range(acknowledged + 1)} <= {entry.key for entry in entries}
    for entry in entries:
        ref = ArtifactRef.from_json(json.loads(entry.body.name))
        assert digest_value(load(store, ref)) == ref.logical
    numbers = [entry.number or 0 for entry in catalogue.find("dataset", Fact)]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    assert all(store.get(item.digest) for item in store.entries())
    before = [entry.sequence for entry in entries]
    assert catalogue.rebuild() == len(entries) + len(numbers)
    assert [entry.sequence for entry in catalogue.find("result", Fact)] == before


def test_full_disk_is_told_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    if shutil.which("unshare") is None:
        pytest.skip("unshare, which gives a small disk to one process, is not installed")
    mount = (
        f"mount -t tmpfs -o size=4m tmpfs {tmp_path} || exit 77; "
        f'dd if=/dev/zero of={tmp_path}/ballast bs=1k count=500 2>/dev/null; exec "$@"'
    )
    command = ["unshare", "-m", "sh", "-c", mount, "sh", sys.executable, "-c", PRELUDE + FULL, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode in (1, 77) and "Error" not in done.stderr:
        pytest.skip("mounting a small disk is not permitted")
    result = json.loads(done.stdout)
    assert all("the disk is full" in told for told in result["told"])
    assert len(result["told"]) == 6
    assert result["left"] == []
    assert result["found"] == result["added"] > 0
    assert result["late"] is True
