from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from penstock.engine.evict import Eviction, evict, stored_results, sweep
from penstock.storage.locks import FileLock

if TYPE_CHECKING:
    from tests.engine.conftest import BEGINNING, House
    from tests.engine.sample.steps import numbers, sent, total
else:
    from engine.conftest import BEGINNING
    from engine.sample.steps import numbers, sent, total


@pytest.fixture
def filled(house: House, tmp_path: Path) -> House:
    """Five results and an effect, each used at a time of its own: the shortest list longest ago."""
    for count in range(1, 6):
        digest_of(house, count)
    house.run(lambda: sent(7, str(tmp_path)))
    for count in range(1, 6):
        folder = house.engine().store.get(digest_of(house, count))  # type: ignore[arg-type] # a digest
        os.utime(folder, (count, count))
    return house


def digest_of(house: House, count: int) -> str:
    step = house.run(lambda: numbers(count)).record.steps[0]
    assert step.output is not None
    return step.output.digest


def evicted(house: House, max_bytes: int, keep: Iterable[str] = (), *, dry_run: bool = False) -> Eviction:
    engine = house.engine()
    return evict(engine.store, engine.catalogue, keep=frozenset(keep), max_bytes=max_bytes, dry_run=dry_run)


def test_artifacts_are_listed_least_recently_used_first(filled: House) -> None:
    engine = filled.engine()
    found = stored_results(engine.store, engine.catalogue, frozenset())
    assert [item.steps for item in found] == [("sample/numbers",)] * 5 + [("sample/sent",)]
    assert [item.last_used for item in found] == sorted(item.last_used for item in found)
    assert [item.kept for item in found] == [False] * 5 + [True]


def test_the_least_recently_used_go_until_the_rest_fits(filled: House) -> None:
    total_bytes = evicted(filled, 0, dry_run=True).freed_bytes + evicted(filled, 0, dry_run=True).left_bytes
    done = evicted(filled, total_bytes - 1)
    assert [item.last_used.timestamp() for item in done.removed] == [1]
    assert done.left_bytes == total_bytes - done.freed_bytes
    assert filled.states(lambda: numbers(1)) == {"numbers": "ran"}
    assert filled.states(lambda: numbers(2)) == {"numbers": "reused"}


def test_nothing_goes_if_everything_fits(filled: House) -> None:
    assert evicted(filled, 10**9).removed == ()


def test_what_is_needed_stays_and_effects_stay(filled: House, tmp_path: Path) -> None:
    needed = digest_of(filled, 1)
    done = evicted(filled, 0, keep={needed})
    assert len(done.removed) == 4
    assert done.left_bytes > 0
    assert filled.states(lambda: numbers(1)) == {"numbers": "reused"}
    assert filled.states(lambda: sent(7, str(tmp_path))) == {"sent": "reused"}


def test_a_dry_run_removes_nothing(filled: House) -> None:
    planned = evicted(filled, 0, dry_run=True)
    assert planned.dry_run
    assert len(planned.removed) == 5
    assert filled.states(lambda: numbers(1)) == {"numbers": "reused"}


def test_using_a_result_keeps_it_longer(filled: House) -> None:
    assert filled.states(lambda: total(numbers(1))) == {"numbers": "reused", "total": "ran"}
    left = evicted(filled, 0, dry_run=True)
    assert digest_of(filled, 1) not in {item.digest for item in left.removed[:4]}


def test_records_go_with_their_artifacts(filled: House) -> None:
    before = len(list((filled.workspace.manifests / "result").iterdir()))
    done = evicted(filled, 0)
    assert len(list((filled.workspace.manifests / "result").iterdir())) == before - len(done.removed)
    assert filled.engine().catalogue.rebuild() > 0


def test_what_killed_runs_left_goes_and_what_runs_stays(house: House) -> None:
    workspace = house.workspace
    old, young, running = (workspace.scratch / name for name in ("old", "young", "running"))
    half = workspace.objects / "partial/half"
    for folder in (old, young, running, half):
        (folder / "inner").mkdir(parents=True)
        (folder / "inner/file").write_text("12345")
    for folder in (old, running, half):
        for path in (folder / "inner/file", folder / "inner", folder):
            os.utime(path, (1, 1))
    lock = FileLock(workspace.locks / "running.lock")
    lock.acquire()
    assert sweep(workspace, before=BEGINNING, dry_run=True) == 10
    assert old.exists()
    assert sweep(workspace, before=BEGINNING, dry_run=False) == 10
    assert sorted(workspace.scratch.iterdir()) == [running, young]
    assert not half.exists()
    lock.release()
    assert sweep(workspace, before=BEGINNING, dry_run=False) == 5
