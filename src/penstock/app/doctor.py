"""``penstock doctor``: whether Penstock can work here."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Literal

from penstock.app.config.settings import load_settings, variable
from penstock.app.session import Session
from penstock.app.systems import find_system, system_names
from penstock.domain.errors import ArtifactCorruptError, PenstockError
from penstock.domain.results import Result
from penstock.engine.surroundings import PINNED

IDLE_SETTINGS = ("store_url", "database_url")
"""Settings for teams that nothing reads yet."""

Verdict = Literal["fine", "note", "broken"]
LOW_DISK_BYTES = 2 * 2**30
SUPPORTED = ((3, 11), (3, 14))
LIBRARIES = (
    ("polars",),
    ("lightgbm",),
    ("mlforecast",),
    ("mlflow", "mlflow-skinny"),
    ("optuna",),
    ("pydantic",),
)
"""Each under the names of the distributions that bring it; one of them is enough."""


class Finding(Result):
    """One thing that was looked at."""

    subject: str
    verdict: Verdict
    detail: str


def diagnose() -> list[Finding]:
    """Look at interpreter, libraries, systems, settings, workspace, catalogue, artifacts and disk."""
    findings = [_python(), *_libraries(), *_systems(), _variables()]
    try:
        findings.append(_settings())
        session = Session.open()
    except PenstockError as error:
        return [*findings, Finding(subject="workspace", verdict="broken", detail=str(error))]
    return [*findings, *(look(session) for look in _LOOKS)]


def _python() -> Finding:
    low, high = SUPPORTED
    fine = low <= sys.version_info[:2] < high
    allowed = f"3.{low[1]} … 3.{high[1] - 1}"
    detail = f"{platform.python_version()} on {platform.system()} {platform.machine()}; supported: {allowed}"
    return Finding(subject="python", verdict="fine" if fine else "broken", detail=detail)


def _libraries() -> Iterator[Finding]:
    for names in LIBRARIES:
        found = next((version for version in map(installed, names) if version), None)
        detail = found or "not installed: pip install penstock"
        yield Finding(subject=names[0], verdict="fine" if found else "broken", detail=detail)


def installed(name: str) -> str | None:
    """Return the version of a distribution, ``None`` if it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _systems() -> Iterator[Finding]:
    for name in system_names():
        try:
            yield Finding(subject=f"system {name}", verdict="fine", detail=find_system(name).title)
        except Exception as error:  # noqa: BLE001 - a plug-in may raise anything
            yield Finding(
                subject=f"system {name}", verdict="broken", detail=f"{type(error).__name__}: {error}"
            )


def _variables() -> Finding:
    missing = [f"{name}={value}" for name, value in PINNED.items() if os.environ.get(name) != value]
    detail = f"`penstock run` sets {', '.join(missing)} by itself" if missing else "all pinned"
    return Finding(subject="environment", verdict="note" if missing else "fine", detail=detail)


def _settings() -> Finding:
    loaded = load_settings(os.environ, Path.cwd())
    idle = [
        f"{variable(name)} is set, and this version keeps everything in the workspace"
        for name in IDLE_SETTINGS
        if getattr(loaded.value, name) is not None
    ]
    found = "; ".join((*loaded.unknown, *idle))
    return Finding(subject="settings", verdict="note" if found else "fine", detail=found or "all are read")


def _workspace(session: Session) -> Finding:
    return Finding(subject="workspace", verdict="fine", detail=str(session.workspace.root))


def _catalogue(session: Session) -> Finding:
    counted = session.catalogue.rebuild()
    return Finding(subject="catalogue", verdict="fine", detail=f"rebuilt from {counted} manifests")


def _artifacts(session: Session) -> Finding:
    damaged, counted = 0, 0
    for item in session.store.entries():
        counted += 1
        try:
            session.store.get(item.digest)
        except ArtifactCorruptError:
            damaged += 1
    if damaged:
        detail = f"{damaged} of {counted} damaged and moved aside; the steps that made them will run again"
        return Finding(subject="artifacts", verdict="note", detail=detail)
    return Finding(subject="artifacts", verdict="fine", detail=f"{counted}, all intact")


def _disk(session: Session) -> Finding:
    free = shutil.disk_usage(session.workspace.root).free
    low = free < LOW_DISK_BYTES
    detail = f"{free / 2**30:.1f} GB free" + ("; `penstock cache gc` makes room" if low else "")
    return Finding(subject="disk", verdict="note" if low else "fine", detail=detail)


_LOOKS: tuple[Callable[[Session], Finding], ...] = (_workspace, _catalogue, _artifacts, _disk)
