"""``penstock reproduce``: execute a run again from its recorded source and data, and compare every digest."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from penstock.app.config.settings import Settings, variable
from penstock.app.runs import show_run
from penstock.app.session import Session
from penstock.app.snapshot import FOLDER, OUTSIDE, restore_snapshot
from penstock.domain.errors import PenstockError, UsageError
from penstock.domain.values import Json
from penstock.engine.records import OutputRef, RunRecord
from penstock.engine.surroundings import PINNED
from penstock.engine.verify import Comparison, compare
from penstock.engine.work import artifact_ref
from penstock.storage.codecs import load
from penstock.storage.datasets import carry, dataset
from penstock.storage.keys import carry_key
from penstock.storage.workspace import Workspace

TAIL_CHARACTERS = 2000
HOME = "workspace"
REPEATABLE = ("run", "replay")
"""Verbs whose result follows from configuration and recorded arguments alone."""


def reproduce(session: Session, run_id: str, *, jobs: int = 1) -> Comparison:
    """Execute ``run_id`` again in a scratch workspace and compare.

    The recorded source, configuration and input files are used, not those of the working tree; the libraries are
    the installed ones, and differences from the recorded ones are listed.

    Raises
    ------
    UnknownNameError
        If there is no such run.
    UsageError
        If the run did not finish well, so that there is nothing to compare with, or was no training.
    PenstockError
        If the repetition failed; the message ends with what it said.
    """
    record = show_run(session, run_id)
    if record.status != "done" or record.source is None:
        raise UsageError(
            f"Run {run_id} is {record.status}: only a run that is done can be reproduced. "
            "`penstock runs list` shows the runs."
        )
    if record.verb not in REPEATABLE:
        raise UsageError(
            f"Run {run_id} was asked to {record.verb}: only trainings and replays can be reproduced. `penstock models list` names "
            "the run that trained each model; reproduce that one."
        )
    with _scratch(session, run_id) as folder:
        source = load(session.store, artifact_ref(record.source))
        if not isinstance(source, bytes):
            raise PenstockError(f"The source of run {run_id} is not an archive.")
        restore_snapshot(source, folder / "source")
        _lay_beside(session, record, folder / "source")
        _carry_dataset(session, record, folder / HOME)
        carry_key(session.workspace, Workspace.open(folder / HOME))
        repeated = _execute(session, record, folder, jobs)
    return compare(record, repeated)


@contextmanager
def _scratch(session: Session, run_id: str) -> Iterator[Path]:
    folder = session.workspace.scratch / f"reproduce-{run_id}-{os.getpid()}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _execute(session: Session, record: RunRecord, folder: Path, jobs: int) -> RunRecord:
    home = folder / HOME
    moved = _moved_inputs(session, record, folder)
    command = [
        *(sys.executable, "-m", "penstock", record.verb, _system(record, folder)),
        *(text for text in record.overrides if text.partition("=")[0].strip() not in moved),
        *(f"{key}={json.dumps(value)}" for key, value in moved.items()),
        *(*record.arguments, "--json", "--quiet", "--jobs", str(jobs)),
    ]
    done = subprocess.run(  # noqa: S603 - ourselves, with recorded arguments
        command,
        cwd=folder / "source" / FOLDER,
        env=_environ(session.environ, folder / "source", home),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise PenstockError(
            f"The repetition of run {record.run_id} failed with exit code {done.returncode}: "
            f"{done.stderr[-TAIL_CHARACTERS:].strip()}"
        )
    repeated = Session.open(home, environ=session.environ, clock=session.clock)
    return show_run(repeated, str(json.loads(done.stdout)["run_id"]))


def _system(record: RunRecord, folder: Path) -> str:
    """Return the folder of the recorded system, or the name of one that ships."""
    found = sorted((folder / "source").glob("*/system.py"))
    return str(found[0].parent) if found else record.system


def _environ(environ: Mapping[str, str], source: Path, home: Path) -> dict[str, str]:
    path = [str(source), str(source / OUTSIDE), environ.get("PYTHONPATH", "")]
    settings = {variable(name) for name in Settings.model_fields}
    kept = {name: value for name, value in environ.items() if name not in settings}
    return {
        **kept,
        **PINNED,
        "PENSTOCK_HOME": str(home),
        "PENSTOCK_TRACKING_URI": "off",
        "PYTHONPATH": os.pathsep.join(filter(None, path)),
    }


def _lay_beside(session: Session, record: RunRecord, source: Path) -> None:
    """Lay the recorded data files that code names where it finds them."""
    (source / FOLDER).mkdir(exist_ok=True)
    for name, ref in sorted(record.beside.items()):
        _lay(session, ref, source / name)


def _carry_dataset(session: Session, record: RunRecord, home: Path) -> None:
    """Put the dataset version that the run learned from into the scratch workspace, under its own name."""
    reference = record.config.get("dataset")
    if not isinstance(reference, str) or not reference:
        return
    version = dataset(session.catalogue, reference)
    carry(version, session.workspace, Workspace.open(home))


def _moved_inputs(session: Session, record: RunRecord, folder: Path) -> dict[str, Json]:
    """Lay the recorded input files beside and return the configuration that points at them."""
    places: dict[str, str] = {}
    for number, (name, ref) in enumerate(sorted(record.inputs.items())):
        place = folder / "inputs" / str(number) / Path(name).name
        _lay(session, ref, place)
        places[name] = str(place)
    leaves = ((key, value, _moved(value, places)) for key, value in _leaves(record.config))
    return {key: moved for key, value, moved in leaves if moved != value}


def _lay(session: Session, ref: OutputRef, place: Path) -> None:
    content = load(session.store, artifact_ref(ref))
    if isinstance(content, Path):
        place.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if content.is_dir() else shutil.copyfile)(content, place)


def _moved(value: Json, places: Mapping[str, str]) -> Json:
    if isinstance(value, list):
        return [_moved(part, places) for part in value]
    return places.get(value, value) if isinstance(value, str) else value


def _leaves(config: Mapping[str, Json], prefix: str = "") -> Iterator[tuple[str, Json]]:
    for key, value in config.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
