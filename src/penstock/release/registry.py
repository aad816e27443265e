"""Releases and their aliases, kept in our own catalogue; every move of an alias is history."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue

from penstock.domain.errors import GateError, UnknownNameError, UsageError, bounded, did_you_mean
from penstock.domain.values import Digest
from penstock.release.gates import Gate, Verdict
from penstock.storage.artifacts import ArtifactRef
from penstock.storage.catalogue import Catalogue
from penstock.storage.digests import digest_value

CANDIDATE = "candidate"
NO_GATES: Mapping[str, Gate] = MappingProxyType({})
_RELEASE = "release"
_ALIAS = "alias"
_MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_ALIAS_NAME = re.compile(r"(?!v\d+$|latest$)[a-z][a-z0-9_-]{0,62}")
_VERSION = re.compile(r"v?(\d+)")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ReleaseRequest(_Frozen):
    """What is to be registered.

    Attributes
    ----------
    model
        Name of the model: letters, digits, ``_``, ``-`` and ``.``.
    bundle
        Where the artifact store has the bundle; ``digest`` and ``logical`` are those of the bundle itself.
    run_id
        The run that trained it.
    dataset
        Dataset version, like ``denmark@v3``.
    metrics
        Rung → metric → value, from before the refit.
    key
        What, besides the bundle, makes it another release: the digest of its evidence. It must not depend on the run.
    """

    model: str
    bundle: ArtifactRef
    digest: Digest
    logical: Digest
    run_id: str
    dataset: str | None = None
    metrics: dict[str, dict[str, float]] = {}
    evidence: dict[str, JsonValue] = {}
    key: str = ""


class Release(ReleaseRequest):
    """A registered bundle. ``created_at`` is in UTC."""

    version: int
    created_at: datetime

    @property
    def name(self) -> str:
        """Its name with its version, like ``denmark@v3``."""
        return f"{self.model}@v{self.version}"


class AliasRequest(_Frozen):
    """A wish to let ``alias`` stand for a version: by whom, why and on which evidence."""

    model: str
    version: int
    alias: str
    who: str
    why: str
    evidence: dict[str, JsonValue] = {}


class AliasMove(AliasRequest):
    """One entry of an alias's history. ``verdict`` is the gate's, ``None`` where the alias has no gate."""

    moved_at: datetime
    previous: int | None = None
    verdict: Verdict | None = None


def model_name(name: str) -> str:
    """Return ``name`` if a model may be called so.

    Raises
    ------
    ValueError
        Saying what a name may hold.
    """
    if not _MODEL_NAME.fullmatch(name):
        raise ValueError(
            f"{name[:80]!r} cannot name a model; use letters, digits, '_', '-' and '.', at most 100"
        )
    return name


def register(catalogue: Catalogue, request: ReleaseRequest, *, now: datetime) -> Release:
    """Register a bundle under the next version of its model, or return the release it already is.

    Two requests are the same when model, logical digest of the bundle and ``key`` are equal: then the first stays,
    tied to the run that trained it.

    Raises
    ------
    UsageError
        The model's name is not allowed.
    """
    try:
        model_name(request.model)
    except ValueError as error:
        raise UsageError(str(error)) from None
    entry = catalogue.add_numbered(
        _RELEASE,
        lambda number: Release(**_fields(request), version=number, created_at=now),
        scope=request.model,
        now=now,
        same=digest_value([request.logical, request.key]),
    )
    return entry.body


def set_alias(
    catalogue: Catalogue, request: AliasRequest, *, now: datetime, gates: Mapping[str, Gate] = NO_GATES
) -> AliasMove:
    """Let an alias stand for a version. If it does already, nothing is added and the last move is returned.

    Only ``candidate`` is free. Every other alias serves somebody and moves only through its gate in ``gates``;
    without one it does not move at all.

    Raises
    ------
    UnknownNameError
        There is no such model or version.
    UsageError
        The alias's name is not allowed.
    GateError
        The alias serves and its gate refuses, or it has none.
    """
    if not _ALIAS_NAME.fullmatch(request.alias):
        raise UsageError(
            f"{request.alias[:80]!r} cannot name an alias; use small letters, digits, '_' and '-', beginning with "
            "a letter; 'latest' and 'v1', 'v2', … have a meaning of their own"
        )
    release = release_of(catalogue, request.model, request.version)
    last = last_move(catalogue, request.model, request.alias)
    if last is not None and last.version == request.version:
        return last
    serving = None if last is None else release_of(catalogue, request.model, last.version)
    move = AliasMove(
        **_fields(request),
        moved_at=now,
        previous=None if last is None else last.version,
        verdict=None if request.alias == CANDIDATE else _judge(release, request.alias, serving, gates),
    )
    return catalogue.add_numbered(_ALIAS, lambda _: move, scope=request.model, now=now).body


def release_of(catalogue: Catalogue, model: str, version: int) -> Release:
    """Return one release; ``UnknownNameError`` if there is none."""
    entry = catalogue.get(_RELEASE, f"{model}@v{version}", Release)
    if entry is None:
        known = [f"v{release.version}" for release in releases(catalogue, model)]
        rest = f"; {model} has {bounded(known)}" if known else _known_models(catalogue, model)
        raise UnknownNameError(f"There is no release {model}@v{version}{rest}")
    return entry.body


def resolve(catalogue: Catalogue, name: str) -> Release:
    """Return the release that ``denmark@candidate``, ``denmark@v3`` or ``denmark@3`` stands for.

    Raises
    ------
    UnknownNameError
        The model, version or alias does not exist; the message names the nearest.
    UsageError
        The name has no ``@``.
    """
    model, at, label = name.partition("@")
    if not at or not model or not label:
        raise UsageError(
            f"{name!r} names no release; write MODEL@ALIAS or MODEL@vN, such as {model or 'denmark'}@candidate"
        )
    version = _VERSION.fullmatch(label)
    if version:
        return release_of(catalogue, model, int(version[1]))
    known = aliases(catalogue, model)
    if not known:
        raise UnknownNameError(f"{model!r} has no aliases{_known_models(catalogue, model)}")
    if label not in known:
        raise UnknownNameError(f"{model!r} has no alias {label!r}{did_you_mean(label, known)}")
    return release_of(catalogue, model, known[label])


def releases(catalogue: Catalogue, model: str | None = None) -> list[Release]:
    """Return all releases, of one model or of all, newest first."""
    return [entry.body for entry in catalogue.find(_RELEASE, Release, scope=model)]


def history(catalogue: Catalogue, model: str) -> list[AliasMove]:
    """Return every move of the aliases of a model, newest first."""
    return [entry.body for entry in catalogue.find(_ALIAS, AliasMove, scope=model)]


def last_move(catalogue: Catalogue, model: str, alias: str) -> AliasMove | None:
    """Return the move by which an alias stands where it stands; ``None`` where there is no such alias."""
    return next((move for move in history(catalogue, model) if move.alias == alias), None)


def aliases(catalogue: Catalogue, model: str) -> dict[str, int]:
    """Return alias → version as they stand now."""
    return {move.alias: move.version for move in reversed(history(catalogue, model))}


def _judge(release: Release, alias: str, serving: Release | None, gates: Mapping[str, Gate]) -> Verdict:
    if alias not in gates:
        raise GateError(
            f"{release.name} cannot become {alias!r}: an alias that serves is moved by a gate, and none stands "
            f"before {alias!r}. Only {CANDIDATE!r} is free"
        )
    verdict = gates[alias].judge(release, alias, serving)
    if not verdict.passed:
        raise GateError(
            f"{release.name} cannot become {alias!r}: gate {verdict.gate!r} refused: {verdict.refusal()}"
        )
    return verdict


def _known_models(catalogue: Catalogue, model: str) -> str:
    known = {release.model for release in releases(catalogue)}
    return (
        did_you_mean(model, known) if known else "; no model is registered yet, `penstock run` registers one"
    )


def _fields(model: BaseModel) -> dict[str, Any]:
    return {name: getattr(model, name) for name in type(model).model_fields}
