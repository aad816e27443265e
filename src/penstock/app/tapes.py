"""``penstock tape``: play recorded or simulated answers of a service on this machine, and record new ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.app.session import Session
from penstock.domain.errors import UsageError
from penstock.domain.results import Result

if TYPE_CHECKING:
    from penstock.domain.windows import Window
    from penstock.sources.http.access import Progress
    from penstock.sources.tapes.player import TapePlayer
    from penstock.sources.tapes.tape import Tape

EMBEDDED = "denmark"
"""Name of the tape that the Danish simulator fills; every other tape is a folder."""


class ServedTape(Result):
    """A tape that is being played, and where."""

    tape: str
    url: str
    simulated: bool
    datasets: tuple[str, ...]


class RecordedTape(Result):
    """A tape that was recorded: rows and answers on it, for the half-open window from ``start`` to ``end``."""

    folder: str
    dataset: str
    start: str
    end: str
    rows: int
    answers: int


class FaultLine(Result):
    """A fault of the player: its name, its usual moment and argument, and what happens."""

    fault: str
    when: str
    argument: str
    meaning: str


@dataclass(frozen=True, kw_only=True)
class RecordOptions:
    """What to record: a data set, a window, the new folder, and another address of the service, if any."""

    dataset: str
    window: Window
    folder: Path
    base_url: str | None = None


def open_tape(name: str) -> Tape:
    """Return the tape that ``name`` means: the embedded one, or that in a folder.

    Raises
    ------
    UsageError
        If there is none.
    DataError
        If it is damaged.
    """
    from penstock.sources.tapes.simulated import denmark_tape
    from penstock.sources.tapes.tape import load_tape

    folder = Path(name)
    return denmark_tape() if name == EMBEDDED and not folder.is_dir() else load_tape(folder)


def serve(name: str, *, port: int = 0, faults: Sequence[str] = (), file: Path | None = None) -> TapePlayer:
    """Start to play a tape; close the player that is returned.

    Parameters
    ----------
    name
        ``denmark`` or the folder of a tape.
    port
        Where to listen on this machine; 0 takes any that is free.
    faults
        Faults as :func:`~penstock.sources.tapes.faults.parse_fault` reads them; the first that strikes a request counts.
    file
        YAML file with further faults.

    Raises
    ------
    UsageError
        If there is no such tape or fault, or the port is taken.
    """
    from penstock.sources.tapes.faults import load_faults, parse_fault
    from penstock.sources.tapes.player import TapePlayer

    wanted = [parse_fault(fault) for fault in faults]
    listed = load_faults(file) if file is not None else []
    return TapePlayer(open_tape(name), [*wanted, *listed], port=port).start()


def served(player: TapePlayer) -> ServedTape:
    """Return what a player plays."""
    tape = player.tape
    asked = {recorded.request.path for recorded in tape.answers}
    names = sorted({table.dataset for table in tape.tables} | asked)
    return ServedTape(
        tape=tape.described, url=player.url, simulated=tape.label.simulated, datasets=tuple(names)
    )


def list_faults() -> list[FaultLine]:
    """Return everything that a player can do wrong."""
    from penstock.sources.tapes.faults import MEANING

    return [
        FaultLine(fault=kind.value, when=when, argument=argument, meaning=meaning)
        for kind, (when, argument, meaning) in MEANING.items()
    ]


def record_tape(
    options: RecordOptions, session: Session, tell: Callable[[Progress], None] | None = None
) -> RecordedTape:
    """Fetch a window and write the answers into a new folder; the rate of the service is kept.

    Raises
    ------
    UsageError
        If the data set is unknown, the window empty, or the folder there already.
    ServiceError, DataError
        If the service is away or answers what cannot be used; nothing is written then.
    """
    from penstock.sources.http.access import Access
    from penstock.sources.named import named_source
    from penstock.sources.tapes.recorder import record
    from penstock.sources.tapes.tape import TapeLabel, load_tape

    if not options.window.length:
        raise UsageError(f"The window {options.window} is empty; give an end that is later than the start.")
    source = named_source(options.dataset)
    base_url = options.base_url or source.base_url
    access = Access(
        clock=session.clock,
        environ=session.environ,
        stamps=session.workspace.locks / "requests",
        tell=tell or _silent,
    )
    label = TapeLabel(name=options.folder.name, base_url=base_url, recorded_at=session.clock())
    rows = record(lambda lent: source.connect(base_url, lent), access, options.window, options.folder, label)
    return RecordedTape(
        folder=str(options.folder),
        dataset=options.dataset,
        start=options.window.start.isoformat(),
        end=options.window.end.isoformat(),
        rows=rows.height,
        answers=len(load_tape(options.folder).answers),
    )


def _silent(progress: Progress) -> None:
    del progress
