"""Moving the columns that a model knows ahead, to see what its forecasts make of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from penstock.forecasting.known import Known
from penstock.forecasting.table import known_columns

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from penstock.forecasting.forecaster import ForecastModel

KEYS = ("series", "time")
TAKEN = (*KEYS, "step", "prediction")
"""Names that the frames have themselves; the column of ids that is called ``series`` stands there as ``id:series``."""


@dataclass(frozen=True, kw_only=True)
class Given(Known):
    """Known columns that are looked up in ``table`` (``series``, ``time``, the columns) instead of being made."""

    table: pl.DataFrame

    def matrix(self, frame: pl.DataFrame) -> NDArray[np.float32]:
        """Look the columns up for the rows of ``frame``: (rows, columns) float32, NaN where the table has none."""
        import numpy as np
        import polars as pl

        found = frame.select(KEYS).join(self.table, on=KEYS, how="left", maintain_order="left")
        return np.asarray(
            found.select(pl.col(self.names).cast(pl.Float32).fill_null(float("nan"))).to_numpy()
        )


@dataclass(frozen=True)
class Steering:
    """The known columns of a trained model, as they are and as somebody else wants them."""

    model: ForecastModel

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the columns."""
        return tuple(f"id:{name}" if name in TAKEN else name for name in self.model.known.names)

    def values(self, panel: pl.DataFrame) -> pl.DataFrame:
        """Return ``series``, ``time`` and the columns (Float64) at the stamps of ``panel``, sorted so."""
        import numpy as np

        ordered = panel.sort(KEYS)
        matrix = known_columns(ordered, self.model.known, np.ones(ordered.height, dtype=bool))
        return ordered.select(KEYS).with_columns(self._columns(matrix))

    def ahead(self, history: pl.DataFrame, horizon: int) -> pl.DataFrame:
        """Return ``series``, ``time``, ``step`` and the columns at the stamps that follow ``history``."""
        asked = self.model.predict(history, horizon).select(*KEYS, "step")
        origins = self.model.after(history, horizon)
        matrix = origins.known(self.model.known, horizon).of(origins)
        return asked.with_columns(self._columns(matrix.reshape(asked.height, -1)))

    def _columns(self, matrix: NDArray[np.float32]) -> list[pl.Series]:
        import polars as pl

        return [pl.Series(name, matrix[:, at], dtype=pl.Float64) for at, name in enumerate(self.names)]

    def predict(self, history: pl.DataFrame, horizon: int, ahead: pl.DataFrame) -> pl.DataFrame:
        """Predict as the model does, with the columns of ``ahead`` in place of its own."""
        own = self.model.known
        given = Given(
            categories=own.categories,
            transformers=own.transformers,
            names=self.names,
            table=ahead.drop("step"),
        )
        return replace(self.model, known=given).predict(history, horizon)
