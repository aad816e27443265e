"""``penstock why``: the reason a step ran or did not."""

from __future__ import annotations

from penstock.app.runs import show_run
from penstock.app.session import Session
from penstock.domain.errors import UnknownNameError, did_you_mean
from penstock.domain.results import Result
from penstock.domain.values import StepState

SHOWN_DIGITS = 16


class Explanation(Result):
    """Why a step ran or was reused: the reason in a line, every change, and what its result depends on."""

    run_id: str
    step: str
    state: StepState
    reason: str
    changes: tuple[str, ...]
    undeclared: tuple[str, ...]
    dynamic: tuple[str, ...]
    depends_on: dict[str, tuple[str, ...]]


def explain(session: Session, run_id: str, step: str) -> Explanation:
    """Return why ``step`` ran or did not in the run.

    Raises
    ------
    UnknownNameError
        If there is no such run, or no such step in it.
    """
    record = show_run(session, run_id)
    found = record.step(step)
    if found is None:
        names = [item.report.name for item in record.steps]
        raise UnknownNameError(f"Run {run_id} has no step {step!r}{did_you_mean(step, names)}")
    made_of = found.ingredients
    depends = {}
    if made_of is not None:
        home = made_of.step.partition(":")[0]  # the step's own module is told first
        depends = {
            "parameters": tuple(f"{name} = {item.shown}" for name, item in made_of.params.items()),
            "inputs": tuple(_input(name, digest) for name, digest in made_of.inputs.items()),
            "code": tuple(
                sorted(made_of.code, key=lambda name: (name != made_of.step, not name.startswith(home), name))
            ),
            "files": tuple(made_of.reads),
            "libraries": tuple(f"{name} {version}" for name, version in made_of.libraries.items()),
            "environment": tuple(f"{name}={value}" for name, value in made_of.environment.items()),
        }
    return Explanation(
        run_id=run_id,
        step=step,
        state=found.report.state,
        reason=found.report.reason,
        changes=found.changes,
        undeclared=tuple(f"{item.kind} {item.name}" for item in found.undeclared),
        dynamic=made_of.dynamic if made_of else (),
        depends_on=depends,
    )


def _input(name: str, digest: str) -> str:
    return f"{name} {digest.removeprefix('output:')[:SHOWN_DIGITS]}"
