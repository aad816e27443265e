from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from penstock.app.plan import Planned, Wanted, plan_wanted
from penstock.app.run import RunOptions, run
from penstock.app.runs import show_run
from penstock.app.session import Session
from penstock.app.space import space_digest
from penstock.domain.errors import ConfigError, UsageError
from penstock.systems.shared.config import ForecastingConfig

if TYPE_CHECKING:
    from tests.cli.samples import COLUMNS, TINY, wave, write_csv
else:
    from cli.samples import COLUMNS, TINY, wave, write_csv

SPACE = "num_leaves: {low: 4, high: 9}\nlearning_rate: {low: 0.1, high: 0.3, log: true}\n"
NAMED = ("data=power.csv", "target=load", "time=stamp")


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.chdir(tmp_path)
    Path("space.yaml").write_text(SPACE, encoding="utf-8")
    return Session.open(tmp_path / "home", environ={"PENSTOCK_TRACKING_URI": "off"})


@pytest.fixture
def settings(session: Session) -> tuple[str, ...]:
    write_csv(session.workspace.root.parent / "power.csv", wave(name="a"))
    return ("data=power.csv", *COLUMNS, *TINY)


def plan(system: str, overrides: Sequence[str], session: Session, *, space: str | None = None) -> Planned:
    return plan_wanted(Wanted(system=system, overrides=overrides, space=space), session)


def searched(session: Session, *overrides: str, space: str | None) -> dict[str, object]:
    config = plan("panel", [*NAMED, *overrides], session, space=space).config.value
    assert isinstance(config, ForecastingConfig)
    return {name: dimension.model_dump(exclude_none=True) for name, dimension in config.tune.space.items()}


def test_it_takes_the_place_of_the_whole_space(session: Session) -> None:
    found = searched(session, space="space.yaml")
    assert found == {
        "num_leaves": {"low": 4, "high": 9, "log": False},
        "learning_rate": {"low": 0.1, "high": 0.3, "log": True},
    }
    assert searched(session, space="{num_leaves: {choices: [3, 5]}}") == {
        "num_leaves": {"choices": (3, 5), "log": False}
    }
    assert "reg_lambda" in searched(session, space=None)


def test_the_command_line_still_has_the_last_word(session: Session) -> None:
    assert searched(session, "tune.space.num_leaves.high=7", space="space.yaml")["num_leaves"] == {
        "low": 4,
        "high": 7,
        "log": False,
    }


def test_the_origin_of_the_space_is_its_file(session: Session) -> None:
    config = plan("panel", NAMED, session, space="space.yaml").config
    assert str(config.origins["tune.space"]) == "space.yaml"
    assert str(config.origins["tune.trials"]) != "space.yaml"


def test_its_digest_says_what_it_means_not_how_it_is_written(session: Session) -> None:
    def digest(space: str | None, *overrides: str) -> str | None:
        return space_digest(plan("panel", [*NAMED, *overrides], session, space=space).config.value)

    written = "{learning_rate: {high: 0.3, low: 0.1, log: true}, num_leaves: {high: 9, low: 4}}"
    assert digest("space.yaml") == digest(written)
    assert len({digest("space.yaml"), digest(None), digest(written.replace("9", "8"))}) == 3
    assert digest(None, "search=false") is None


def test_it_is_in_the_record_of_the_run_which_needs_its_file_no_more(
    session: Session, settings: Sequence[str]
) -> None:
    options = RunOptions(system="panel", overrides=tuple(settings), space="space.yaml")
    run_id = run(options, session).result.run_id
    record = show_run(session, run_id)
    config = plan("panel", settings, session, space="space.yaml").config.value
    assert record.config_digests == {"tune.space": space_digest(config)}
    Path("space.yaml").unlink()
    option, given = record.arguments
    assert option == "--space"
    again = plan("panel", record.overrides, session, space=given)
    assert again.config.value == config


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no parameter"),
        ("# nothing\n", "names no parameter"),
        ("num_leafs: {low: 4, high: 9}", "no field 'num_leafs'; did you mean 'num_leaves'?"),
        ("num_leaves: {low: 9, high: 4}", r"num_leaves = .*space.yaml.* low first; got low=9 high=4"),
        ("num_leaves: {lo: 4, high: 9}", "unknown key tune.space.num_leaves.lo"),
        ("num_leaves: {choices: []}", "choices must hold at least one value"),
        ("max_bin: {low: 10, high: 5000}", "max_bin cannot be 5000: .*less than or equal to 255"),
        ("objective: {choices: [l1, l7]}", "objective cannot be 'l7'"),
        ("num_leaves: 5", "num_leaves = 5 .*must hold keys and values"),
        ("- num_leaves", "must hold keys and values"),
        ("num_leaves: {low: 4", "not valid YAML"),
    ],
)
def test_a_wrong_space_is_told_before_anything_runs(session: Session, text: str, message: str) -> None:
    Path("space.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=re.compile(message, re.DOTALL)):
        plan("panel", NAMED, session, space="space.yaml")


def test_all_faults_are_told_together(session: Session) -> None:
    Path("space.yaml").write_text("num_leafs: {choices: [1]}\nlearning: {choices: [1]}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"'num_leaves'\?.*'learning_rate'\?"):
        plan("panel", NAMED, session, space="space.yaml")


def test_a_file_that_is_not_there(session: Session) -> None:
    with pytest.raises(ConfigError, match=r"spaces\.yaml cannot be read"):
        plan("panel", NAMED, session, space="spaces.yaml")


def test_a_space_without_a_search_is_refused(session: Session) -> None:
    with pytest.raises(UsageError, match="--space gives a space, but nothing is searched"):
        plan("panel", [*NAMED, "search=false"], session, space="space.yaml")


def test_a_configured_space_is_judged_before_anything_runs_too(session: Session) -> None:
    with pytest.raises(ConfigError, match="no field 'leaves'"):
        plan("panel", [*NAMED, "tune.space.leaves={low: 1, high: 2}"], session)
    plan("panel", [*NAMED, "search=false", "tune.space.leaves={low: 1, high: 2}"], session)
