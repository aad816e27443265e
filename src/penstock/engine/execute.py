"""The coordinator: walks the graph, reuses what stands, runs the rest, commits, and writes the manifest."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime

from penstock.domain.errors import PenstockError, StorageError
from penstock.domain.events import Event, Listener, RunFinished, RunStarted
from penstock.domain.values import Json, RunId, RunStatus
from penstock.engine.commit import Results, library_versions, runs_scope
from penstock.engine.executors import Executor, InlineExecutor, outcome
from penstock.engine.fingerprint import Fingerprinter
from penstock.engine.graph import Graph, Node
from penstock.engine.journal import Journal
from penstock.engine.nodes import NodeRunner, Prepared
from penstock.engine.records import OutputRef, RunRecord, RunStartedRecord, StepRecord
from penstock.engine.schedule import Schedule
from penstock.engine.source.cache import FactsCache, facts_of_this_process
from penstock.engine.source.latest import next_index
from penstock.engine.surroundings import surroundings
from penstock.engine.work import TaskResult, artifact_ref
from penstock.storage.artifacts import ArtifactStore
from penstock.storage.atomic import disk_fault
from penstock.storage.catalogue import Catalogue
from penstock.storage.codecs import load
from penstock.storage.workspace import Workspace

logger = logging.getLogger(__name__)

POLLING_INTERVAL_S = 0.02


@dataclass(frozen=True, kw_only=True)
class Request:
    """Who asks for a run, with what: everything the manifest keeps beside the graph.

    ``price_per_cpu_hour`` is in the configured currency; ``None`` leaves costs out.
    """

    system: str
    run_id: RunId
    who: str = "unknown"
    verb: str = "run"
    arguments: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    config: Mapping[str, Json] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    config_digests: Mapping[str, str] = field(default_factory=dict)
    commit: str | None = None
    source: OutputRef | None = None
    inputs: Mapping[str, OutputRef] = field(default_factory=dict)
    beside: Mapping[str, OutputRef] = field(default_factory=dict)
    price_per_cpu_hour: float | None = None


@dataclass(frozen=True, kw_only=True)
class Execution:
    """A finished run: its manifest, and access to the outputs of its steps."""

    record: RunRecord
    store: ArtifactStore

    def output(self, name: str) -> object:
        """Load the output that the pipeline returned as ``name``, or the output of the step ``name``."""
        step = self.record.step(self.record.outputs.get(name, name))
        if step is None or step.output is None:
            raise KeyError(name)
        return load(self.store, artifact_ref(step.output))


@dataclass(kw_only=True)
class Engine:
    """Executes graphs in one workspace.

    Clock and environment are given, so that a test decides them. Listeners hear every event and cannot fail a run.
    """

    workspace: Workspace
    store: ArtifactStore
    catalogue: Catalogue
    clock: Callable[[], datetime]
    environ: Mapping[str, str]
    executor: Executor = field(default_factory=InlineExecutor)
    listeners: Sequence[Listener] = ()

    def run(self, graph: Graph, request: Request, fingerprinter: Fingerprinter | None = None) -> Execution:
        """Execute ``graph``; what is committed already is reused.

        ``fingerprinter`` is the one that the graph was planned with, if it was looked at before.

        Raises
        ------
        PenstockError
            From the step that failed; the manifest is written first, and committed steps stay committed.
        """
        try:
            used = fingerprinter or fingerprinter_for(self.workspace, self.environ)
            return Execution(record=_Run(self, graph, request, used).execute(), store=self.store)
        except OSError as error:
            fault = disk_fault(self.workspace.root, error)
            if fault is None or isinstance(error, PenstockError):
                raise
            raise StorageError(fault) from error

    def results(self) -> Results:
        """Return access to the committed results of this workspace."""
        return Results(
            workspace=self.workspace, store=self.store, catalogue=self.catalogue, environ=self.environ
        )


def fingerprinter_for(workspace: Workspace, environ: Mapping[str, str]) -> Fingerprinter:
    """Return a new fingerprinter that keeps what it learns about source files, in the workspace and in this process."""
    kept = FactsCache(workspace.root / "facts", facts_of_this_process())
    return Fingerprinter(environ=environ, index=next_index(kept))


class _Run:
    """State of one execution."""

    def __init__(self, engine: Engine, graph: Graph, request: Request, fingerprinter: Fingerprinter) -> None:
        self.engine = engine
        self.graph = graph
        self.request = request
        self.schedule = Schedule(graph, engine.executor.capacity)
        self.journal = Journal(path=engine.workspace.runs / request.run_id / "journal.jsonl")
        self.steps: dict[str, StepRecord] = {}
        self.running: dict[str, tuple[Prepared, Future[TaskResult]]] = {}
        self.listeners = list(engine.listeners)
        self.nodes = NodeRunner(
            engine=engine,
            request=request,
            journal=self.journal,
            emit=self.emit,
            fingerprinter=fingerprinter,
        )

    def execute(self) -> RunRecord:
        started = self._begin()
        try:
            self._loop()
        except KeyboardInterrupt:
            self._end(started, "interrupted", "interrupted by the user")
            raise
        except PenstockError as error:
            self._end(started, "failed", str(error))
            raise
        except BaseException as error:
            self._end(started, "failed", f"{type(error).__name__}: {error}")
            raise
        return self._end(started, "done", None)

    def emit(self, event: Event) -> None:
        for listener in tuple(self.listeners):
            try:
                listener.on(event)
            except Exception:
                logger.exception("A listener failed and is dropped for the rest of the run: %r", listener)
                self.listeners.remove(listener)

    def _loop(self) -> None:
        while not self.schedule.is_done:
            moved = self._start_ready()
            self.engine.executor.deliver(self.emit)
            moved = self._collect() or moved
            if not moved:
                time.sleep(POLLING_INTERVAL_S)

    def _start_ready(self) -> bool:
        moved = False
        for node in self.schedule.ready():
            if not self.schedule.fits(node):
                continue
            moved = self._start(node) or moved
        return moved

    def _start(self, node: Node) -> bool:
        outputs = {parent: self._output_of(parent) for parent in node.parents}
        found = self.nodes.begin(node, outputs)
        if found is None:
            return False
        if isinstance(found, StepRecord):
            self._finish(node.name, found)
        else:
            prepared, future = found
            self.schedule.start(node.name)
            self.running[node.name] = (prepared, future)
            self._collect()
        return True

    def _collect(self) -> bool:
        finished = [name for name, (_, future) in self.running.items() if future.done()]
        if finished:
            # What a worker told before it finished comes before the end of its step.
            self.engine.executor.deliver(self.emit)
        errors = []
        for name in finished:
            prepared, future = self.running.pop(name)
            try:
                self._finish(name, self.nodes.commit(prepared, outcome(prepared.task, future)))
            except PenstockError as error:
                # The others that finished are committed first: what is done is not lost.
                self.steps[name] = self.nodes.failed(prepared, error)
                errors.append(error)
        if errors:
            raise errors[0]
        return bool(finished)

    def _finish(self, name: str, record: StepRecord) -> None:
        self.steps[name] = record
        self.schedule.finish(name)

    def _output_of(self, name: str) -> OutputRef:
        output = self.steps[name].output
        if output is None:
            raise KeyError(name)
        return output

    def _begin(self) -> datetime:
        now = self.engine.clock()
        request = self.request
        self.journal.write("run_started", now=now, system=request.system, command=list(request.command))
        self.engine.catalogue.add(
            "run_started",
            request.run_id,
            RunStartedRecord(
                run_id=request.run_id, system=request.system, started_at=now, command=request.command
            ),
            scope=runs_scope(request.system),
            now=now,
        )
        self.emit(
            RunStarted(
                run_id=request.run_id,
                system=request.system,
                started_at=now,
                config=request.config,
                steps=tuple((node.name, node.step.stage) for node in self.graph.nodes),
            )
        )
        return now

    def _end(self, started: datetime, status: RunStatus, error: str | None) -> RunRecord:
        if self.running:
            # Whoever takes their locks next would share their scratch folders with workers that go on.
            self.engine.executor.close()
        self.nodes.release_all()
        for name in (*self.running, *self.schedule.unstarted):
            if name not in self.steps:
                self.steps[name] = self.nodes.skipped(self.graph.node(name), status)
        now = self.engine.clock()
        record = self._record(started, now, status, error)
        self.engine.catalogue.add(
            "run", self.request.run_id, record, scope=runs_scope(self.request.system), now=now
        )
        self.journal.write("run_finished", now=now, status=status)
        self.emit(RunFinished(run_id=self.request.run_id, status=status, finished_at=now))
        return record

    def _record(self, started: datetime, now: datetime, status: RunStatus, error: str | None) -> RunRecord:
        request = self.request
        return RunRecord(
            run_id=request.run_id,
            system=request.system,
            pipeline=self.graph.pipeline,
            verb=request.verb,
            arguments=request.arguments,
            status=status,
            started_at=started,
            finished_at=now,
            command=request.command,
            overrides=request.overrides,
            config=dict(request.config),
            origins=dict(request.origins),
            config_digests=dict(request.config_digests),
            steps=tuple(self.steps[node.name] for node in self.graph.nodes if node.name in self.steps),
            outputs=dict(self.graph.outputs),
            source=request.source,
            libraries=library_versions(),
            environment=surroundings(self.engine.environ),
            inputs=dict(request.inputs),
            beside=dict(request.beside),
            commit=request.commit,
            error=error,
        )
