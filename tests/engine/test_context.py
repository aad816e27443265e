from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from penstock.domain.errors import UsageError
from penstock.domain.events import Event, MetricsLogged, StepProgress, TrialFinished
from penstock.domain.values import RunId
from penstock.engine.context import (
    StepContext,
    World,
    log_metrics,
    progress,
    running,
    scratch_dir,
    shelf,
    time_ran_out,
    trial,
    world,
)
from penstock.storage.codecs import save
from penstock.storage.local import LocalStore

if TYPE_CHECKING:
    from tests.engine.conftest import BEGINNING, House
    from tests.engine.sample.steps import fetched
else:
    from engine.conftest import BEGINNING
    from engine.sample.steps import fetched

RUN = RunId("run-1")


def context(scratch: Path, heard: list[Event], inside: World | None = None) -> StepContext:
    return StepContext(run_id=RUN, step="fit", scratch=scratch, emit=heard.append, world=inside)


def test_outside_a_run_everything_is_harmless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    progress(1, 2)
    log_metrics("model", {"mae": 1.0})
    trial(number=1, state="complete", params={}, score=None)
    time_ran_out("limit_s=60")
    assert scratch_dir().is_dir()
    assert scratch_dir() != scratch_dir()
    with pytest.raises(UsageError, match="outside a running effect"):
        world()


def test_inside_a_step_they_are_told(tmp_path: Path) -> None:
    heard: list[Event] = []
    with running(context(tmp_path / "scratch", heard)):
        progress(1, 2, "half")
        log_metrics("model", {"mae": 1.0})
        trial(number=3, state="pruned", params={"a": 1}, score=None, seconds=0.5)
        assert scratch_dir() == scratch_dir() == tmp_path / "scratch"
        assert scratch_dir().is_dir()
    assert heard == [
        StepProgress(run_id=RUN, step="fit", done=1, total=2, note="half"),
        MetricsLogged(run_id=RUN, step="fit", group="model", metrics={"mae": 1.0}),
        TrialFinished(
            run_id=RUN, step="fit", number=3, state="pruned", params={"a": 1}, score=None, seconds=0.5
        ),
    ]
    progress(2, 2)
    assert len(heard) == 3


def test_a_pure_step_has_no_world(tmp_path: Path) -> None:
    with running(context(tmp_path, [])), pytest.raises(UsageError, match="must not touch the world"):
        world()


def test_an_effect_has_one(house: House, tmp_path: Path) -> None:
    engine = house.engine()
    inside = World(
        workspace=engine.workspace,
        store=engine.store,
        catalogue=engine.catalogue,
        run_id=RUN,
        system="sample",
        now=BEGINNING,
        clock=lambda: BEGINNING,
    )
    with running(context(tmp_path, [], inside)):
        assert world() is inside


def test_contexts_nest(tmp_path: Path) -> None:
    with running(context(tmp_path / "outer", [])):
        with running(context(tmp_path / "inner", [])):
            assert scratch_dir().name == "inner"
        assert scratch_dir().name == "outer"


def test_a_step_finds_what_its_parameters_name_on_the_shelf(house: House) -> None:
    kept = save(LocalStore(house.workspace.objects), {"a": 1})
    assert house.run(lambda: fetched(kept.digest)).output("fetched") == ["value.json"]
    with pytest.raises(UsageError, match=r"shelf\(\) was called outside a run"):
        shelf()
