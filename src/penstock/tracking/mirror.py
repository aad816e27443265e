"""Show one run in MLflow: a parent run, a child per step that ran and a child per tuning trial.

Everything is keyed by tags (``penstock.run_id``, ``penstock.key``) and by times taken from the journal, so showing
the same record twice changes nothing, and a mirror that was cut short is completed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from penstock.tracking import limits
from penstock.tracking.backend import Backend
from penstock.tracking.record import RunRecord, StepRecord, TrialRecord, metric_key

if TYPE_CHECKING:
    from mlflow.entities import Run

RUN_ID_TAG = "penstock.run_id"
KEY_TAG = "penstock.key"
_STATUS = {"running": "RUNNING", "done": "FINISHED", "failed": "FAILED", "interrupted": "KILLED"}
_STEP_STATUS = {"ran": "FINISHED", "failed": "FAILED"}
_TRIAL_STATUS = {"complete": "FINISHED", "pruned": "KILLED", "fail": "FAILED", "failed": "FAILED"}
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Child:
    """What a child run shows."""

    key: str
    name: str
    status: str
    started_ms: int
    ended_ms: int
    tags: Mapping[str, str]
    params: Mapping[str, Any]
    metrics: Mapping[str, float | None]


class Point(NamedTuple):
    """One value of a metric; ``at_ms`` in milliseconds since 1970."""

    key: str
    value: float
    at_ms: int
    step: int = 0


@dataclass(slots=True)
class RunMirror:
    """Keeps one MLflow run equal to a growing record.

    ``run_id`` is MLflow's id of the parent, known after the first update.
    """

    backend: Backend
    run_id: str | None = None
    shown: dict[str, str] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)

    def update(self, record: RunRecord) -> str:
        """Bring MLflow up to the record and return MLflow's id of the parent run."""
        if self.run_id is None:
            self._find(record)
        parent = self.run_id or self._start(record)
        for child in children_of(record):
            if child.key not in self.ended:
                self._show(parent, record, child)
        if record.status != "running":
            self._conclude(parent, record)
        return parent

    def _find(self, record: RunRecord) -> None:
        """Look for what an earlier mirror of the same run has left."""
        experiment = self.backend.experiment(record.system)
        for run in _search(self.backend, experiment, f"tags.`{RUN_ID_TAG}` = '{record.run_id}'"):
            key = run.data.tags.get(KEY_TAG, "")
            if key == "run":
                self.run_id = run.info.run_id
                continue
            self.shown[key] = run.info.run_id
            if run.info.status != "RUNNING":
                self.ended.add(key)

    def _start(self, record: RunRecord) -> str:
        tags = {RUN_ID_TAG: record.run_id, KEY_TAG: "run", "penstock.kind": "run", "system": record.system}
        tags |= {"mlflow.source.name": f"penstock {record.system}", "mlflow.source.type": "PROJECT"}
        run = self.backend.client.create_run(
            self.backend.experiment(record.system),
            start_time=record.started_ms,
            tags=limits.tags_of(tags),
            run_name=record.run_id,
        )
        self.run_id = str(run.info.run_id)
        _log_params(self.backend, self.run_id, record.config)
        return self.run_id

    def _show(self, parent: str, record: RunRecord, child: Child) -> None:
        client = self.backend.client
        if child.key not in self.shown:
            tags = {"mlflow.parentRunId": parent, RUN_ID_TAG: record.run_id, KEY_TAG: child.key, **child.tags}
            run = client.create_run(
                self.backend.experiment(record.system),
                start_time=child.started_ms,
                tags=limits.tags_of(tags),
                run_name=child.name,
            )
            self.shown[child.key] = run.info.run_id
        run_id = self.shown[child.key]
        _log_params(self.backend, run_id, child.params)
        _log_metrics(self.backend, run_id, _points(child.metrics, child.ended_ms))
        client.set_terminated(run_id, status=child.status, end_time=child.ended_ms)
        self.ended.add(child.key)

    def _conclude(self, parent: str, record: RunRecord) -> None:
        """Show what is known at the end; the status comes last, so that an ended run is a complete one."""
        _log_metrics(self.backend, parent, parent_points(record))
        _tag(self.backend, parent, parent_tags(record))
        if record.dataset:
            _log_dataset(self.backend, parent, record.dataset)
        _log_artifacts(self.backend, parent, record.artifacts)
        self.backend.client.set_terminated(parent, status=_STATUS[record.status], end_time=record.ended_ms)


def children_of(record: RunRecord) -> Iterator[Child]:
    """Yield the steps that ran, then the trials, each in the order they ended."""
    for step in record.steps.values():
        if step.executed:
            yield _step_child(record, step)
    for trial in record.trials.values():
        yield _trial_child(record, trial)


def parent_tags(record: RunRecord) -> dict[str, str]:
    """Return the tags of the parent run; how many steps ran, were reused and failed among them."""
    states: dict[str, int] = {}
    for step in record.steps.values():
        states[step.state] = states.get(step.state, 0) + 1
    counts = {f"steps.{state}": str(count) for state, count in sorted(states.items())}
    dataset = {"dataset": record.dataset["name"]} if record.dataset else {}
    return {"state": record.status, **counts, **dataset, **record.tags}


def _step_child(record: RunRecord, step: StepRecord) -> Child:
    ended_ms = step.ended_ms or record.started_ms or 0
    tags = {"penstock.kind": "step", "system": record.system, "step": step.name, "stage": step.stage}
    more = {"state": step.state, "reason": step.reason, "digest": step.digest or ""}
    return Child(
        key=f"step:{step.name}",
        name=step.name,
        status=_STEP_STATUS[step.state],
        started_ms=step.started_ms or ended_ms,
        ended_ms=ended_ms,
        tags={**tags, **more},
        params=step.params,
        metrics={**step.metrics, **step.numbers},
    )


def _trial_child(record: RunRecord, trial: TrialRecord) -> Child:
    tags = {"penstock.kind": "trial", "system": record.system, "step": trial.step, "state": trial.state}
    return Child(
        key=f"trial:{trial.step}:{trial.number}",
        name=f"{trial.step} trial {trial.number}",
        status=_TRIAL_STATUS.get(trial.state.lower(), "FINISHED"),
        started_ms=trial.ended_ms - round(trial.seconds * 1000),
        ended_ms=trial.ended_ms,
        tags={**tags, "stage": "tune", "trial": str(trial.number)},
        params=trial.params,
        metrics={**trial.metrics, "score": trial.score, "seconds": trial.seconds},
    )


def _search(backend: Backend, experiment: str, query: str) -> Iterator[Run]:
    token: str | None = None
    while True:
        page = backend.client.search_runs(
            [experiment], query, max_results=_PAGE, page_token=token, order_by=["attributes.start_time ASC"]
        )
        yield from page
        token = page.token
        if not token:
            return


def parent_points(record: RunRecord) -> list[Point]:
    """Return the metrics of the parent run, and the scores of each tuning as one curve over its trials."""
    points = [Point(key, value, at_ms) for key, (value, at_ms) in record.metrics.items()]
    curve = [
        Point(metric_key(trial.step, "score"), trial.score, trial.ended_ms, trial.number)
        for trial in record.trials.values()
        if trial.score is not None
    ]
    return points + curve


def _points(metrics: Mapping[str, float | None], at_ms: int) -> list[Point]:
    return [Point(key, value, at_ms) for key, value in metrics.items() if value is not None]


def _log_params(backend: Backend, run_id: str, params: Mapping[str, Any]) -> None:
    from mlflow.entities import Param

    entities = [Param(key, value) for key, value in limits.params_of(params).items()]
    for part in limits.batches(entities, limits.PARAMS_PER_BATCH):
        backend.client.log_batch(run_id, params=part)


def _log_metrics(backend: Backend, run_id: str, points: Sequence[Point]) -> None:
    from mlflow.entities import Metric

    entities = [Metric(limits.safe_key(point.key), point.value, point.at_ms, point.step) for point in points]
    for part in limits.batches(entities, limits.METRICS_PER_BATCH):
        backend.client.log_batch(run_id, metrics=part)


def _tag(backend: Backend, run_id: str, tags: Mapping[str, str]) -> None:
    from mlflow.entities import RunTag

    entities = [RunTag(key, value) for key, value in limits.tags_of(tags).items()]
    for part in limits.batches(entities, limits.PARAMS_PER_BATCH):
        backend.client.log_batch(run_id, tags=part)


def _log_dataset(backend: Backend, run_id: str, note: Mapping[str, Any]) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    columns = [{"type": kind, "name": name, "required": True} for name, kind in note["columns"].items()]
    dataset = Dataset(
        name=note["name"],
        digest=note["digest"][: limits.DATASET_DIGEST],
        source_type="penstock",
        source=json.dumps(
            {"source": note["source"], "simulated": note["simulated"], "digest": note["digest"]}
        ),
        schema=json.dumps({"mlflow_colspec": columns}),
        profile=json.dumps({"num_rows": note["rows"]}),
    )
    tags = [InputTag("mlflow.data.context", "training")]
    backend.client.log_inputs(run_id, [DatasetInput(dataset, tags)])


def _log_artifacts(backend: Backend, run_id: str, artifacts: Mapping[str, str]) -> None:
    """Copy attached files under the name's folder part; a file that has gone since is passed over."""
    for name, location in sorted(artifacts.items()):
        path, folder = backend.settings.located(location), name.rpartition("/")[0] or None
        if path.is_dir():
            backend.client.log_artifacts(run_id, str(path), name)
        elif path.is_file():
            backend.client.log_artifact(run_id, str(path), folder)
