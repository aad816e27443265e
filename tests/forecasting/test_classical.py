from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from penstock.domain.errors import DataError, MissingExtraError
from penstock.domain.values import RunId
from penstock.engine.context import StepContext, running
from penstock.forecasting.classical import (
    ClassicalConfig,
    ClassicalForecast,
    forecast_classical,
    require_classical,
)
from penstock.testing.panels import START, random_panel

END = START + timedelta(hours=119)
CUTOFFS = (END, END + timedelta(hours=6))
THETA = ClassicalConfig(kind="auto_theta", season=24, limit_s=60.0)


def a_panel() -> pl.DataFrame:
    """Return a series that ends early, a whole one, one that never moves and one that starts after training."""
    spans = {"early": (0, 123), "flat": (0, 140), "late": (60, 140), "whole": (0, 140)}
    flat = pl.when(pl.col("series") == "flat").then(3.0).otherwise(pl.col("y"))
    return random_panel(spans).with_columns(y=flat)


@pytest.fixture(scope="module")
def forecast() -> ClassicalForecast:
    return forecast_classical(a_panel(), END, CUTOFFS, 18, THETA)


def test_every_series_is_forecast_from_the_cutoffs_at_which_it_is_known(forecast: ClassicalForecast) -> None:
    found = forecast.predictions.group_by("series", maintain_order=True).agg(pl.col("cutoff").n_unique())
    assert dict(found.rows()) == {"early": 1, "flat": 2, "late": 2, "whole": 2}
    assert forecast.predictions["prediction"].is_finite().all()
    assert forecast.fit_seconds > 0
    assert forecast.predict_seconds > 0


def test_it_knows_the_season_and_leaves_what_never_moves(forecast: ClassicalForecast) -> None:
    whole = forecast.predictions.filter(series="whole").drop_nulls("y")
    errors = (whole["prediction"] - whole["y"]).abs().mean()
    naive = (whole["y"] - whole["y"].mean()).abs().mean()
    assert isinstance(errors, float)
    assert isinstance(naive, float)
    assert errors < naive
    assert set(forecast.predictions.filter(series="flat")["prediction"]) == {3.0}


def test_no_value_after_a_cutoff_counts(forecast: ClassicalForecast) -> None:
    later = pl.when(pl.col("time") > CUTOFFS[0]).then(pl.col("y") * 7).otherwise(pl.col("y"))
    again = forecast_classical(a_panel().with_columns(y=later), END, CUTOFFS, 18, THETA).predictions
    first = pl.col("cutoff") == CUTOFFS[0]
    before, after = (each.filter(first)["prediction"].to_numpy() for each in (forecast.predictions, again))
    np.testing.assert_array_equal(before, after)


def test_what_takes_too_long_is_stopped(tmp_path: Path) -> None:
    hasty = ClassicalConfig(kind="auto_arima", season=24, limit_s=0.01)
    context = StepContext(run_id=RunId("run-1"), step="climb", scratch=tmp_path, emit=lambda _: None)
    stopped = pytest.raises(DataError, match=r"auto_arima was stopped after 0.01 s.*raise rung_limit_s")
    with running(context), stopped:
        forecast_classical(a_panel(), END, CUTOFFS, 18, hasty)
    assert context.limits == ["rung_limit_s=0.01"]  # so the engine does not reuse it


def test_a_series_shorter_than_two_seasons_is_named() -> None:
    with pytest.raises(DataError, match=r"short \(40\).*at least 51 rows for the rung auto_theta"):
        forecast_classical(random_panel({"short": (80, 140), "whole": (0, 140)}), END, CUTOFFS, 18, THETA)


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "statsforecast", None)
    require_classical(("drift", "course"))
    with pytest.raises(
        MissingExtraError, match=r"auto_ets need statsforecast: pip install .penstock\[classical\]"
    ):
        require_classical(("drift", "auto_ets"))
