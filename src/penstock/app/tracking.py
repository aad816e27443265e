"""The MLflow mirror of a command's runs: it listens, and nothing waits for it longer than it must."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.app.forecast_files import FORECAST_FILE
from penstock.app.session import Session
from penstock.tracking.facts import DatasetNote, RunFacts
from penstock.tracking.settings import tracking_settings
from penstock.tracking.tracker import Tracker

if TYPE_CHECKING:
    from penstock.app.run import RunOutcome
    from penstock.domain.results import ModelRef, SplitFacts
    from penstock.release.registry import Release

CLOSING_TIMEOUT_S = 60.0
SYNC_TIMEOUT_S = 60.0
MIRROR_RELEASE = "release"
MIRROR_ALIASES = "aliases"


def open_tracker(session: Session) -> Tracker:
    """Return the tracker of a workspace; whoever opens it closes it."""
    settings = tracking_settings(session.workspace.tracking, session.environ).with_extensions(
        {
            MIRROR_RELEASE: "penstock.release.mirror:mirror_release",
            MIRROR_ALIASES: "penstock.release.mirror:mirror_aliases",
        }
    )
    return Tracker(settings, environ=session.environ, clock=session.clock)


@contextmanager
def tracked(session: Session) -> Iterator[Tracker]:
    """Open the tracker for the length of a command; a tracker that fails or is away never fails the command."""
    tracker = open_tracker(session)
    try:
        yield tracker
    finally:
        tracker.close(CLOSING_TIMEOUT_S)


def describe(tracker: Tracker, outcome: RunOutcome, session: Session) -> None:
    """Tell the mirror what no event carries: the dataset, final metrics, the report, the release."""
    result, record = outcome.result, outcome.record
    note = _dataset_note(result.dataset, session) if result.dataset else None
    tags = {"mlflow.source.git.commit": record.commit.partition("+")[0]} if record.commit else {}
    tags |= {f"{key}.digest": digest for key, digest in record.config_digests.items()}
    tags |= _split_tags(result.split)
    tracker.describe(result.run_id, RunFacts(dataset=note, metrics=result.metrics, tags=tags))
    # Of a forecast the run's own file: the one at a place of the user's choice may name people.
    own = session.workspace.runs / result.run_id / FORECAST_FILE
    files = {
        "report.html": Path(result.report) if result.report else None,
        FORECAST_FILE: own if own.exists() else None,
    }
    tracker.attach(result.run_id, {name: path for name, path in files.items() if path})
    if result.model:
        tracker.extend(result.run_id, MIRROR_RELEASE, _release_note(result.model, session))


def show_aliases(session: Session, release: Release) -> None:
    """Show in MLflow which aliases that serve stand for a release; a registry that is away is shown them later.

    A run that was never tracked has no journal: MLflow does not know its release, and nothing is shown.
    """
    from penstock.app.models import bundle_folder
    from penstock.release.mirror import aliases_note
    from penstock.release.registry import CANDIDATE, aliases, last_move
    from penstock.tracking.journal import run_ids

    with tracked(session) as tracker:
        if release.run_id not in run_ids(tracker.settings.journals):
            return
        standing = aliases(session.catalogue, release.model)
        moves = [
            move
            for alias, version in sorted(standing.items())
            if alias != CANDIDATE and version == release.version
            for move in [last_move(session.catalogue, release.model, alias)]
            if move is not None
        ]
        note = aliases_note(release, bundle_folder(session, release), moves)
        tracker.extend(release.run_id, MIRROR_ALIASES, note)
        tracker.sync(SYNC_TIMEOUT_S)


def _split_tags(split: SplitFacts | None) -> dict[str, str]:
    if split is None:
        return {}
    parts = {"train": split.train, "test": split.test}
    sizes = {f"split.{name}.rows": str(part.rows) for name, part in parts.items()}
    return sizes | {f"split.{name}.window": f"{part.first} to {part.last}" for name, part in parts.items()}


def _dataset_note(name: str, session: Session) -> DatasetNote:
    from penstock.storage.datasets import dataset

    facts = dataset(session.catalogue, name).facts
    return DatasetNote(
        name=name,
        digest=facts.digest,
        source=facts.source,
        simulated=facts.simulated,
        rows=facts.rows,
        columns=facts.columns,
    )


def _release_note(model: ModelRef, session: Session) -> Mapping[str, object]:
    from penstock.app.models import bundle_folder
    from penstock.release.mirror import release_note
    from penstock.release.registry import last_move, release_of

    release = release_of(session.catalogue, model.name, model.version)
    move = last_move(session.catalogue, model.name, model.alias) if model.alias else None
    return release_note(release, bundle_folder(session, release), move)
