"""``penstock data ingest``: land windows of a source in a system's table, and publish what is known now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import computed_field

from penstock.app.plan import configure
from penstock.app.run import RunOptions, carry_out
from penstock.domain.errors import PenstockError, UsageError, ValidationError, bounded
from penstock.domain.events import Event, RunStarted
from penstock.domain.results import Result, RunResult
from penstock.domain.windows import Window
from penstock.engine.execute import Execution
from penstock.quality.banners import raise_banner, show_report
from penstock.quality.report import QualityReport
from penstock.sources.http.access import Access
from penstock.storage.tables.open import tables
from penstock.systems.shared.ingest import INGEST, Landed

if TYPE_CHECKING:
    from penstock.app.session import Session
    from penstock.domain.events import Listener
    from penstock.systems.shared.feed import Feed
    from penstock.systems.shared.system import System


@dataclass(frozen=True, kw_only=True)
class IngestOptions:
    """What the user asked for.

    ``start`` and ``end`` are aware; end is excluded; what is not given is chosen: everything the source shows, or what
    follows the newest row of the table with ``overlap_days`` for revisions. ``as_of`` publishes what was known at a past
    moment. Without ``fetch`` nothing is asked of the source: only a version is published.
    """

    system: str
    overrides: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    as_of: datetime | None = None
    fetch: bool = True
    overlap_days: float = 45.0
    command: tuple[str, ...] = ()


class IngestResult(Result):
    """What was ingested: one entry for each window, the run that did it, and what rules noted of the rows."""

    run: RunResult
    landed: tuple[Landed, ...]
    noted: tuple[str, ...] = ()

    @computed_field  # type: ignore[prop-decorator] # pydantic asks for exactly this order
    @property
    def dataset(self) -> str | None:
        """The published version, such as ``denmark@v3``."""
        return self.run.dataset


def ingest(options: IngestOptions, session: Session, listeners: Sequence[Listener] = ()) -> IngestResult:
    """Fetch, check, append what is new, and publish the result as a dataset version.

    However often, and from however many processes, the same windows are ingested: the table holds each row once.

    Raises
    ------
    UsageError
        The system has no table, ``as_of`` lies in the future, the window is upside down or cannot be guessed.
    ServiceError, DataError, ValidationError
        The source is away, or its rows cannot be kept; nothing of that window is in the table.
    """
    ready = configure(options.system, options.overrides, session)
    feed, config = feed_of(ready.system), ready.config.value
    as_of = _past(options.as_of, session.clock())
    windows = _windows(options, feed, config, session) if options.fetch else ()
    planned = ready.planned(feed.ingest.plan(config, windows, as_of))
    wanted = RunOptions(
        system=options.system, overrides=options.overrides, command=options.command, verb="ingest"
    )
    run_id = _RunId()
    try:
        outcome = carry_out(planned, wanted, session, [run_id, *listeners])
    except PenstockError as error:
        for rule, finding in error.broken if isinstance(error, ValidationError) else ():
            raise_banner(session.catalogue, ready.system.name, rule, finding, now=session.clock())
        _tell_what_landed(error, landed_by(session, run_id.told))
        raise
    report = Execution(record=outcome.record, store=session.store).output("quality")
    noted: tuple[str, ...] = ()
    if isinstance(report, QualityReport):
        show_report(session.catalogue, ready.system.name, report, now=session.clock())
        noted = tuple(map(str, report.noted))
    return IngestResult(run=outcome.result, landed=landed_by(session, outcome.result.run_id), noted=noted)


@dataclass
class _RunId:
    """Hears which run began."""

    told: str = ""

    def on(self, event: Event) -> None:
        """Take note of the run."""
        if isinstance(event, RunStarted):
            self.told = event.run_id


def _tell_what_landed(error: PenstockError, landed: Sequence[Landed]) -> None:
    """Say which rows are in the table although no version was published: each window lands by itself."""
    told = [one.told for one in landed if one.added or one.revised or one.removed]
    if told:
        error.add_note(f"kept in table {landed[0].table!r}, though no version was published: {bounded(told)}")


def landed_by(session: Session, run_id: str) -> tuple[Landed, ...]:
    """Return what one run ingested, oldest window first."""
    entries = reversed(session.catalogue.find(INGEST, Landed))
    return tuple(entry.body for entry in entries if entry.body.ingest_id.partition("/")[0] == run_id)


def feed_of(system: System) -> Feed:
    """Return how observations come into the table of a system.

    Raises
    ------
    UsageError
        It has none.
    """
    if system.feed is None:
        raise UsageError(
            f"System {system.name!r} has no table of observations; give its System a `feed` (docs/data.md says how)."
        )
    return system.feed


def _past(as_of: datetime | None, now: datetime) -> datetime | None:
    if as_of is not None and as_of > now:
        raise UsageError(
            f"as_of {as_of:%Y-%m-%dT%H:%M:%SZ} lies in the future: it is {now:%Y-%m-%dT%H:%M:%SZ}. Nobody knows what will "
            "be known then; give a moment of the past."
        )
    return as_of


def _windows(options: IngestOptions, feed: Feed, config: object, session: Session) -> tuple[Window, ...]:
    access = Access(clock=session.clock, environ=session.environ)
    intake = feed.intake(config, access)
    newest = _newest(session, intake.table.name, intake.table.time)
    start = options.start or (intake.window.start if intake.window else None)
    if options.start is None and newest is not None and intake.window is None:
        start = newest - timedelta(days=options.overlap_days)
    end = options.end or (intake.window.end if intake.window else session.clock())
    if start is None:
        raise UsageError(
            f"Nothing was ingested into table {intake.table.name!r} yet, so it is not clear from when on; give --start, "
            "such as --start 2023-01-01."
        )
    if start >= end:
        raise UsageError(
            f"The window starts at {start:%Y-%m-%dT%H:%MZ} and ends at {end:%Y-%m-%dT%H:%MZ} (excluded); give a --start "
            "before the --end."
        )
    return tuple(intake.parts(Window(start, end)))


def _newest(session: Session, name: str, time: str) -> datetime | None:
    """Return the newest time of a table, if there is one with rows."""
    for table in tables(session.workspace):
        if table.schema.name == name:
            newest = table.read(table.cut(as_of=session.clock()), values=())[time].max()
            return newest if isinstance(newest, datetime) else None
    return None


def moment(text: str, option: str) -> datetime:
    """Read a date or a time; without a zone it is UTC.

    Raises
    ------
    UsageError
        It is neither, or not in UTC's years.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"{option} {text!r} is no time; write a date, 2023-05-01, or a time, 2023-05-01T06:00Z."
        ) from error
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError as error:
        raise UsageError(f"{option} {text!r} is no time in UTC: its years are 1 to 9999.") from error
