"""What happens where a step runs, in this process or a worker: load inputs, call, measure, save the output."""

from __future__ import annotations

import importlib
import os
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from penstock.domain.errors import PenstockError, StepError
from penstock.domain.events import Event
from penstock.domain.values import RunId
from penstock.engine.context import Shelf, StepContext, World, running
from penstock.engine.graph import substitute
from penstock.engine.records import OutputRef, Undeclared
from penstock.engine.watch import Declared, Watch, undeclared
from penstock.storage.artifacts import ArtifactRef, ArtifactStore
from penstock.storage.atomic import disk_fault, is_full
from penstock.storage.codecs import load, save
from penstock.storage.workspace import Workspace

SAMPLING_INTERVAL_S = 0.05


@dataclass(frozen=True, kw_only=True)
class Task:
    """One step to run: plain values only, so that it travels to a worker process.

    ``environ`` are the variables that the run counts with; some of them may come from a file. Without a
    ``workspace`` the step finds no :func:`penstock.engine.context.shelf`.
    """

    run_id: RunId
    node: str
    qualified: str
    arguments: Mapping[str, object]
    inputs: Mapping[str, OutputRef]
    scratch: Path
    declared: Declared
    environ: Mapping[str, str] = field(default_factory=dict)
    workspace: Workspace | None = None


@dataclass(frozen=True, kw_only=True)
class TaskResult:
    """What came out, and what it took."""

    output: OutputRef
    seconds: float
    cpu_seconds: float
    peak_mb: float
    undeclared: tuple[Undeclared, ...] = ()
    observed: Mapping[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class Usage:
    """Wall seconds, processor seconds of this process and its ended children, and peak resident memory."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_mb: float = 0.0


def run_task(
    task: Task, store: ArtifactStore, emit: Callable[[Event], None], world: World | None = None
) -> TaskResult:
    """Run ``task`` and store its output.

    Raises
    ------
    PenstockError
        As the step raised it.
    StepError
        If the step raised anything else, which is chained.
    """
    function = resolve(task.qualified)
    context = StepContext(
        run_id=task.run_id,
        step=task.node,
        scratch=task.scratch,
        emit=emit,
        world=world,
        shelf=None if task.workspace is None else Shelf(workspace=task.workspace, store=store),
    )
    with measured() as usage, private_scratch(task.scratch):
        loaded = {name: load(store, artifact_ref(ref)) for name, ref in task.inputs.items()}
        arguments = {name: substitute(value, loaded) for name, value in task.arguments.items()}
        with variables(task.environ, task.declared.variables), running(context), Watch() as touched:
            value = _call(task, function, arguments)
        output = output_ref(save(store, value))
    limits = (Undeclared(kind="limit of time", name=limit) for limit in sorted(set(context.limits)))
    return TaskResult(
        output=output,
        seconds=usage.seconds,
        cpu_seconds=usage.cpu_seconds,
        peak_mb=usage.peak_mb,
        undeclared=(*undeclared(touched, task.declared), *limits),
        observed=dict(sorted(touched.library_variables.items())),
    )


def resolve(qualified: str) -> Callable[..., object]:
    """Return the plain function behind ``module:function``, whether a step wraps it or not."""
    module, _, name = qualified.partition(":")
    found = getattr(importlib.import_module(module), name)
    function: Callable[..., object] = getattr(found, "function", found)
    return function


def artifact_ref(ref: OutputRef) -> ArtifactRef:
    """Return the store's form of a recorded reference."""
    return ArtifactRef(**ref.model_dump())


def output_ref(ref: ArtifactRef) -> OutputRef:
    """Return the recorded form of the store's reference."""
    return OutputRef(
        codec=ref.codec, type=ref.type, logical=ref.logical, digest=ref.digest, size_bytes=ref.size_bytes
    )


@contextmanager
def measured() -> Iterator[Usage]:
    """Measure wall and processor time and, by sampling, the peak of resident memory."""
    usage = Usage()
    stop = threading.Event()
    sampler = threading.Thread(target=_sample_memory, args=(usage, stop), daemon=True, name="penstock-memory")
    sampler.start()
    started, cpu_started = time.perf_counter(), _cpu_seconds()
    try:
        yield usage
    finally:
        usage.seconds = time.perf_counter() - started
        usage.cpu_seconds = _cpu_seconds() - cpu_started
        stop.set()
        sampler.join()


@contextmanager
def variables(environ: Mapping[str, str], declared: Collection[str]) -> Iterator[None]:
    """Give the step the variables that the run counts with: of ``declared`` ones exactly those, others if missing."""
    wanted = {name: environ.get(name) for name in {*environ, *declared}}
    before = {name: os.environ.get(name) for name in wanted}
    changed = [
        name for name in before if before[name] != wanted[name] and (before[name] is None or name in declared)
    ]
    _set(wanted, changed)
    try:
        yield
    finally:
        _set(before, changed)


def _set(values: Mapping[str, str | None], names: Iterable[str]) -> None:
    for name in names:
        value = values[name]
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@contextmanager
def private_scratch(folder: Path) -> Iterator[None]:
    """Send temporary files of the step to its own scratch folder."""
    before = tempfile.tempdir
    folder.mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


def _call(task: Task, function: Callable[..., object], arguments: Mapping[str, object]) -> object:
    try:
        return function(**arguments)
    except PenstockError as error:
        error.add_note(f"in step {task.node!r}")
        raise
    except Exception as error:
        place = Path(getattr(error, "filename", None) or task.scratch)
        fault = disk_fault(place, error) if is_full(error) else None
        told = fault or f"{type(error).__name__}: {error}"
        raise StepError(f"Step {task.node!r} ({task.qualified}) failed: {told}") from error


def _sample_memory(usage: Usage, stop: threading.Event) -> None:
    import psutil

    process = psutil.Process()
    while True:
        usage.peak_mb = max(usage.peak_mb, process.memory_info().rss / 2**20)
        if stop.wait(SAMPLING_INTERVAL_S):
            return


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
