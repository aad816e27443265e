"""One node of a run: reuse it, or claim it, run it and commit it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from penstock.domain.errors import LockTimeoutError, PenstockError
from penstock.domain.events import Event, StepFinished, StepStarted, StepWaiting
from penstock.domain.results import StepReport
from penstock.domain.values import Json, RunStatus, StepState
from penstock.engine.commit import effect_key
from penstock.engine.context import World
from penstock.engine.declare import Effect
from penstock.engine.executors import run_now
from penstock.engine.explain import changes, named, why_it_ran
from penstock.engine.fingerprint import Fingerprint, Fingerprinter, digest_if_there
from penstock.engine.freshness import edited_since_start
from penstock.engine.graph import Node, Slot, node_of, refs_in, substitute
from penstock.engine.records import EffectRecord, OutputRef, ResultRecord, StepRecord, Undeclared
from penstock.engine.watch import Declared
from penstock.engine.work import Task, TaskResult

if TYPE_CHECKING:
    from penstock.engine.execute import Engine, Request
    from penstock.engine.journal import Journal
    from penstock.storage.locks import FileLock


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A node that this process has claimed and started."""

    node: Node
    fingerprint: Fingerprint
    task: Task
    reason: str
    changed: tuple[str, ...]
    key: str | None = None


@dataclass(kw_only=True)
class NodeRunner:
    """Takes single nodes of one run from ready to committed."""

    engine: Engine
    request: Request
    journal: Journal
    emit: Callable[[Event], None]
    fingerprinter: Fingerprinter
    _fingerprints: dict[str, Fingerprint] = field(default_factory=dict)
    _locks: dict[str, FileLock] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)

    def begin(
        self, node: Node, outputs: Mapping[str, OutputRef]
    ) -> StepRecord | tuple[Prepared, Future[TaskResult]] | None:
        """Reuse or start ``node``; ``None`` while another process computes the same."""
        if node.name not in self._fingerprints:
            self._fingerprints[node.name] = self.fingerprinter.fingerprint(node, outputs)
        fingerprint = self._fingerprints[node.name]
        if isinstance(node.step, Effect):
            return self._begin_effect(node, fingerprint, outputs)
        return self._reused(node, fingerprint) or self._claim(node, fingerprint, outputs)

    def commit(self, prepared: Prepared, result: TaskResult) -> StepRecord:
        """Commit what a task made, release its lock, and report."""
        now = self.engine.clock()
        if prepared.key is not None:
            result = replace(
                result, undeclared=()
            )  # an effect touches the world, and is not reused for its inputs
            done = EffectRecord(
                key=prepared.key,
                node=prepared.node.name,
                output=result.output,
                run_id=self.request.run_id,
                seconds=result.seconds,
            )
            self.engine.results().commit_effect(done, system=self.request.system, now=now)
        else:
            result = replace(result, undeclared=(*result.undeclared, *moved_on(prepared.fingerprint)))
            self.engine.results().commit(self._result(prepared, result), now=now)
        shutil.rmtree(prepared.task.scratch, ignore_errors=True)
        self.journal.write("step_committed", now=now, step=prepared.node.name, output=result.output.logical)
        self._release(prepared.node.name)
        record = self._ran(prepared, result)
        self._tell(record)
        return record

    def failed(self, prepared: Prepared, error: PenstockError) -> StepRecord:
        """Report a step that raised; nothing of it is committed."""
        self._release(prepared.node.name)
        report = _report(prepared.node, "failed", str(error))
        self.journal.write("step_failed", now=self.engine.clock(), step=prepared.node.name, error=str(error))
        record = StepRecord(
            report=report,
            effect=prepared.key is not None,
            fingerprint=prepared.fingerprint.digest,
            ingredients=prepared.fingerprint.ingredients,
            parents=prepared.node.parents,
            changes=prepared.changed,
        )
        self._tell(record)
        return record

    def skipped(self, node: Node, status: RunStatus) -> StepRecord:
        """Report a step that never finished because the run ended."""
        ended = "failed" if status == "failed" else f"was {status}"
        report = _report(node, "skipped", f"the run {ended} before it")
        return StepRecord(report=report, effect=isinstance(node.step, Effect), parents=node.parents)

    def release_all(self) -> None:
        """Release every lock this run still holds."""
        for name in tuple(self._locks):
            self._release(name)

    def _reused(self, node: Node, fingerprint: Fingerprint) -> StepRecord | None:
        found = self.engine.results().find(fingerprint.digest)
        if found is None:
            return None
        self.engine.store.touch(found.output.digest)  # type: ignore[arg-type] # a recorded digest
        report = _report(
            node,
            "reused",
            f"nothing it depends on changed since run {found.run_id}",
            digest=found.output.logical,
        )
        record = StepRecord(
            report=report,
            fingerprint=fingerprint.digest,
            ingredients=fingerprint.ingredients,
            output=found.output,
            parents=node.parents,
        )
        self._tell(record)
        return record

    def _claim(
        self, node: Node, fingerprint: Fingerprint, outputs: Mapping[str, OutputRef]
    ) -> StepRecord | tuple[Prepared, Future[TaskResult]] | None:
        if not self._lock(node, fingerprint.digest):
            return None
        # Another process may have committed between the look and the lock.
        reused = self._reused(node, fingerprint)
        if reused is not None:
            self._release(node.name)
            return reused
        last = self.engine.results().latest(self.request.system, node.name)
        changed = changes(last.ingredients, fingerprint.ingredients) if last else ()
        prepared = Prepared(
            node=node,
            fingerprint=fingerprint,
            task=self._task(node, fingerprint, outputs),
            reason=why_it_ran(last, changed),
            changed=changed,
        )
        self._tell_start(node)
        return prepared, self.engine.executor.submit(prepared.task, self.engine.store, self.emit)

    def _begin_effect(
        self, node: Node, fingerprint: Fingerprint, outputs: Mapping[str, OutputRef]
    ) -> StepRecord | tuple[Prepared, Future[TaskResult]] | None:
        ingredients = fingerprint.ingredients
        params = {name: parameter.digest for name, parameter in ingredients.params.items()}
        key = effect_key(node, ingredients.inputs, params, self.request.run_id)
        if not self._lock(node, key):
            return None
        done = self.engine.results().find_effect(key)
        if done is not None:
            self._release(node.name)
            return self._already_done(node, fingerprint, done)
        self._tell_start(node)
        self.journal.write("effect_begins", now=self.engine.clock(), step=node.name, key=key)
        task = self._task(node, fingerprint, outputs)
        prepared = Prepared(
            node=node, fingerprint=fingerprint, task=task, reason=_why_effect(node), changed=(), key=key
        )
        return prepared, run_now(task, self.engine.store, self.emit, self._world(node, outputs))

    def _already_done(self, node: Node, fingerprint: Fingerprint, done: EffectRecord) -> StepRecord:
        keys = ", ".join(node.step.once_per or ())
        report = _report(
            node,
            "reused",
            f"carried out by run {done.run_id} for the same {keys or 'key'}",
            digest=done.output.logical,
        )
        record = StepRecord(
            report=report,
            effect=True,
            fingerprint=fingerprint.digest,
            ingredients=fingerprint.ingredients,
            output=done.output,
            parents=node.parents,
        )
        self._tell(record)
        return record

    def _world(self, node: Node, outputs: Mapping[str, OutputRef]) -> World:
        engine = self.engine
        inputs = {
            name: outputs[node_of(ref)] for name, value in node.arguments.items() for ref in refs_in(value)
        }
        return World(
            workspace=engine.workspace,
            store=engine.store,
            catalogue=engine.catalogue,
            run_id=self.request.run_id,
            system=self.request.system,
            now=engine.clock(),
            clock=engine.clock,
            who=self.request.who,
            inputs=inputs,
        )

    def _task(self, node: Node, fingerprint: Fingerprint, outputs: Mapping[str, OutputRef]) -> Task:
        slots = {parent: Slot(parent) for parent in node.parents}
        return Task(
            run_id=self.request.run_id,
            node=node.name,
            qualified=node.step.qualified,
            arguments={name: substitute(value, slots) for name, value in node.arguments.items()},
            inputs=dict(outputs),
            scratch=self.engine.results().scratch(fingerprint.digest),
            declared=Declared(
                source_files=fingerprint.source_files,
                data_files=frozenset(fingerprint.data_files),
                folders=(self.engine.workspace.root.resolve(),),
                results=tuple(
                    folder.resolve()
                    for folder in (self.engine.workspace.objects, self.engine.workspace.scratch)
                ),
                variables=frozenset(node.step.env),
            ),
            environ=dict(self.engine.environ),
            workspace=self.engine.workspace,
        )

    def _lock(self, node: Node, digest: str) -> bool:
        if node.name in self._locks:
            return True
        lock = self.engine.results().lock(digest)
        try:
            lock.acquire(timeout_s=0)
        except LockTimeoutError:
            self._tell_waiting(node, lock.holder())
            return False
        self._locks[node.name] = lock
        return True

    def _tell_waiting(self, node: Node, holder: str) -> None:
        if node.name not in self._told:
            self._told.add(node.name)
            self.emit(StepWaiting(run_id=self.request.run_id, step=node.name, holder=holder))

    def _release(self, name: str) -> None:
        lock = self._locks.pop(name, None)
        if lock is not None:
            lock.release(remove=True)

    def _result(self, prepared: Prepared, result: TaskResult) -> ResultRecord:
        return ResultRecord(
            fingerprint=prepared.fingerprint.digest,
            system=self.request.system,
            node=prepared.node.name,
            ingredients=prepared.fingerprint.ingredients,
            output=result.output,
            run_id=self.request.run_id,
            seconds=result.seconds,
            cpu_seconds=result.cpu_seconds,
            peak_mb=result.peak_mb,
            observed=dict(result.observed),
            undeclared=result.undeclared,
        )

    def _ran(self, prepared: Prepared, result: TaskResult) -> StepRecord:
        reason = prepared.reason
        if result.undeclared:
            reason += f"; its result will not be reused: {named(result.undeclared)}"
        report = _report(prepared.node, "ran", reason, digest=result.output.logical).model_copy(
            update={
                "seconds": round(result.seconds, 4),
                "cpu_seconds": round(result.cpu_seconds, 4),
                "peak_mb": round(result.peak_mb, 1),
                "cost": self._cost(result.cpu_seconds),
            }
        )
        return StepRecord(
            report=report,
            effect=prepared.key is not None,
            fingerprint=prepared.fingerprint.digest,
            ingredients=prepared.fingerprint.ingredients,
            output=result.output,
            parents=prepared.node.parents,
            undeclared=result.undeclared,
            changes=prepared.changed,
        )

    def _cost(self, cpu_seconds: float) -> float | None:
        price = self.request.price_per_cpu_hour
        return None if price is None else cpu_seconds / 3600 * price

    def _tell_start(self, node: Node) -> None:
        self.emit(StepStarted(run_id=self.request.run_id, step=node.name, stage=node.step.stage))

    def _tell(self, record: StepRecord) -> None:
        shown: dict[str, Json] = {}
        if record.ingredients is not None:
            shown = {name: parameter.shown for name, parameter in record.ingredients.params.items()}
        self.emit(StepFinished(run_id=self.request.run_id, report=record.report, params=shown))


def moved_on(fingerprint: Fingerprint) -> tuple[Undeclared, ...]:
    """Return the sources and data files that are no longer what the fingerprint and this process saw.

    The result was made by what was imported and read; found under what lies there now, it would be stale.
    """
    sources = edited_since_start(fingerprint.source_files)
    data = [path for path, digest in fingerprint.data_files.items() if digest_if_there(path) != digest]
    return (
        *(Undeclared(kind="edit during the run of source", name=str(path)) for path in sources),
        *(Undeclared(kind="edit during the run of file", name=str(path)) for path in sorted(data)),
    )


def _why_effect(node: Node) -> str:
    keys = node.step.once_per
    return (
        f"an effect, not yet carried out for this {', '.join(keys)}"
        if keys
        else "an effect: carried out in every run"
    )


def _report(node: Node, state: StepState, reason: str, digest: str | None = None) -> StepReport:
    return StepReport(name=node.name, stage=node.step.stage, state=state, reason=reason, digest=digest)
