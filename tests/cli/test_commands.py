from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.cli.samples import COLUMNS, TINY, Command, Finished
else:
    from cli.samples import COLUMNS, TINY, Command, Finished


def answered(penstock: Command, *words: str) -> Any:
    """Return the JSON of a command that ends well and says nothing else."""
    said = penstock(*words, "--json")
    assert (said.code, said.err) == (0, "")
    return json.loads(said.out)


def only_run(penstock: Command) -> str:
    (line,) = answered(penstock, "runs", "list")["runs"]
    return str(line["run_id"])


def test_systems_lists_what_can_be_run(penstock: Command) -> None:
    listed = answered(penstock, "systems")
    assert [line["name"] for line in listed["systems"]][:2] == ["denmark", "panel"]
    assert "penstock new NAME" in penstock("systems").out


def test_runs_list_stands_under_its_plural_noun(there: Finished, penstock: Command) -> None:
    (line,) = answered(penstock, "runs", "list")["runs"]
    assert (line["system"], line["status"], line["dataset"], line["model"]) == (
        "panel",
        "done",
        "power@v1",
        "power@v1",
    )
    assert line["metrics"]["mape"] > 0
    assert line["run_id"] in penstock("runs", "list").out


def test_runs_list_can_be_narrowed(there: Finished, penstock: Command) -> None:
    assert answered(penstock, "runs", "list", "--system", "denmark")["runs"] == []
    assert len(answered(penstock, "runs", "list", "--limit", "1")["runs"]) == 1


@pytest.mark.parametrize(
    ("words", "plural"),
    [(("runs", "list"), "runs"), (("models", "list"), "models"), (("data", "list"), "datasets")],
)
@pytest.mark.usefixtures("home")
def test_a_list_without_lines_says_so(penstock: Command, words: tuple[str, ...], plural: str) -> None:
    assert penstock(*words).out == f"There are no {plural} to show.\n"
    assert answered(penstock, *words) == {plural: []}


def test_runs_show_prints_ladder_checks_places_and_steps(there: Finished, penstock: Command) -> None:
    said = penstock("runs", "show", only_run(penstock))
    assert said.code == 0
    for word in (
        "Ladder (final window)",
        "seasonal_naive_24",
        "Worst slices",
        "✓ passed",
        "power@v1 (alias candidate)",
        "report.html",
        "penstock reproduce",
        "check_panel",
    ):
        assert word in said.out


def test_runs_show_gives_the_manifest_to_machines(there: Finished, penstock: Command) -> None:
    record = answered(penstock, "runs", "show", only_run(penstock))
    assert record["config"]["horizon"] == 6
    assert record["command"] == [*there.command, "--quiet"]
    assert {step["report"]["state"] for step in record["steps"]} == {"ran"}


def test_runs_tree_puts_steps_under_their_stages(there: Finished, penstock: Command) -> None:
    lines = penstock("runs", "tree", only_run(penstock)).out.splitlines()
    assert lines[1] == "├── acquire"
    assert lines[2].startswith("│   └── read ran")


def test_runs_compare_names_nothing_between_a_run_and_itself(there: Finished, penstock: Command) -> None:
    run = only_run(penstock)
    assert answered(penstock, "runs", "compare", run, run)["differences"] == []
    assert penstock("runs", "compare", run, run).out == "The runs do not differ.\n"


def test_runs_compare_wants_two(there: Finished, penstock: Command) -> None:
    said = penstock("runs", "compare", only_run(penstock))
    assert said.code == 2
    assert "two or more" in said.err


def test_why_names_what_a_step_depends_on(there: Finished, penstock: Command) -> None:
    found = answered(penstock, "why", only_run(penstock), "check_panel")
    assert (found["state"], found["reason"]) == ("ran", "first time")
    assert found["depends_on"]["code"][0].startswith("penstock.systems.shared.data:check_panel")
    assert found["depends_on"]["inputs"][0].startswith("rows ")
    said = penstock("why", only_run(penstock), "check_panel")
    assert said.out.startswith("check_panel ran: first time\n")
    assert "--json shows all" in said.out


def test_what_is_trained_takes_what_the_search_found(there: Finished, penstock: Command) -> None:
    record = answered(penstock, "runs", "show", only_run(penstock))
    study = next(step["output"] for step in record["steps"] if step["report"]["name"] == "search")
    taken = answered(penstock, "why", only_run(penstock), "fit_candidate")["depends_on"]["inputs"]
    assert f"study {study['logical'][:16]}" in taken


def test_models_list_stands_under_its_plural_noun(there: Finished, penstock: Command) -> None:
    (model,) = answered(penstock, "models", "list")["models"]
    assert (model["name"], model["version"], model["aliases"]) == ("power", 1, ["candidate"])
    assert (model["dataset"], model["run_id"]) == ("power@v1", only_run(penstock))
    assert answered(penstock, "models", "list", "power")["models"] == [model]


@pytest.mark.parametrize("reference", ["power@v1", "power@candidate"])
def test_models_show_tells_origin_evidence_and_history(
    there: Finished, penstock: Command, reference: str
) -> None:
    found = answered(penstock, "models", "show", reference)
    assert found["version"] == 1
    text = penstock("models", "show", reference).out
    assert "power@v1 · aliases: candidate" in text
    assert found["digest"] in text.split(), "what a bundle is expected to be"
    assert "history   " in text
    assert "{" not in text, "evidence is told in words"


def test_data_list_stands_under_its_plural_noun(there: Finished, penstock: Command) -> None:
    (version,) = answered(penstock, "data", "list")["datasets"]
    assert (version["name"], version["version"]) == ("power", 1)
    assert (version["facts"]["rows"], version["facts"]["series"]) == (480, 2)


def test_data_show_tells_window_and_models(there: Finished, penstock: Command) -> None:
    assert answered(penstock, "data", "show", "power@v1")["models"] == ["power@v1"]
    text = penstock("data", "show", "power@v1").out
    assert "2024-01-01 00:00 … 2024-01-10 23:00 UTC (both included)" in text
    assert "nothing to clean" in text
    assert "Float64" in penstock("data", "show", "power@v1", "--schema").out


def test_config_show_tells_where_values_come_from(there: Finished, penstock: Command) -> None:
    words = ("config", "show", "panel", "data=power.csv", *COLUMNS, "horizon=6")
    lines = {line["key"]: line for line in answered(penstock, *words)["config"]}
    assert (lines["horizon"]["value"], lines["horizon"]["origin"]) == (6, "command line")
    assert lines["seed"]["origin"] == "default"
    assert lines["data"]["value"] == "power.csv"


def test_config_show_pads_nothing_to_its_widest_value(there: Finished, penstock: Command) -> None:
    lines = penstock("config", "show", "panel", "data=power.csv", *COLUMNS).out.splitlines()
    assert max(len(line) for line in lines if "tune.space" not in line) < 200


def test_config_show_without_a_system_shows_the_settings_and_makes_nothing(
    home: Path, penstock: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENSTOCK_DATABASE_URL", "postgresql://anna:s3cret@db.example/penstock")
    monkeypatch.setenv("PENSTOCK_JOBS", "3")
    lines = {line["variable"]: line for line in answered(penstock, "config", "show")["settings"]}
    assert (lines["PENSTOCK_HOME"]["value"], lines["PENSTOCK_HOME"]["origin"]) == (str(home), "environment")
    assert lines["PENSTOCK_EXECUTOR"]["origin"] == "default"
    said = penstock("config", "show")
    assert "postgresql://**********@db.example" in said.out
    assert "s3cret" not in said.out
    assert "PENSTOCK_JOBS is set and nothing reads it" in said.out
    assert not home.exists()


def test_dag_show_runs_nothing(there: Finished, penstock: Command) -> None:
    words = ("dag", "show", "panel", "data=power.csv", *COLUMNS, "ladder=[seasonal_naive_short]")
    steps = {step["name"]: step for step in answered(penstock, *words)["steps"]}
    assert steps["check_panel"]["after"] == ["read"]
    assert (steps["register"]["kind"], steps["register"]["stage"]) == ("effect", "register")
    assert len(answered(penstock, "runs", "list")["runs"]) == 1


def test_cache_ls_says_what_is_needed_and_by_whom(there: Finished, penstock: Command) -> None:
    artifacts = answered(penstock, "cache", "ls")["artifacts"]
    assert all(item["kept"] for item in artifacts if "panel/refit" in item["steps"])
    text = penstock("cache", "ls").out
    assert f"{len(artifacts)} artifacts" in text
    assert text.count("code or data of a run") == sum(not item["steps"] for item in artifacts) > 0


def test_cache_gc_removes_nothing_unless_told_to(there: Finished, penstock: Command) -> None:
    before = answered(penstock, "cache", "ls")["artifacts"]
    found = answered(penstock, "cache", "gc", "--max-size", "0")
    assert found["dry_run"] is True
    assert "need the rest" in penstock("cache", "gc", "--max-size", "0").out
    assert len(answered(penstock, "cache", "ls")["artifacts"]) == len(before)


def test_doctor_finds_a_healthy_workspace(there: Finished, penstock: Command) -> None:
    findings = {line["subject"]: line for line in answered(penstock, "doctor")["findings"]}
    assert findings["workspace"]["detail"] == str(there.home)
    assert {line["verdict"] for line in findings.values()} <= {"fine", "note"}
    assert "all intact" in findings["artifacts"]["detail"]


def test_a_published_configuration_trains_without_a_search(there: Finished, penstock: Command) -> None:
    words = ("config", "show", "panel", "data=power.csv", *COLUMNS, *TINY)
    with_best = (*words, "--config", "power/best_config@v1")
    lines = {line["key"]: line for line in answered(penstock, *with_best, "model.max_bin=31")["config"]}
    assert (lines["search"]["value"], lines["search"]["origin"]) == (False, "power/best_config@v1")
    assert lines["model.num_leaves"]["origin"] == "power/best_config@v1"
    assert (lines["model.max_bin"]["value"], lines["model.max_bin"]["origin"]) == (31, "command line")
    assert (lines["model.n_estimators"]["value"], lines["model.n_estimators"]["origin"]) == (
        5,
        "command line",
    )


def test_a_configuration_that_nobody_published_is_refused(there: Finished, penstock: Command) -> None:
    words = ("config", "show", "panel", "data=power.csv", *COLUMNS, "--config", "power/best_config@v9")
    said = penstock(*words)
    assert said.code == 2
    assert (
        "There is no configuration 'power/best_config@v9'; did you mean 'power/best_config@v1'?" in said.err
    )


def test_new_makes_a_folder_and_says_what_to_do(tmp_path: Any, penstock: Command) -> None:
    said = penstock("new", "stand_of_tests", "--folder", str(tmp_path))
    assert said.code == 0
    assert f"`penstock run {tmp_path / 'stand_of_tests'}` runs it as it is" in said.out
    assert (tmp_path / "stand_of_tests" / "system.py").is_file()
