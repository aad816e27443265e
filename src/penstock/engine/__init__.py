"""Declare, plan, fingerprint, schedule, execute, commit, explain, verify, evict: the files follow a run."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penstock.engine.declare import Effect, Pipeline, Step, effect, pipeline, step
    from penstock.engine.execute import Engine, Execution

__all__ = ["Effect", "Engine", "Execution", "Pipeline", "Step", "effect", "pipeline", "step"]

_HOMES = {
    "Engine": "penstock.engine.execute",
    "Execution": "penstock.engine.execute",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "penstock.engine.declare")), name)
