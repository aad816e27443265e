"""``penstock models promote | rollback | history | diff``: moving the aliases that serve, by evidence only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from pydantic import Field, JsonValue

from penstock.app.promotion_gates import (
    CHAMPION,
    PromotionGate,
    RollbackGate,
    policy_of,
    report_of,
    training_run,
    version_before,
)
from penstock.app.run import user_name
from penstock.app.session import Session
from penstock.app.tracking import show_aliases
from penstock.domain.errors import UnknownNameError, UsageError, did_you_mean
from penstock.domain.results import Result
from penstock.release.gates import Finding, Gate
from penstock.release.registry import (
    CANDIDATE,
    AliasMove,
    AliasRequest,
    Release,
    history,
    last_move,
    release_of,
    releases,
    resolve,
    set_alias,
)
from penstock.storage.locks import FileLock

if TYPE_CHECKING:
    from penstock.engine.records import RunRecord

DEFAULT = "default"
WAIT_S = 600.0


class Move(Result):
    """One move of an alias. ``gate`` and ``findings`` say what it had to pass; ``candidate`` has no gate."""

    model: str
    alias: str
    version: int
    previous: int | None
    moved_at: datetime
    who: str
    why: str
    gate: str | None = None
    findings: tuple[Finding, ...] = ()
    evidence: dict[str, JsonValue] = Field(default_factory=dict)

    @property
    def before(self) -> str:
        """Where the alias stood before."""
        return "none" if self.previous is None else f"v{self.previous}"


class Moved(Move):
    """What came of a wish to move an alias; ``changed`` is false where it stood there already."""

    changed: bool


@dataclass(frozen=True, kw_only=True)
class PromoteOptions:
    """What the user asked for.

    Attributes
    ----------
    reference
        The release: ``denmark@v3`` or ``denmark@candidate``.
    alias
        The alias that shall stand for it; any but ``candidate``.
    why
        The reason, for the history.
    acknowledged
        Whether the user says that the report was read.
    """

    reference: str
    alias: str = CHAMPION
    why: str = ""
    acknowledged: bool = False


@dataclass(frozen=True, kw_only=True)
class RollbackOptions:
    """What the user asked for.

    Attributes
    ----------
    model
        Name of the model.
    alias
        The alias that shall go back.
    version
        To which version, ``v2``; empty: to the one before.
    at
        To the one that the alias stood for at this moment, aware of its zone.
    why
        The reason, for the history.
    """

    model: str
    alias: str = CHAMPION
    version: str = ""
    at: datetime | None = None
    why: str = ""


def promote(options: PromoteOptions, session: Session) -> Moved:
    """Let an alias that serves stand for a release, if its evidence passes every gate.

    Raises
    ------
    UnknownNameError
        There is no such release.
    UsageError
        The alias is ``candidate``, or cannot be one.
    GateError
        A gate refuses; the message names each with its number and threshold.
    """
    release = resolve(session.catalogue, options.reference)
    if options.alias == CANDIDATE:
        raise UsageError(
            f"{CANDIDATE!r} stands for the newest training and serves nobody; name an alias that serves, such as "
            f"--to {CHAMPION}"
        )
    with _alone(session, release.model):
        standing = _standing(session, release, options.alias)
        if standing is not None:
            return standing
        record = training_run(session, release)
        wish = AliasRequest(
            model=release.model,
            version=release.version,
            alias=options.alias,
            who=user_name(session.environ),
            why=options.why or f"passed its gates on the evidence of run {record.run_id}",
            evidence=_evidence(session, record, acknowledged=options.acknowledged),
        )
        gate = PromotionGate(session=session, record=record, acknowledged=options.acknowledged)
        moved = _moved(session, wish, gate)
    show_aliases(session, release)
    return moved


def rollback(options: RollbackOptions, session: Session) -> Moved:
    """Let an alias stand again for a release that it stood for before.

    Raises
    ------
    UnknownNameError
        There is no such model or version, or nothing to go back to.
    UsageError
        Both a version and a moment are given.
    GateError
        The alias has never stood for that version.
    """
    _moves(session, options.model)  # an unknown model is told before a lock is made in its name
    with _alone(session, options.model):
        version, how = _wanted(session, options)
        release = release_of(session.catalogue, options.model, version)
        standing = _standing(session, release, options.alias)
        if standing is not None:
            return standing
        wish = AliasRequest(
            model=options.model,
            version=version,
            alias=options.alias,
            who=user_name(session.environ),
            why=options.why or f"rolled back to {how}",
            evidence={"rolled back to": how},
        )
        gate = RollbackGate(session=session, moves=_moves(session, options.model))
        moved = _moved(session, wish, gate)
    show_aliases(session, release)
    return moved


def move_history(session: Session, model: str, alias: str | None = None) -> list[Move]:
    """Return every move of the aliases of a model, or of one of them, newest first.

    Raises
    ------
    UnknownNameError
        There is no such model, or it has no such alias.
    """
    moves = _moves(session, model)
    known = {move.alias for move in moves}
    if alias is not None and alias not in known:
        raise UnknownNameError(f"{model!r} has no alias {alias!r}{did_you_mean(alias, known)}")
    return [Move(**_told(move)) for move in moves if alias in (None, move.alias)]


def moment_of(text: str, found: datetime) -> datetime:
    """Return the moment that ``text`` means, which was read as ``found``: a date alone means its last one."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return found
    return found.replace(hour=23, minute=59, second=59, microsecond=999_999)


def _moves(session: Session, model: str) -> list[AliasMove]:
    moves = history(session.catalogue, model)
    if not moves and not releases(session.catalogue, model):
        known = {release.model for release in releases(session.catalogue)}
        raise UnknownNameError(f"There is no model {model!r}{did_you_mean(model, known)}")
    return moves


def _wanted(session: Session, options: RollbackOptions) -> tuple[int, str]:
    """Return the version to go back to, and how it was found."""
    if options.version and options.at:
        raise UsageError(
            "Both --to and --at were given; a version and a moment may mean two releases. Give one."
        )
    if options.version:
        found = resolve(session.catalogue, f"{options.model}@{options.version}")
        return found.version, f"v{found.version}"
    if options.at is None:
        before = version_before(session, options.model, options.alias)
        return before, f"v{before}, which served before"
    moves = [move for move in history(session.catalogue, options.model) if move.alias == options.alias]
    at = next((move for move in moves if move.moved_at <= options.at), None)
    if at is None:
        first = f"; its first move was {moves[-1].moved_at:%Y-%m-%d %H:%M} UTC" if moves else ""
        raise UnknownNameError(
            f"{options.alias!r} of {options.model!r} stood for nothing at {options.at:%Y-%m-%d %H:%M} UTC{first}"
        )
    return at.version, f"v{at.version}, which served at {options.at:%Y-%m-%d %H:%M} UTC"


def _evidence(session: Session, record: RunRecord, *, acknowledged: bool) -> dict[str, JsonValue]:
    """Return what the history keeps beside the verdict; ``policy_from`` names what no default decided."""
    origins = {key: origin for key, origin in record.origins.items() if key.startswith("promotion.")}
    report = report_of(session, record.run_id)
    return {
        "run": record.run_id,
        "report": session.workspace.relative(report) if report else None,
        "acknowledged": acknowledged,
        "policy": policy_of(record).model_dump(mode="json"),
        "policy_from": {key: origin for key, origin in sorted(origins.items()) if origin != DEFAULT},
    }


def _moved(session: Session, wish: AliasRequest, gate: Gate) -> Moved:
    gates: Mapping[str, Gate] = {wish.alias: gate}
    move = set_alias(session.catalogue, wish, now=session.clock(), gates=gates)
    return Moved(**_told(move), changed=True)


def _standing(session: Session, release: Release, alias: str) -> Moved | None:
    """Return the move by which the alias stands for the release already, if it does."""
    last = last_move(session.catalogue, release.model, alias)
    if last is None or last.version != release.version:
        return None
    return Moved(**_told(last), changed=False)


@contextmanager
def _alone(session: Session, model: str) -> Iterator[None]:
    """Judge and move as one: between the two, nobody else may put another release in the champion's place."""
    lock = FileLock(session.workspace.locks / f"promote-{model}.lock")
    lock.acquire(WAIT_S)
    try:
        yield
    finally:
        lock.release()


def _told(move: AliasMove) -> dict[str, Any]:
    verdict = move.verdict
    return {
        **{
            name: getattr(move, name)
            for name in ("model", "alias", "version", "previous", "moved_at", "who", "why", "evidence")
        },
        "gate": verdict.gate if verdict else None,
        "findings": verdict.findings if verdict else (),
    }
