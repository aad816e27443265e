"""A user's own CSV or Parquet file as a panel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from penstock.domain.covariates import KNOWN, PAST, covariates_in
from penstock.domain.rows import ColumnRule, RowSchema
from penstock.domain.windows import Window

if TYPE_CHECKING:
    from typing import Self

    import polars as pl

    from penstock.sources.reading.faults import Faults

PANEL_COLUMNS = ("series", "time", "y")


class FileColumns(BaseModel):
    """Which columns of the file play which part.

    ``series`` names one or more columns that together name a series (none: the file holds a single one);
    ``static`` columns are constant within a series. ``time_format`` (chrono syntax, ``%d/%m/%Y %H:%M``) is
    needed only for stamps that are not ISO 8601; ``decimal`` is the decimal sign of numbers in a CSV. ``known_at``
    names the column with the moment at which a row became known, where the file has one. What stands in the
    ``personal`` ones of the series columns is replaced by pseudonyms before anything else looks at it. ``known`` and
    ``past`` columns are covariates (``penstock.domain.covariates``): numbers, or ``true`` and ``false``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    time: str
    target: str
    series: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    time_format: str | None = None
    decimal: Literal[".", ","] = "."
    known_at: str | None = None
    personal: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    past: tuple[str, ...] = ()

    @field_validator("series", "static", "known", "past", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        if value is None:
            return ()
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        doubled = sorted(name for name, count in Counter(self.needed).items() if count > 1)
        if doubled:
            msg = f"columns with more than one part to play: {', '.join(doubled)}; give each of them one"
            raise ValueError(msg)
        taken = sorted(set(self.static) & set(PANEL_COLUMNS))
        if taken:
            msg = f"static columns may not be called {', '.join(taken)}: the panel uses these names; rename them"
            raise ValueError(msg)
        marked = covariates_in(self.static)
        if marked:
            msg = f"static columns may not begin as {', '.join(marked)}: so do covariates in a panel; rename them"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _personal_names_a_series(self) -> Self:
        other = sorted(set(self.personal) - set(self.series))
        if other:
            msg = (
                f"only series columns get pseudonyms, which {', '.join(other)} is not; leave such columns out"
            )
            raise ValueError(msg)
        return self

    @property
    def needed(self) -> tuple[str, ...]:
        """All columns that must be in the file."""
        known = (self.known_at,) if self.known_at else ()
        return (*self.series, self.time, self.target, *self.static, *self.known, *self.past, *known)

    @property
    def covariates(self) -> dict[str, str]:
        """The covariates: the user's names, and those of their columns in a panel."""
        return {KNOWN + name: name for name in self.known} | {PAST + name: name for name in self.past}


def read_panel_file(
    path: Path, columns: FileColumns, timezone: str = "UTC", *, key: bytes | None = None
) -> pl.DataFrame:
    """Read a ``.csv``, ``.csv.gz`` or ``.parquet`` file; nothing is repaired, dropped or filled.

    Parameters
    ----------
    path
        CSV is UTF-8 with a header line; the separator is found among comma, semicolon, tab and bar.
    columns
        Which columns to read; others are ignored.
    timezone
        Zone (IANA name) of stamps that carry none. Stamps with an offset keep their moment. If every stamp is a
        date or a midnight without a zone, they are labels of days and stay midnights in UTC.
    key
        What pseudonyms are made with; needed where columns are personal.

    Returns
    -------
    pl.DataFrame
        ``series`` (String; ``"all"`` without series columns, several joined by ``/``), ``time`` (Datetime us, UTC),
        ``y`` (Float64, null where the cell is empty, ``NA`` or ``NaN``), the static columns (String), the covariates
        (Float64, named such as ``known:price`` and ``past:visitors``) and, if it was named, ``known_at`` (Datetime us,
        UTC); sorted by series and time, rows of equal keys in the order of the file.

    Raises
    ------
    DataError
        With all faults of the file: rows are counted from 1 below the header.
    ConfigError
        If ``timezone`` is unknown.
    UsageError
        If columns are personal and there is no key.
    """
    from penstock.sources.personal import with_pseudonyms
    from penstock.sources.reading.faults import Faults
    from penstock.sources.reading.tables import read_table
    from penstock.sources.reading.times import check_timezone

    check_timezone(timezone)
    faults = Faults(path)
    table = with_pseudonyms(read_table(path, columns.needed, faults), columns.personal, key)
    panel = _panel(table, columns, timezone, faults)
    faults.raise_if_any()
    return panel.sort("series", "time", maintain_order=True)


def _panel(table: pl.DataFrame, columns: FileColumns, timezone: str, faults: Faults) -> pl.DataFrame:
    import polars as pl

    from penstock.sources.reading.faults import SERIES
    from penstock.sources.reading.times import Clock, read_times
    from penstock.sources.reading.values import check_static, read_numbers, read_series, read_text

    series = read_series(table, columns.series, faults)
    clock = Clock(timezone, columns.time_format)
    keyed = table.with_columns(series.alias(SERIES))
    panel = pl.DataFrame(
        [
            series.alias("series"),
            read_times(keyed, columns.time, clock, faults).alias("time"),
            read_numbers(table, columns.target, columns.decimal, faults).alias("y"),
            *(read_text(table, name, "static", faults) for name in columns.static),
            *_covariates(table, columns, faults),
            *(
                read_times(keyed, name, clock, faults).alias("known_at")
                for name in filter(None, (columns.known_at,))
            ),
        ]
    )
    check_static(panel, columns.static, faults)
    return panel


def _covariates(table: pl.DataFrame, columns: FileColumns, faults: Faults) -> list[pl.Series]:
    from penstock.sources.reading.values import read_flags_or_numbers

    return [
        read_flags_or_numbers(table, own, columns.decimal, faults).alias(name)
        for name, own in columns.covariates.items()
    ]


def with_future(
    panel: pl.DataFrame, path: Path, columns: FileColumns, timezone: str = "UTC", *, key: bytes | None = None
) -> pl.DataFrame:
    """Add the rows of a second file, which say what is known ahead, to those of :func:`read_panel_file`.

    Parameters
    ----------
    panel
        What :func:`read_panel_file` returned.
    path
        A file with the same series and time columns and the known covariates. Other columns are not read: a target in
        it is no value of the series.
    columns, timezone, key
        As for :func:`read_panel_file`.

    Returns
    -------
    pl.DataFrame
        The columns of ``panel``, sorted by series and time; in the new rows ``y`` and past covariates are null. Series
        that ``panel`` does not have are left out, and so are stamps up to the last value of a series.

    Raises
    ------
    DataError
        With all faults of the file.
    ConfigError
        No column is known ahead, so there is nothing to read.
    """
    import polars as pl

    from penstock.domain.errors import ConfigError
    from penstock.sources.personal import with_pseudonyms
    from penstock.sources.reading.faults import SERIES, Faults
    from penstock.sources.reading.tables import read_table
    from penstock.sources.reading.times import Clock, read_times
    from penstock.sources.reading.values import read_series

    if not columns.known:
        raise ConfigError(
            f"future={path} holds what is known ahead; name its columns, as in known=[temperature]"
        )
    faults = Faults(path)
    wanted = (*columns.series, columns.time, *columns.known)
    table = with_pseudonyms(read_table(path, wanted, faults), columns.personal, key)
    series = read_series(table, columns.series, faults)
    keyed = table.with_columns(series.alias(SERIES))
    only_known = columns.model_copy(update={"past": ()})
    ahead = pl.DataFrame(
        [
            series.alias("series"),
            read_times(keyed, columns.time, Clock(timezone, columns.time_format), faults).alias("time"),
            *_covariates(table, only_known, faults),
        ]
    )
    faults.raise_if_any()
    valued = panel.filter(pl.col("y").is_not_null())
    ends = valued.group_by("series").agg(pl.col("time").max().alias("__end"), pl.col(columns.static).first())
    rows = ahead.join(ends, on="series", how="inner").filter(pl.col("time") > pl.col("__end")).drop("__end")
    return pl.concat([panel, rows], how="diagonal").sort("series", "time", maintain_order=True)


def with_id_columns(frame: pl.DataFrame, columns: FileColumns) -> pl.DataFrame:
    """Replace ``series`` by the user's own series columns, in front and as text.

    A file without series columns held one series, whose name is dropped.
    """
    import polars as pl

    from penstock.sources.reading.values import JOINT

    rest = pl.exclude("series")
    if len(columns.series) < 2:  # noqa: PLR2004 - one column or none: nothing was joined
        return frame.select(*(pl.col("series").alias(name) for name in columns.series), rest)
    parts = pl.col("series").str.split_exact(JOINT, len(columns.series) - 1)
    return frame.select(
        *(parts.struct.field(f"field_{n}").alias(name) for n, name in enumerate(columns.series)), rest
    )


def panel_schema(name: str, static: Sequence[str], covariates: Sequence[str] = ()) -> RowSchema:
    """Return what the rows of a panel look like, as a source gives them and a table keeps them."""
    return RowSchema(
        name=name,
        columns=(
            ColumnRule(name="time", kind="instant"),
            ColumnRule(name="series", kind="text"),
            ColumnRule(name="y", kind="number", nullable=True),
            *(ColumnRule(name=column, kind="text", nullable=True) for column in static),
            *(ColumnRule(name=column, kind="number", nullable=True) for column in covariates),
        ),
    )


@dataclass(frozen=True, kw_only=True)
class PanelFile:
    """A user's file as a source: it shows what it holds."""

    path: Path
    columns: FileColumns
    timezone: str = "UTC"
    key: bytes | None = field(default=None, repr=False)

    @property
    def schema(self) -> RowSchema:
        """Columns of the rows, without ``known_at``."""
        return panel_schema(self.path.name, self.columns.static, tuple(self.columns.covariates))

    def fetch(self, window: Window) -> pl.DataFrame:
        """Return the rows of ``window`` (end excluded), oldest first.

        Raises
        ------
        DataError
            With all faults of the file.
        """
        import polars as pl

        known = ("known_at",) if self.columns.known_at else ()
        rows = read_panel_file(self.path, self.columns, self.timezone, key=self.key).filter(
            pl.col("time") >= window.start, pl.col("time") < window.end
        )
        return rows.select(*self.schema.names, *known).sort("time", "series", maintain_order=True)

    def span(self) -> Window:
        """Return a window that holds every row; it ends a second after the newest stamp, so that its text shows it."""
        unnamed = self.columns.model_copy(
            update={"series": (), "static": (), "personal": (), "known": (), "past": ()}
        )
        times = read_panel_file(self.path, unnamed, self.timezone)["time"]
        first, last = cast("datetime", times.min()), cast("datetime", times.max())
        return Window(first, last + timedelta(seconds=1))
