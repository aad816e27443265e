"""The open workspace with everything in it, as every verb needs it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.app.config.settings import load_settings
from penstock.storage.catalogue import Catalogue, SqliteCatalogue
from penstock.storage.local import LocalStore
from penstock.storage.workspace import Workspace, default_root

if TYPE_CHECKING:
    from penstock.domain.events import Listener
    from penstock.engine.execute import Engine
    from penstock.engine.executors import Executor
    from penstock.storage.artifacts import ArtifactStore


def utc_now() -> datetime:
    """Return the present moment in UTC; the one place that reads the clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Session:
    """A workspace with its store and catalogue, a clock and an environment.

    ``files`` are those that the environment was read from, whether they exist or not.
    """

    workspace: Workspace
    store: ArtifactStore
    catalogue: Catalogue
    environ: Mapping[str, str]
    files: tuple[Path, ...] = ()
    clock: Callable[[], datetime] = field(default=utc_now)

    @classmethod
    def open(
        cls,
        home: Path | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> Session:
        """Open the workspace at ``home``, else at ``PENSTOCK_HOME``, else at ``./.penstock``.

        Variables may also stand in ``.env`` in the working directory; the real environment wins.

        Raises
        ------
        ConfigError
            If a ``PENSTOCK_`` variable has a value that is not allowed.
        WorkspaceError
            If it cannot be used: not a folder, read-only, full, or from a newer version.
        """
        folder = Path.cwd()
        settings = load_settings(dict(os.environ) if environ is None else environ, folder)
        workspace = Workspace.open(home or default_root(settings.environ, folder))
        return cls(
            workspace=workspace,
            store=LocalStore(workspace.objects),
            catalogue=SqliteCatalogue(workspace),
            environ=settings.environ,
            files=(folder / settings.value.env_file,),
            clock=clock,
        )

    def engine(self, *, jobs: int = 1, listeners: Sequence[Listener] = ()) -> Engine:
        """Return an engine on this workspace: in this process, or with ``jobs`` worker processes."""
        from penstock.engine.execute import Engine

        return Engine(
            workspace=self.workspace,
            store=self.store,
            catalogue=self.catalogue,
            clock=self.clock,
            environ=self.environ,
            executor=executor(jobs),
            listeners=listeners,
        )


def default_jobs(environ: Mapping[str, str]) -> int:
    """Return how many steps run at once when the command does not say: one, or one for each core of this machine.

    ``PENSTOCK_EXECUTOR`` decides, see :class:`penstock.app.config.settings.Settings`.
    """
    settings = load_settings(environ, Path.cwd()).value
    return (os.cpu_count() or 1) if settings.executor == "processes" else 1


def executor(jobs: int) -> Executor:
    """Return the executor for ``jobs`` steps at once."""
    from penstock.engine.executors import InlineExecutor, PoolExecutor

    return PoolExecutor(jobs) if jobs > 1 else InlineExecutor()
