from __future__ import annotations

import logging

import polars as pl
import pytest

from penstock.domain.errors import DataError
from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.training import fit, prepare, resolve
from penstock.testing.loads import load_panel

FEATURES = FeatureConfig(lags=(1, 24), means=(24,), deviations=(), calendar=("hour",), ids=())
SMALL = ModelConfig.model_validate({"n_estimators": 5, "min_child_samples": 5, "targets": "standardise"})


def test_auto_is_worked_out_on_the_training_part(panel: pl.DataFrame) -> None:
    features, model = resolve(panel, FeatureConfig(), ModelConfig())
    assert features.lags == (1, 2, 3, 24, 25, 26, 48, 72, 144, 167, 168)
    assert features.ids == ("area",)
    assert [str(target) for target in model.members] == ["auto/mean24", "auto/lag24", "auto/lag168"]
    _, short = resolve(panel, FeatureConfig(), ModelConfig(), steps=300)
    assert [str(target) for target in short.members] == ["auto/mean24", "auto/lag24"]


def test_a_model_with_automatic_targets_is_resolved(panel: pl.DataFrame) -> None:
    small = SMALL.model_copy(update={"targets": "auto"})
    assert len(fit(panel, FEATURES, small, seed=1, threads=1).members) == 3
    resolved, _ = resolve(panel, FEATURES, small)
    assert len(fit(panel, resolved, small, seed=1, threads=1).members) == 3


def test_a_fitted_model_says_what_it_learned_from(panel: pl.DataFrame) -> None:
    fitted = fit(panel, FEATURES, SMALL, seed=1, threads=1)
    assert fitted.columns == ("hour", "lag1", "lag24", "mean24")
    assert fitted.rows == panel.height - 4 * 24
    assert fitted.series == ("s00", "s01", "s02", "s03")
    assert fitted.fit_seconds > 0
    assert fitted.frequency == "1h"


def test_training_rows_can_be_thinned(panel: pl.DataFrame) -> None:
    features, model = resolve(panel, FEATURES, SMALL)
    prepared = prepare(panel, features, model.members, history=24)
    table, thin = (each.table(model.members[0]) for each in (prepared, prepared.thinned(100, seed=1)))
    assert (len(thin.label), thin.past.shape, thin.known.shape) == (100, (100, 3), (100, 1))
    assert len(set(thin.series.tolist())) == 4
    assert prepared.thinned(10**6, seed=1).table(model.members[0]) is table


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (pl.col("y") * float("nan"), "y is missing, NaN or infinite at 2016 rows"),
        (pl.lit(3.0), r"every series is constant: s00, s01, s02, s03; there is nothing to learn"),
    ],
)
def test_values_that_cannot_be_learned_from(panel: pl.DataFrame, change: pl.Expr, match: str) -> None:
    with pytest.raises(DataError, match=match):
        fit(panel.with_columns(y=change), FEATURES, SMALL, seed=1, threads=1)


def test_a_constant_series_among_others_is_forecast_as_it_is(
    panel: pl.DataFrame, caplog: pytest.LogCaptureFixture
) -> None:
    flat = panel.with_columns(y=pl.when(pl.col("series") == "s02").then(7.0).otherwise("y"))
    with caplog.at_level(logging.INFO, logger="penstock.forecasting.training"):
        fitted = fit(flat, FEATURES, SMALL, seed=1, threads=1)
    assert "1 series never change; they are forecast as they are: s02" in caplog.text
    found = fitted.predict(flat, 5).filter(pl.col("series") == "s02")["prediction"]
    assert ((found - 7.0).abs() < 2.0).all()


def test_too_short_for_the_lags(panel: pl.DataFrame) -> None:
    short = panel.group_by("series").head(24)
    with pytest.raises(
        DataError, match=r"4 series are too short: s00 \(24\).*at least 25 rows for the lags and windows"
    ):
        fit(short, FEATURES, SMALL, seed=1, threads=1)


def test_a_logarithm_of_zero_and_below(panel: pl.DataFrame) -> None:
    negative = panel.with_columns(y=pl.when(pl.col("series") == "s01").then(pl.col("y") - 200).otherwise("y"))
    logarithm = ModelConfig.model_validate(SMALL.model_dump() | {"targets": "log"})
    with pytest.raises(
        DataError, match=r"log needs values above zero; these 1 series have zero or less: s01"
    ):
        fit(negative, FEATURES, logarithm, seed=1, threads=1)
    assert fit(negative, FEATURES, SMALL, seed=1, threads=1).rows > 0


def test_gaps_are_refused_by_name(panel: pl.DataFrame) -> None:
    holes = panel.with_row_index("row").filter(~pl.col("row").is_in([30, 31, 700])).drop("row")
    with pytest.raises(DataError, match="2 series have gaps: s00, s01; fill them first"):
        fit(holes, FEATURES, SMALL, seed=1, threads=1)


def test_series_may_start_and_end_at_different_stamps() -> None:
    whole = load_panel(series=3, steps=200)
    ragged = whole.filter(
        ~((pl.col("series") == "s00") & (pl.col("time").rank("dense") <= 60))
        & ~((pl.col("series") == "s01") & (pl.col("time").rank("dense") > 150))
    )
    fitted = fit(ragged, FEATURES, SMALL, seed=1, threads=1)
    assert fitted.rows == ragged.height - 3 * 24
    ends = ragged.group_by("series").agg(end=pl.col("time").max())
    first = fitted.predict(ragged, 2).filter(pl.col("step") == 1).join(ends, on="series")
    assert ((first["time"] - first["end"]).dt.total_hours() == 1).all()
