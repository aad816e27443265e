"""Penstock carries raw data to a tested, packaged, registered model, and watches what became of it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penstock.app.pipelines import BatchPredictor, FeaturesExtractor, Trainer
    from penstock.domain.results import RunResult
    from penstock.engine.declare import effect, pipeline, step
    from penstock.systems.shared.system import System

__version__ = "0.1.0"
__all__ = [
    "BatchPredictor",
    "FeaturesExtractor",
    "RunResult",
    "System",
    "Trainer",
    "effect",
    "pipeline",
    "step",
]

_HOMES = {
    "BatchPredictor": "penstock.app.pipelines",
    "FeaturesExtractor": "penstock.app.pipelines",
    "RunResult": "penstock.domain.results",
    "System": "penstock.systems.shared.system",
    "Trainer": "penstock.app.pipelines",
    "effect": "penstock.engine.declare",
    "pipeline": "penstock.engine.declare",
    "step": "penstock.engine.declare",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
