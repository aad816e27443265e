"""What every transformer of the entry-point group ``penstock.transformers`` must keep to, as tests to subclass."""

# ruff: noqa: S101 - assertions are what a contract suite is made of

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from penstock.forecasting.transformers import Transformer, freeze, thaw
from penstock.testing.panels import random_panel

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.metadata import EntryPoint

    import polars as pl


class TransformerContract:
    """Tests that every transformer passes; subclass, and say which one."""

    name = ""
    """Name it is registered by."""

    def transformer(self) -> Transformer:
        """Return a new transformer, not fitted."""
        raise NotImplementedError

    def points(self) -> Iterable[EntryPoint] | None:
        """Return the entry points it is found by; ``None`` for those installed."""
        return None

    def stamps(self) -> pl.DataFrame:
        """Return ``series``, ``time`` and statics, as a transformer sees them in training and after."""
        return random_panel({"a": (0, 200), "b": (30, 160)}).drop("y")

    def test_clone_has_the_same_parameters(self) -> None:
        """scikit-learn can copy it without what it learned."""
        from sklearn.base import clone

        made = self.transformer().fit(self.stamps())
        assert clone(made).get_params() == made.get_params()

    def test_parameters_can_be_set(self) -> None:
        """Setting what was read changes nothing; an unknown name is an error."""
        made = self.transformer()
        assert made.set_params(**made.get_params()) is made
        with pytest.raises((LookupError, ValueError)):
            made.set_params(no_such_parameter=1)

    def test_fit_returns_the_transformer(self) -> None:
        """``fit`` may be chained."""
        made = self.transformer()
        assert made.fit(self.stamps()) is made

    def test_columns_are_those_promised(self) -> None:
        """Names and order are promised before, and every value is a number."""
        made = self.transformer().fit(self.stamps())
        columns = made.transform(self.stamps())
        assert columns.columns == made.get_feature_names_out()
        assert columns.height == self.stamps().height or not columns.columns
        assert all(column.dtype.is_numeric() and column.null_count() == 0 for column in columns)

    def test_the_same_rows_give_the_same_columns(self) -> None:
        """It is pure: it draws nothing, counts no calls, and leaves its input as it was."""
        stamps = self.stamps()
        made = self.transformer().fit(stamps)
        assert made.transform(stamps).equals(made.transform(stamps))
        assert self.transformer().fit(stamps).transform(stamps).equals(made.transform(stamps))
        assert stamps.equals(self.stamps())

    def test_no_row_sees_another(self) -> None:
        """Without the later rows, and in another order, each row gets the same columns: nothing leaks back."""
        stamps = self.stamps()
        made = self.transformer().fit(stamps)
        whole = made.transform(stamps)
        assert made.transform(stamps.head(50)).equals(whole.head(50))
        assert made.transform(stamps.reverse()).equals(whole.reverse())

    def test_columns_in_another_order_change_nothing(self) -> None:
        """It finds its columns by name."""
        stamps = self.stamps()
        turned = stamps.select(reversed(stamps.columns))
        made = self.transformer().fit(stamps)
        assert made.transform(turned).equals(made.transform(stamps))

    def test_it_survives_a_neutral_file(self) -> None:
        """What it learned can be written as plain values and read again."""
        made = self.transformer().fit(self.stamps())
        again = thaw(freeze(self.name, made), self.points())
        assert again.transform(self.stamps()).equals(made.transform(self.stamps()))
