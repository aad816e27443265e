"""Personal columns of a user's file: pseudonyms on the way in, real names on the way back to the user."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.domain.errors import UsageError
from penstock.domain.pseudonyms import pseudonym

if TYPE_CHECKING:
    import polars as pl

    from penstock.sources.files import FileColumns


def with_pseudonyms(table: pl.DataFrame, columns: Sequence[str], key: bytes | None) -> pl.DataFrame:
    """Replace every text in ``columns`` by its pseudonym; empty cells stay empty.

    Done before anything else looks at the table, so that no message can name a person.

    Raises
    ------
    UsageError
        If there are such columns and no key.
    """
    import polars as pl

    if not columns:
        return table
    if key is None:
        raise UsageError(
            f"the columns {', '.join(columns)} are personal: they are read inside a run, which has the workspace's key"
        )
    for column in columns:
        text = table[column].cast(pl.String).str.strip_chars()
        names = {name: pseudonym(key, name) for name in text.drop_nulls().unique().sort() if name}
        table = table.with_columns(text.replace(names).alias(column))
    return table


def with_real_names(frame: pl.DataFrame, path: Path, columns: FileColumns, key: bytes) -> pl.DataFrame:
    """Put the names of the file back in place of their pseudonyms.

    Parameters
    ----------
    frame
        Rows in the user's own columns, such as a forecast.
    path, columns
        The file that the names stand in, and which of its columns are personal.
    key
        The key that the pseudonyms were made with; a pseudonym that no name of the file has stays.

    Raises
    ------
    DataError
        If the file cannot be read any more.
    """
    import polars as pl

    from penstock.sources.reading.faults import Faults
    from penstock.sources.reading.tables import read_table

    if not columns.personal:
        return frame
    table = read_table(path, columns.personal, Faults(path))
    for column in columns.personal:
        names = table[column].cast(pl.String).str.strip_chars().drop_nulls().unique().sort()
        back = {pseudonym(key, name): name for name in names if name}
        frame = frame.with_columns(frame[column].replace(back))
    return frame
