"""What every source of raw rows can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import polars as pl

    from penstock.domain.rows import RowSchema
    from penstock.domain.windows import Window


class Source(Protocol):
    """Gives raw rows, exactly as the outside world calls and types them.

    Fetching is idempotent: the same window at the same state of the world gives the same rows in the same order.
    """

    @property
    def schema(self) -> RowSchema:
        """Columns that :meth:`fetch` returns."""

    def fetch(self, window: Window) -> pl.DataFrame:
        """Return every row known whose time lies in ``window`` (end excluded), oldest first.

        A window without rows gives an empty frame with the columns of :attr:`schema`. A window is answered
        whole or not at all.
        """
