"""``penstock dag show``: the steps of a pipeline before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from penstock.app.plan import plan
from penstock.app.session import Session
from penstock.domain.results import Result
from penstock.domain.values import Stage
from penstock.engine.declare import Effect


class PlannedStep(Result):
    """One step of a pipeline; ``after`` names the steps whose outputs it takes."""

    stage: Stage
    name: str
    kind: Literal["step", "effect"]
    after: tuple[str, ...]


def planned_steps(system: str, overrides: Sequence[str], session: Session) -> list[PlannedStep]:
    """Return the steps of a system's pipeline in an order in which they could run."""
    return [
        PlannedStep(
            stage=node.step.stage,
            name=node.name,
            kind="effect" if isinstance(node.step, Effect) else "step",
            after=node.parents,
        )
        for node in plan(system, overrides, session).graph.nodes
    ]
