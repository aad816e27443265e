from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from penstock.app.cv import fold_table, plan_folds
from penstock.app.run import RunOptions, run
from penstock.app.runs import list_runs, show_run
from penstock.app.session import Session
from penstock.domain.errors import DataError, UsageError
from penstock.engine.execute import Execution
from penstock.storage.datasets import datasets

if TYPE_CHECKING:
    from tests.cli.samples import COLUMNS, TINY, wave, write_csv
else:
    from cli.samples import COLUMNS, TINY, wave, write_csv

BARE = """\
from pathlib import Path
from pydantic import BaseModel, ConfigDict
from penstock.engine import pipeline
from penstock.systems.shared.system import System


class Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra='forbid')


@pipeline(name='bare')
def train(cfg: Config) -> None:
    return None


SYSTEM = System(name='bare', title='', folder=Path(__file__).parent, config=Config, train=train)
"""


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session.open(tmp_path / "home", environ={"PENSTOCK_TRACKING_URI": "off"})


@pytest.fixture
def settings(tmp_path: Path) -> tuple[str, ...]:
    file = write_csv(tmp_path / "power.csv", [*wave(name="a"), *wave(name="b", level=40.0)])
    return (f"data={file}", *COLUMNS, *TINY)


def test_the_plan_is_the_split_that_a_run_uses(settings: Sequence[str], session: Session) -> None:
    planned = plan_folds("panel", settings, session)
    assert [window.name for window in planned.windows] == ["fold 1", "fold 2", "final window"]
    trained = run(RunOptions(system="panel", overrides=tuple(settings)), session)
    states = {step.name: step.state for step in trained.result.steps}
    assert states["split"] == "reused"
    split = trained.result.split
    assert split is not None
    assert (planned.windows[-1].train_end, planned.windows[-1].train_rows) == (
        split.train.last,
        split.train.rows,
    )
    table = fold_table(session, trained.result.run_id)
    assert [row.train_end for row in table.folds] == [window.train_end for window in planned.windows[:-1]]
    assert [row.last for row in table.folds] == [window.last for window in planned.windows[:-1]]


def test_planning_folds_publishes_nothing(settings: Sequence[str], session: Session) -> None:
    planned = plan_folds("panel", settings, session)
    record = show_run(session, planned.run_id)
    assert (record.verb, record.status) == ("cv plan", "done")
    assert {step.report.stage for step in record.steps} == {"acquire", "validate", "prepare"}
    assert list(datasets(session.catalogue)) == []


def test_the_table_is_that_of_the_study(settings: Sequence[str], session: Session) -> None:
    result = run(RunOptions(system="panel", overrides=tuple(settings)), session).result
    table = fold_table(session, result.run_id)
    study = Execution(record=show_run(session, result.run_id), store=session.store).output("search")
    assert table.folds == study.folds  # type: ignore[attr-defined] # a study
    assert sum(row.weight * (row.metrics[table.metric] or 0) for row in table.folds) == pytest.approx(
        table.score
    )


def test_a_run_without_a_search_has_no_table(settings: Sequence[str], session: Session) -> None:
    for overrides in ((*settings, "search=false"), None):
        if overrides:
            run(RunOptions(system="panel", overrides=overrides), session)
        else:
            plan_folds("panel", settings, session)
        newest = list_runs(session)[0].run_id
        with pytest.raises(UsageError, match=f"Run {newest} .* it did not search.*`penstock cv plan`"):
            fold_table(session, newest)


def test_more_folds_than_the_data_hold(settings: Sequence[str], session: Session) -> None:
    many = [text.replace("split.folds=2", "split.folds=90") for text in settings]
    with pytest.raises(DataError, match=r"too short to split: .* 90 folds"):
        plan_folds("panel", many, session)


def test_a_system_without_a_split_says_so(tmp_path: Path, session: Session) -> None:
    folder = tmp_path / "bare_of_folds"
    folder.mkdir()
    (folder / "system.py").write_text(BARE)
    (folder / "config.yaml").write_text("")
    with pytest.raises(UsageError, match="shows no folds: its pipeline returns no output called 'split'"):
        plan_folds(str(folder), (), session)
