from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from penstock.testing.runs import ended, lines, started, step, whole_run
from penstock.tracking.backend import Backend
from penstock.tracking.facts import DatasetNote, RunFacts
from penstock.tracking.journal import Line
from penstock.tracking.mirror import RunMirror
from penstock.tracking.record import RunRecord, read_record


def record_of(run_id: str, *more: Line) -> RunRecord:
    return read_record(run_id, [*lines(whole_run(run_id)), *more])


def family(backend: Backend, run_id: str) -> list[Any]:
    experiment = backend.experiment("denmark")
    return list(backend.client.search_runs([experiment], f"tags.`penstock.run_id` = '{run_id}'"))


def children(backend: Backend, parent: str) -> dict[str, Any]:
    found = backend.client.search_runs(
        [backend.experiment("denmark")], f"tags.`mlflow.parentRunId` = '{parent}'"
    )
    return {run.info.run_name: run for run in found}


def test_a_run_is_shown_with_a_child_per_executed_step_and_trial(backend: Backend) -> None:
    parent = RunMirror(backend).update(record_of("whole"))

    run = backend.client.get_run(parent)
    below = children(backend, parent)
    assert run.info.run_name == "whole"
    assert run.info.status == "FINISHED"
    assert run.data.params == {"model.trees": "50", "model.lags": "[1, 24]", "seed": "7"}
    assert run.data.metrics == {"lightgbm.mae": 1.5, "tune.score": 0.7}
    assert run.data.tags["steps.reused"] == "1"
    assert set(below) == {"tune", "score", "tune trial 0", "tune trial 1", "tune trial 2"}
    assert below["score"].data.metrics == {
        "lightgbm.mae": 1.5,
        "seconds": 2.0,
        "cpu_seconds": 3.0,
        "peak_mb": 64.0,
    }
    assert below["score"].data.tags["stage"] == "train"
    assert below["tune trial 1"].info.status == "KILLED"
    assert below["tune trial 2"].data.params == {"leaves": "4"}


def test_the_scores_of_a_tuning_are_one_curve_on_the_parent(backend: Backend) -> None:
    parent = RunMirror(backend).update(record_of("curve"))

    history = backend.client.get_metric_history(parent, "tune.score")

    assert {point.step: point.value for point in history} == {0: 0.9, 2: 0.7}


def test_showing_a_run_twice_changes_nothing(backend: Backend) -> None:
    record = record_of("twice")
    first = RunMirror(backend).update(record)
    before = {run.info.run_id: run.to_dictionary() for run in family(backend, "twice")}

    again = RunMirror(backend).update(record)

    after = {run.info.run_id: run.to_dictionary() for run in family(backend, "twice")}
    assert again == first
    assert after == before
    assert len(backend.client.get_metric_history(first, "lightgbm.mae")) == 1


def test_a_mirror_that_was_cut_short_is_completed(backend: Backend, monkeypatch: Any) -> None:
    record = record_of("cut")
    half = RunMirror(backend)
    with monkeypatch.context() as patch:
        patch.setattr(type(backend.client), "set_terminated", _fail)
        with pytest.raises(ConnectionError, match="away"):
            half.update(record)

    parent = RunMirror(backend).update(record)

    below = children(backend, parent)
    assert len(below) == 5
    assert all(run.info.status != "RUNNING" for run in below.values())


def test_a_growing_record_is_shown_as_it_grows(backend: Backend) -> None:
    mirror = RunMirror(backend)
    events = [started("grows"), *step("grows", "load")]

    parent = mirror.update(read_record("grows", lines(events)))
    assert backend.client.get_run(parent).info.status == "RUNNING"
    assert set(children(backend, parent)) == {"load"}

    events += [*step("grows", "fit", "failed"), ended("grows", "failed")]
    mirror.update(read_record("grows", lines(events)))
    assert backend.client.get_run(parent).info.status == "FAILED"
    assert children(backend, parent)["fit"].info.status == "FAILED"


def test_dataset_tags_and_files_are_shown(backend: Backend, tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "ladder.svg").write_text("<svg/>")
    (tmp_path / "report.html").write_text("<html/>")
    note = DatasetNote(name="denmark@v3", digest="d" * 64, simulated=True, rows=12, columns={"y": "double"})
    facts = RunFacts(dataset=note, metrics={"naive": {"mae": 2.0}}, tags={"mlflow.source.git.commit": "abc"})
    paths = {
        "report.html": "report.html",
        "figures": "figures",
        "plots/a.html": "report.html",
        "gone": "gone",
    }

    parent = RunMirror(backend).update(
        record_of(
            "facts",
            Line(1, "Facts", facts.model_dump(mode="json")),
            Line(2, "Artifacts", {name: str(tmp_path / path) for name, path in paths.items()}),
        )
    )

    run: Any = backend.client.get_run(parent)
    [source] = run.inputs.dataset_inputs
    assert (source.dataset.name, source.dataset.digest) == ("denmark@v3", "d" * 36)
    assert json.loads(source.dataset.source)["simulated"] is True
    assert run.data.tags["dataset"] == "denmark@v3"
    assert run.data.tags["mlflow.source.git.commit"] == "abc"
    assert run.data.metrics["naive.mae"] == 2.0
    names = {item.path for item in backend.client.list_artifacts(parent)}
    assert names == {"report.html", "figures", "plots"}
    assert [item.path for item in backend.client.list_artifacts(parent, "figures")] == ["figures/ladder.svg"]


def test_a_run_with_many_metrics_and_parameters_is_shown_whole(backend: Backend) -> None:
    record = record_of("many")
    record.config = {f"p{i}": i for i in range(250)}
    record.measure({f"m{i}": float(i) for i in range(1_700)}, 1)

    run = backend.client.get_run(RunMirror(backend).update(record))

    assert len(run.data.params) == 250
    assert len(run.data.metrics) == 1_702


def _fail(*_: object, **__: object) -> None:
    raise ConnectionError("the tracker is away")
