"""Where steps run: in this process, or in a pool of worker processes. Workers compute, the coordinator commits."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Protocol

from penstock.domain.errors import PenstockError, StepError, UsageError
from penstock.domain.events import Event
from penstock.domain.values import Resources
from penstock.engine.surroundings import pin
from penstock.engine.work import Task, TaskResult, run_task

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue

    from penstock.engine.context import World
    from penstock.storage.artifacts import ArtifactStore


ENDING_S = 10.0
"""How long a worker that was told to end may take."""


class Executor(Protocol):
    """Runs tasks. A remote executor implements the same: it computes and uploads, and never commits."""

    @property
    def capacity(self) -> Resources:
        """What may run at once."""

    def submit(self, task: Task, store: ArtifactStore, emit: Callable[[Event], None]) -> Future[TaskResult]:
        """Start ``task``; the future may already be done."""

    def deliver(self, emit: Callable[[Event], None]) -> None:
        """Hand events of running workers to ``emit``."""

    def close(self) -> None:
        """Stop the workers, and return when they have ended; a run that failed beside working steps does so, too."""


class InlineExecutor:
    """Runs one task after the other in this process."""

    capacity = Resources(cpu=1)

    def submit(self, task: Task, store: ArtifactStore, emit: Callable[[Event], None]) -> Future[TaskResult]:
        """Run ``task`` now; the future is done when the call returns."""
        return run_now(task, store, emit)

    def deliver(self, emit: Callable[[Event], None]) -> None:
        """Do nothing: events were emitted as they happened."""

    def close(self) -> None:
        """Do nothing."""


class PoolExecutor:
    """Runs tasks in ``jobs`` worker processes, started fresh so that no state of the parent leaks in."""

    def __init__(self, jobs: int, *, memory_mb: int = 0, gpu: int = 0) -> None:
        _require_guarded_main()
        # A step that declares more cores than there are jobs still runs, alone.
        self._capacity = Resources(cpu=jobs, memory_mb=memory_mb, gpu=gpu)
        context = multiprocessing.get_context("spawn")
        self._events: SimpleQueue[Event] = context.SimpleQueue()
        self._pool = ProcessPoolExecutor(
            max_workers=jobs, mp_context=context, initializer=_start_worker, initargs=(self._events, sys.path)
        )

    @property
    def capacity(self) -> Resources:
        """What may run at once."""
        return self._capacity

    def submit(self, task: Task, store: ArtifactStore, emit: Callable[[Event], None]) -> Future[TaskResult]:  # noqa: ARG002 - events come by the queue
        """Queue ``task`` for a worker."""
        try:
            return self._pool.submit(_run_in_worker, task, store)
        except BrokenProcessPool as error:
            raise _worker_died(task) from error

    def deliver(self, emit: Callable[[Event], None]) -> None:
        """Hand on what the workers have told so far."""
        while not self._events.empty():
            emit(self._events.get())

    def close(self) -> None:
        """Stop the workers; running tasks are abandoned, nothing of theirs is committed."""
        processes = list((getattr(self._pool, "_processes", None) or {}).values())
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            if process.is_alive():
                process.terminate()
        for process in processes:
            process.join(ENDING_S)


def run_now(
    task: Task, store: ArtifactStore, emit: Callable[[Event], None], world: World | None = None
) -> Future[TaskResult]:
    """Run ``task`` in this process and return a finished future."""
    future: Future[TaskResult] = Future()
    try:
        future.set_result(run_task(task, store, emit, world))
    except PenstockError as error:
        future.set_exception(error)
    return future


def outcome(task: Task, future: Future[TaskResult]) -> TaskResult:
    """Return the result of a finished future; a worker that died becomes a clear error."""
    try:
        return future.result()
    except BrokenProcessPool as error:
        raise _worker_died(task) from error


def _require_guarded_main() -> None:
    """Refuse to start workers while this process is itself a worker that is still importing the main script."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise UsageError(
            "A worker process ran the main script again and came to start workers of its own. Put the script's work "
            'under `if __name__ == "__main__":`, as Python\'s multiprocessing asks, or run with one job.'
        )


def _worker_died(task: Task) -> StepError:
    return StepError(
        f"The worker process that ran step {task.node!r} died: killed, or out of memory. Nothing of the step was "
        "committed; run the same command again to continue, with fewer --jobs if memory was short. A script that asks for "
        'several jobs needs `if __name__ == "__main__":` around its work.'
    )


_worker_events: SimpleQueue[Event] | None = None


def _start_worker(events: SimpleQueue[Event], path: list[str]) -> None:
    global _worker_events  # noqa: PLW0603 - one queue per worker process, set once when it starts
    threading.Thread(target=_end_with_parent, daemon=True, name="penstock-parent").start()
    pin(os.environ)
    sys.path[:] = path
    _worker_events = events


def _end_with_parent() -> None:
    """End this worker when its coordinator is gone, however it went.

    The locks went with it: whoever runs the same steps next would share their scratch folders with this worker.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run_in_worker(task: Task, store: ArtifactStore) -> TaskResult:
    events = _worker_events
    return run_task(task, store, events.put if events is not None else _drop)


def _drop(event: Event) -> None:
    """Take no note of ``event``."""
