"""The log of a table: Delta Lake's, whose versions are what several processes agree on.

A commit names the version it was made from and fails if another came first: so nothing is ever decided on what is
no longer so. Log entries are never cleaned up, because pinned versions and marks are read from them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.domain.errors import StorageError
from penstock.domain.windows import Window
from penstock.storage.atomic import disk_errors, fsync_dir, fsync_file
from penstock.storage.tables.differences import Look
from penstock.storage.tables.parts import Part, parts_of
from penstock.storage.tables.schema import REVISION, TableSchema, ValueKind

if TYPE_CHECKING:
    from deltalake import DeltaTable, Schema
    from deltalake.transaction import AddAction, RemoveAction

FORMAT = 1
FOLDER = "_delta_log"
_FORMAT_KEY = "penstock.format"
_SCHEMA_KEY = "penstock.schema"
_FACTS = "penstock"
_CHECKPOINT_EVERY = 20
_DELTA_TYPES: dict[ValueKind, str] = {
    "text": "string",
    "number": "double",
    "whole": "long",
    "flag": "boolean",
    "instant": "timestamp",
    "local_time": "timestamp_ntz",
    "date": "date",
}


class ConflictError(Exception):
    """Another writer committed first; what was to be committed must be worked out again."""


@dataclass(frozen=True, kw_only=True)
class Commit:
    """What one commit brings.

    ``look`` is remembered if the source was asked for all of a window; ``checkpoint`` makes later openings fast.
    """

    actions: Sequence[AddAction | RemoveAction]
    mark: str | None = None
    look: Look | None = None
    checkpoint: bool = False


@dataclass(frozen=True, kw_only=True)
class TableLog:
    """The log in ``folder`` at the version that was newest when it was opened, or at an older one."""

    folder: Path
    schema: TableSchema
    id: str
    version: int
    _delta: DeltaTable = field(repr=False, compare=False)

    @property
    def content(self) -> int:
        """Number of the last version that brought rows; versions after it hold the same rows."""
        return max((part.last_sequence for part in self.parts), default=0)

    @cached_property
    def parts(self) -> list[Part]:
        """The files of this version."""
        import polars as pl

        with delta_errors(self.folder):
            actions = pl.DataFrame(self._delta.get_add_actions(flatten=True))
        return [] if actions.is_empty() else parts_of(self.schema, actions)

    def knows(self, mark: str) -> bool:
        """Tell whether an arrival with this mark was appended."""
        with delta_errors(self.folder):
            return self._delta.transaction_version(mark) is not None

    def looks(self) -> list[Look]:
        """Return all complete looks at the source, newest first."""
        with delta_errors(self.folder):
            entries = self._delta.history()
        facts = [entry[_FACTS] for entry in entries if "look" in (entry.get(_FACTS) or {})]
        return [_look(fact["look"]) for fact in facts]

    def commit(self, commit: Commit) -> int:
        """Make the next version and return its number.

        Raises
        ------
        ConflictError
            Another writer has made it.
        StorageError
            The disk is full or refuses the write.
        """
        from deltalake.exceptions import CommitFailedError
        from deltalake.transaction import CommitProperties, PostCommitHookProperties, Transaction

        number = self.version + 1
        properties = CommitProperties(
            custom_metadata={_FACTS: {"look": _look_facts(commit.look)}} if commit.look else None,
            max_commit_retries=0,
            app_transactions=[Transaction(commit.mark, number)] if commit.mark else None,
        )
        try:
            with delta_errors(self.folder):
                self._delta.create_write_transaction(
                    list(commit.actions),
                    "append",
                    self._delta.schema(),
                    [REVISION],
                    commit_properties=properties,
                    post_commithook_properties=PostCommitHookProperties(
                        create_checkpoint=False, cleanup_expired_logs=False
                    ),
                )
        except (CommitFailedError, StorageError) as error:
            if _entry(self.folder, number).exists():
                raise ConflictError(str(error)) from error
            _discard(self.folder, commit)
            if isinstance(error, StorageError):
                raise
            raise StorageError(f"cannot commit version {number} of {self.folder}: {error}") from error
        self._settle(number, checkpoint=commit.checkpoint or number % _CHECKPOINT_EVERY == 0)
        return number

    def _settle(self, number: int, *, checkpoint: bool) -> None:
        fsync_file(_entry(self.folder, number))
        fsync_dir(self.folder / FOLDER)
        if checkpoint:
            # A checkpoint only makes opening faster; the commit stands without it.
            with contextlib.suppress(Exception):
                self._delta.update_incremental()
                self._delta.create_checkpoint()


def create_log(folder: Path, schema: TableSchema) -> None:
    """Make an empty table in ``folder``; one that is there already is left alone."""
    from deltalake import DeltaTable
    from deltalake.transaction import CommitProperties

    with delta_errors(folder):
        DeltaTable.create(
            folder,
            _delta_schema(schema),
            mode="ignore",
            partition_by=[REVISION],
            name=schema.name,
            configuration={
                "delta.appendOnly": "true",
                "delta.enableExpiredLogCleanup": "false",
                "delta.logRetentionDuration": "interval 36500 days",
                _FORMAT_KEY: str(FORMAT),
                _SCHEMA_KEY: schema.model_dump_json(),
            },
            commit_properties=CommitProperties(max_commit_retries=0),
            raise_if_key_not_exists=False,
        )
        fsync_file(_entry(folder, 0))
        fsync_dir(folder / FOLDER)


def open_log(folder: Path, version: int | None = None) -> TableLog:
    """Open the log in ``folder`` at ``version``, by default the newest.

    Raises
    ------
    StorageError
        What lies there is no table, not one of Penstock, one of a newer Penstock, or damaged.
    """
    from deltalake import DeltaTable

    with delta_errors(folder):
        delta = DeltaTable(folder, version=version)
        facts = delta.metadata()
    _check_format(folder, facts.configuration)
    return TableLog(
        folder=folder,
        schema=_schema(folder, facts.configuration),
        id=str(facts.id),
        version=delta.version(),
        _delta=delta,
    )


def has_log(folder: Path) -> bool:
    """Tell whether ``folder`` holds a table, or what is left of one."""
    log = folder / FOLDER
    return log.is_dir() and any(path.suffix in {".json", ".parquet"} for path in log.iterdir())


@contextlib.contextmanager
def delta_errors(folder: Path) -> Iterator[None]:
    """Turn what Delta Lake raises, a failed commit apart, into a ``StorageError`` about ``folder``."""
    from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

    with disk_errors(folder):
        try:
            yield
        except CommitFailedError:
            raise
        except TableNotFoundError as error:
            raise StorageError(
                f"{folder} holds no table or a damaged one: {_short(error)}. Restore it from a copy of the workspace"
            ) from error
        except DeltaError as error:
            raise StorageError(
                f"cannot read the table {folder}: {_short(error)}. It may have been written by a newer program; "
                "upgrade Penstock or restore the table from a copy of the workspace"
            ) from error


def _check_format(folder: Path, configuration: dict[str, str]) -> None:
    found = configuration.get(_FORMAT_KEY)
    if found is None:
        raise StorageError(
            f"{folder} is a Delta table, but none of Penstock: it has no {_FORMAT_KEY}. Move it out of the workspace"
        )
    if not found.isdecimal() or not 1 <= int(found) <= FORMAT:
        raise StorageError(
            f"the table {folder} has format {found}, and this Penstock reads formats 1 to {FORMAT}; upgrade Penstock"
        )


def _schema(folder: Path, configuration: dict[str, str]) -> TableSchema:
    text = configuration.get(_SCHEMA_KEY, "")
    try:
        return TableSchema.model_validate_json(text)
    except ValueError as error:
        raise StorageError(
            f"the table {folder} does not say its schema: {text[:80]!r}. Restore it from a copy of the workspace"
        ) from error


def _delta_schema(schema: TableSchema) -> Schema:
    from deltalake import Field, Schema
    from deltalake.schema import PrimitiveType

    kinds: dict[str, ValueKind] = {schema.time: "instant", **dict.fromkeys(schema.keys, "text")}
    kinds |= {column.name: column.kind for column in schema.values}
    kinds |= {"known_at": "instant", "known_how": "text", "received_at": "instant"}
    kinds |= {"sequence": "whole", "deleted": "flag", REVISION: "flag"}
    nullable = set(schema.value_names)
    return Schema(
        [
            Field(name, PrimitiveType(_DELTA_TYPES[kind]), nullable=name in nullable)
            for name, kind in kinds.items()
        ]
    )


def _discard(folder: Path, commit: Commit) -> None:
    # Only when no version can name these files; what a killed writer leaves is removed by a vacuum.
    from deltalake.transaction import AddAction

    for action in commit.actions:
        if isinstance(action, AddAction):
            (folder / action.path).unlink(missing_ok=True)


def _entry(folder: Path, version: int) -> Path:
    return folder / FOLDER / f"{version:020d}.json"


def _look_facts(look: Look) -> dict[str, str]:
    window = look.window
    moments = {"start": window.start, "end": window.end, "received_at": look.received_at}
    return {name: moment.isoformat() for name, moment in moments.items()}


def _look(facts: dict[str, Any]) -> Look:
    moments = {name: datetime.fromisoformat(text) for name, text in facts.items()}
    return Look(Window(moments["start"], moments["end"]), moments["received_at"])


def _short(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
