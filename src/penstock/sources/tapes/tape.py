"""A tape: a folder with ``tape.yaml``, recorded answers and tables, or the same in memory."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from penstock.domain.errors import DataError, UsageError
from penstock.domain.rows import RowSchema
from penstock.sources.tapes.answers import Recorded, read_recorded, write_recorded
from penstock.sources.tapes.tables import ServiceName, TapeTable, table_of_file, write_rows

if TYPE_CHECKING:
    import polars as pl

FORMAT = 1
FILE = "tape.yaml"
ANSWERS = "answers"


class TableEntry(BaseModel):
    """A table in ``tape.yaml``: the service that filters it so, its columns, its time and its CSV."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    service: ServiceName
    file: str
    time: str
    rows: RowSchema


class TapeLabel(BaseModel):
    """What ``tape.yaml`` says.

    ``base_url`` is the address that was recorded, or whose place the tape takes; ``simulated`` says that no real
    service has ever answered so; ``recorded_at`` is when it was made.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = FORMAT
    name: str
    base_url: str
    recorded_at: datetime
    simulated: bool = False
    note: str = ""
    tables: tuple[TableEntry, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Tape:
    """What a player plays: recorded answers first, in their order, then tables."""

    label: TapeLabel
    answers: Sequence[Recorded] = ()
    tables: Sequence[TapeTable] = ()

    @property
    def described(self) -> str:
        """The tape in a few words, for messages and pages."""
        kind = "simulated" if self.label.simulated else "recorded"
        return f"{self.label.name} ({kind} {self.label.recorded_at:%Y-%m-%d}, for {self.label.base_url})"


def load_tape(folder: Path) -> Tape:
    """Read a tape from its folder.

    Raises
    ------
    UsageError
        If there is no tape.
    DataError
        If it is damaged or of a newer format.
    """
    label = _label(folder)
    answers = [read_recorded(path) for path in sorted((folder / ANSWERS).glob("*.txt"))]
    tables = [
        table_of_file(entry.service, folder / entry.file, entry.rows, entry.time) for entry in label.tables
    ]
    return Tape(label=label, answers=answers, tables=tables)


def save_answers(folder: Path, label: TapeLabel, answers: Sequence[Recorded]) -> None:
    """Write a tape of recorded answers into a new folder; it is there whole or not at all.

    Raises
    ------
    UsageError
        If something is there already.
    """
    with _new(folder) as beside:
        (beside / ANSWERS).mkdir()
        for number, recorded in enumerate(answers, 1):
            write_recorded(beside / ANSWERS / f"{number:04}.txt", recorded)
        _write_label(beside, label)


def save_table(folder: Path, label: TapeLabel, entry: TableEntry, rows: pl.DataFrame) -> None:
    """Write a tape with one table into a new folder; it is there whole or not at all.

    Raises
    ------
    UsageError
        If something is there already.
    """
    with _new(folder) as beside:
        write_rows(beside / entry.file, rows)
        _write_label(beside, label.model_copy(update={"tables": (entry,)}))


def check_new(folder: Path) -> None:
    """Refuse a place where something lies already.

    Raises
    ------
    UsageError
        If it does.
    """
    if folder.exists():
        raise UsageError(f"{folder} is there already; give a new folder, or remove that one first.")


def _label(folder: Path) -> TapeLabel:
    import yaml

    path = folder / FILE
    if not path.is_file():
        raise UsageError(
            f"{folder} is no tape: it has no {FILE}. Make one with `penstock tape record`, or play the embedded one: "
            "`penstock tape serve denmark`."
        )
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        if isinstance(found, dict) and isinstance(found.get("format"), int) and found["format"] > FORMAT:
            raise DataError(
                f"{path}: has format {found['format']}, and this Penstock reads formats up to {FORMAT}; upgrade Penstock."
            )
        return TapeLabel.model_validate(found)
    except (yaml.YAMLError, UnicodeDecodeError, ValidationError) as error:
        raise DataError(f"{path}: is no label of a tape: {error}. Record the tape again.") from error


def _write_label(folder: Path, label: TapeLabel) -> None:
    import yaml

    said = label.model_dump(mode="json", exclude_defaults=True)
    text = yaml.safe_dump({"format": label.format, **said}, sort_keys=False, allow_unicode=True, width=100)
    (folder / FILE).write_text(text, encoding="utf-8")


@contextmanager
def _new(folder: Path) -> Iterator[Path]:
    """Yield a folder beside ``folder`` that takes its place if all goes well."""
    check_new(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        yield beside
        beside.chmod(0o755)  # a temporary folder is closed to others
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
