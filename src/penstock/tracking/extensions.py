"""What the worker does after it has shown a run: other layers bring their own, by name."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

from penstock.domain.errors import UsageError
from penstock.tracking.backend import Backend
from penstock.tracking.record import RunRecord


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A run as MLflow now has it; ``mlflow_run_id`` is the parent run."""

    backend: Backend
    record: RunRecord
    mlflow_run_id: str


class Extension(Protocol):
    """Called with the content handed to ``Tracker.extend``. It must be idempotent: it may be called again."""

    def __call__(self, shown: Shown, content: Mapping[str, Any]) -> None:
        """Show ``content`` in MLflow."""


def run_extensions(allowed: Mapping[str, str], shown: Shown) -> None:
    """Run every extension that the journal asks for.

    Only those that the application named when it started the worker can be called: a journal is data and never
    chooses code.

    Raises
    ------
    UsageError
        The journal asks for an extension that this worker was not given.
    """
    for name, content in sorted(shown.record.extensions.items()):
        if name not in allowed:
            raise UsageError(f"No tracking extension {name!r} is known; known: {sorted(allowed)}")
        module, _, function = allowed[name].partition(":")
        extension = cast("Extension", getattr(importlib.import_module(module), function))
        extension(shown, content)
