"""The contract of a source: subclass :class:`SourceContract` and say which source and which window."""

# ruff: noqa: S101 - assertions are what a contract suite is made of

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import timedelta
from typing import TYPE_CHECKING

from penstock.domain.windows import Window

if TYPE_CHECKING:
    import polars as pl

    from penstock.sources.protocol import Source


class SourceContract(ABC):
    """What every source keeps; pytest collects the subclass.

    The first ``instant`` column of the schema is the time by which windows are cut.
    """

    @abstractmethod
    def source(self) -> Source:
        """Return the source under test, the same state of the world each time."""

    @abstractmethod
    def window(self) -> Window:
        """Return a window with rows, known for longer than the lag."""

    def test_rows_have_the_columns_of_the_schema_in_order(self) -> None:
        """Code downstream relies on names, not on luck."""
        assert tuple(self._rows().columns) == self.source().schema.names

    def test_window_has_rows_and_all_lie_in_it(self) -> None:
        """The end of a window does not belong to it."""
        times = self._times(self._rows()).to_list()
        assert times
        assert all(time in self.window() for time in times)

    def test_rows_come_oldest_first(self) -> None:
        """Appending window after window keeps a table in order."""
        assert self._times(self._rows()).is_sorted()

    def test_fetching_again_gives_the_same_rows(self) -> None:
        """A retry can never change what is known."""
        assert self._rows().equals(self._rows())

    def test_two_halves_are_the_whole(self) -> None:
        """Half-open windows that meet lose no row and repeat none."""
        import polars as pl

        whole = self.window()
        middle = whole.start + timedelta(seconds=whole.length.total_seconds() // 2)
        halves = (Window(whole.start, middle), Window(middle, whole.end))
        assert pl.concat([self.source().fetch(half) for half in halves]).equals(self._rows())

    def test_empty_window_gives_no_rows_but_all_columns(self) -> None:
        """Nothing to fetch is no error, and has the same shape."""
        start = self.window().start
        nothing = self.source().fetch(Window(start, start))
        assert nothing.is_empty()
        assert nothing.schema == self._rows().schema

    def _rows(self) -> pl.DataFrame:
        return self.source().fetch(self.window())

    def _times(self, rows: pl.DataFrame) -> pl.Series:
        instants = [column.name for column in self.source().schema.columns if column.kind == "instant"]
        return rows[instants[0]]
