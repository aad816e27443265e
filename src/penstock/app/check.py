"""``penstock check``: ask a registered model for the declared properties again, on the data of now; nothing is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.app.plan import Planned, configure, pinned_by
from penstock.app.run import RunOptions, RunOutcome, carry_out
from penstock.app.runs import show_run
from penstock.domain.errors import UnknownNameError, UsageError
from penstock.proving.gates import GateVerdict, checks_gate
from penstock.release.registry import Release, resolve

if TYPE_CHECKING:
    from penstock.app.session import Session
    from penstock.domain.events import Listener

VERB = "check"


@dataclass(frozen=True, kw_only=True)
class CheckOptions:
    """What the user asked for.

    Attributes
    ----------
    reference
        ``denmark@candidate`` or ``denmark@v3``.
    overrides
        ``key=value``, in place of those of the run that trained the model.
    system
        A system's name or folder; empty: that of the run which trained the model.
    jobs
        Steps to run at once.
    command
        The words that were typed.
    """

    reference: str
    overrides: tuple[str, ...] = ()
    system: str = ""
    jobs: int = 1
    command: tuple[str, ...] = ()


def check(options: CheckOptions, session: Session, listeners: Sequence[Listener] = ()) -> RunOutcome:
    """Ask a registered model for the properties that its system declares.

    The rows come as for a forecast: from the source or file of the configuration as it is now, or from the version that
    ``dataset=`` names. The verdicts are a run of their own, and change nothing that is registered.

    Raises
    ------
    UnknownNameError
        There is no such release.
    UsageError
        The system has no pipeline that checks.
    PenstockError
        As a run.
    """
    release = resolve(session.catalogue, options.reference)
    system, overrides = _asked(options, release, session)
    planned = _planned(system, overrides, release, session)
    wanted = RunOptions(
        system=system,
        overrides=overrides,
        jobs=options.jobs,
        model=options.reference,
        command=options.command,
        verb=VERB,
    )
    return carry_out(planned, wanted, session, listeners)


def verdict_of(outcome: RunOutcome) -> GateVerdict:
    """Return what the gate says: no asserted check failed, and at least one passed."""
    return checks_gate(outcome.result.checks)


def _asked(options: CheckOptions, release: Release, session: Session) -> tuple[str, tuple[str, ...]]:
    """Return the system, and the configuration that trained the model with what was asked for after it."""
    try:
        record = show_run(session, release.run_id)
    except UnknownNameError:
        return options.system or release.model, options.overrides
    return options.system or record.system, _above(tuple(record.overrides), options.overrides)


def _above(recorded: tuple[str, ...], given: tuple[str, ...]) -> tuple[str, ...]:
    """Return the recorded overrides that nothing given says anew, then what is given: a key may stand there once."""
    keys = [text.partition("=")[0].strip() for text in given]
    kept = [
        text
        for text in recorded
        if not any(f"{text.partition('=')[0].strip()}.".startswith(f"{key}.") for key in keys)
    ]
    return (*kept, *given)


def _planned(system: str, overrides: tuple[str, ...], release: Release, session: Session) -> Planned:
    from penstock.app.models import bundle_folder

    ready = configure(system, overrides, session)
    pipeline = ready.system.check
    if pipeline is None:
        raise UsageError(
            f"System {ready.system.name!r} has no pipeline that checks: give its System a `check`."
        )
    pinned = pinned_by(session, pipeline, ready)
    package = bundle_folder(session, release)
    return ready.planned(pipeline.plan(ready.config.value, package, *pinned), pinned)
