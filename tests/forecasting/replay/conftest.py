"""A history and a model for the tests of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from penstock.forecasting.knowledge import require_history

if TYPE_CHECKING:
    import polars as pl
    from tests.forecasting.replay.samples import FITTED, fitted_at, history_with_faults

    from penstock.forecasting.forecaster import ForecastModel
else:
    from forecasting.replay.samples import FITTED, fitted_at, history_with_faults


@pytest.fixture(scope="session")
def history() -> pl.DataFrame:
    return require_history(history_with_faults(3))


@pytest.fixture(scope="session")
def model(history: pl.DataFrame) -> ForecastModel:
    """A model that knows the static column, fitted on what was known at ``FITTED``."""
    return fitted_at(history, FITTED)
