"""Folds before and after a training, and the space that was searched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.cli.samples import COLUMNS, TINY, Command, Finished, Rows, write_csv
else:
    from cli.samples import COLUMNS, TINY, Command, Finished, Rows, write_csv

POWER = ("panel", "data=power.csv", *COLUMNS, *TINY)


def answered(penstock: Command, *words: str) -> Any:
    said = penstock(*words, "--json")
    assert (said.code, said.err) == (0, "")
    return json.loads(said.out)


def trained(penstock: Command) -> str:
    runs = answered(penstock, "runs", "list")["runs"]
    return str(next(run["run_id"] for run in runs if run["model"]))


def test_the_plan_tells_the_cut_offs_and_sizes(home: Path, penstock: Command, two_series: Rows) -> None:
    write_csv(home.parent / "power.csv", two_series)
    found = answered(penstock, "cv", "plan", *POWER, "--quiet")
    assert (found["system"], found["horizon"], found["frequency"]) == ("panel", 6, "1h")
    first, second, final = found["windows"]
    assert first["cutoffs"] == ["2024-01-05T11:00:00Z"]
    assert (first["train_steps"], first["train_rows"], first["forecasts"]) == (108, 216, 12)
    assert (second["first"], second["last"]) == ("2024-01-10T06:00:00Z", "2024-01-10T11:00:00Z")
    assert final["cutoffs"] == ["2024-01-10T11:00:00Z", "2024-01-10T17:00:00Z"]
    said = penstock("cv", "plan", *POWER, "-q")
    assert said.out.splitlines()[0] == "Folds of panel: 6 steps of 1h after every cutoff (UTC)"
    assert "final window  2024-01-01 00:00  2024-01-10 11:00    228   456" in said.out
    assert answered(penstock, "data", "list")["datasets"] == []


def test_the_table_has_a_row_for_each_fold(there: Finished, penstock: Command) -> None:
    run = trained(penstock)
    found = answered(penstock, "cv", "show", run)
    assert (found["run_id"], found["metric"], found["trial"]) == (run, "mape", 0)
    assert [row["fold"] for row in found["folds"]] == [1, 2]
    for row in found["folds"]:
        assert set(row["metrics"]) == {"mape", "mase", "wape", "mae", "rmse", "bias"}
        assert row["fit_seconds"] > 0
        assert row["predict_seconds"] > 0
    lines = penstock("cv", "show", run).out.splitlines()
    assert lines[0] == "Folds of trial 0, the best (UTC)"
    assert (
        lines[1].split()[-8:]
        == ["fit", "s", "predict", "s", "mape", "mase", "wape", "mae", "rmse", "bias"][-8:]
    )
    assert lines[-1].startswith("Over all folds, weighted: mape 0.")


def test_a_run_shows_the_digest_of_what_it_searched(there: Finished, penstock: Command) -> None:
    record = answered(penstock, "runs", "show", trained(penstock))
    digest = record["config_digests"]["tune.space"]
    assert f"tune.space {digest[:12]} (default)" in penstock("runs", "show", record["run_id"]).out


@pytest.mark.usefixtures("home")
def test_a_wrong_space_is_wrong_use(penstock: Command) -> None:
    Path("space.yaml").write_text("num_leafs: {low: 4, high: 9}\n", encoding="utf-8")
    said = penstock("run", *POWER, "--space", "space.yaml")
    assert (said.code, said.out) == (2, "")
    assert "the model has no field 'num_leafs'; did you mean 'num_leaves'?" in said.err


def test_a_run_without_a_search_is_wrong_use(home: Path, penstock: Command, two_series: Rows) -> None:
    write_csv(home.parent / "power.csv", two_series)
    run = answered(penstock, "cv", "plan", *POWER, "--quiet")["run_id"]
    said = penstock("cv", "show", run)
    assert said.code == 2
    assert "it did not search" in said.err
