"""Make a tape of what a service answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.sources.tapes.answers import Recorded, is_simulated
from penstock.sources.tapes.tape import TapeLabel, save_answers

if TYPE_CHECKING:
    import polars as pl

    from penstock.domain.windows import Window
    from penstock.sources.http.access import Access
    from penstock.sources.http.exchange import Answer, Request
    from penstock.sources.protocol import Source


@dataclass
class Recorder:
    """Keeps requests and answers; hand :meth:`seen` to an :class:`~penstock.sources.http.access.Access`.

    No header of a request is kept, so no credential can be.
    """

    kept: list[Recorded] = field(default_factory=list)

    def seen(self, request: Request, answer: Answer) -> None:
        """Keep one answer."""
        self.kept.append(Recorded(request, answer))


def record(
    connect: Callable[[Access], Source], access: Access, window: Window, folder: Path, label: TapeLabel
) -> pl.DataFrame:
    """Fetch ``window`` from the source that ``connect`` makes, write the answers to ``folder`` and return the rows.

    A tape of a simulated tape is simulated too, whatever ``label`` says.

    Raises
    ------
    UsageError
        If ``folder`` is there already; found out before anything is asked.
    ServiceError, DataError
        Whatever the source raises; nothing is written then.
    """
    from penstock.sources.tapes.tape import check_new

    check_new(folder)
    recorder = Recorder()
    rows = connect(replace(access, seen=recorder.seen)).fetch(window)
    made_up = any(is_simulated(recorded.answer) for recorded in recorder.kept)
    save_answers(folder, label.model_copy(update={"simulated": label.simulated or made_up}), recorder.kept)
    return rows
