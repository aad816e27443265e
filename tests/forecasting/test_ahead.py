"""Covariates on the way from a panel to a forecast."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from penstock.domain.errors import ConfigError, DataError
from penstock.forecasting.ahead import divided, rows_ahead, with_covariates
from penstock.forecasting.features import FeatureConfig, ResolvedFeatures
from penstock.forecasting.forecaster import ForecastModel
from penstock.forecasting.future import forecast_future
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.panel import regularise, static_columns
from penstock.forecasting.steering import Steering
from penstock.forecasting.training import fit, resolve
from penstock.testing.panels import random_panel

HORIZON = 6
FEATURES = FeatureConfig(
    lags=(1, 24), means=(), deviations=(), calendar=(), ids=(), covariate_lags=(2,), covariate_means=(5,)
)
RIDGE = ModelConfig.model_validate({"kind": "linear", "targets": "none", "alpha": 1e-6})


def _panel(spans: dict[str, tuple[int, int]] | None = None) -> pl.DataFrame:
    """Return series that are moved by what they cost now, and by the stock of long ago."""
    panel = random_panel(spans or {"a": (0, 200), "b": (30, 200)})
    chance = np.random.default_rng(3)
    price, stock = chance.normal(size=(2, panel.height))
    moved = pl.Series(price * 3.0) + pl.Series(stock).shift(HORIZON, fill_value=0.0)
    return panel.with_columns(
        (pl.col("y") + moved).alias("y"), pl.Series("known:price", price), pl.Series("past:stock", stock)
    )


PANEL = _panel()
TIMES = PANEL["time"].unique().sort()
CUTOFF = TIMES[-HORIZON - 1]


def _resolved(features: FeatureConfig = FEATURES) -> ResolvedFeatures:
    return resolve(PANEL, features, RIDGE, horizon=HORIZON)[0]


def _model(features: FeatureConfig = FEATURES, model: ModelConfig = RIDGE) -> ForecastModel:
    return fit(PANEL.filter(pl.col("time") <= CUTOFF), _resolved(features), model, seed=1, threads=1)


@pytest.fixture(scope="module")
def model() -> ForecastModel:
    return _model()


def _hidden(panel: pl.DataFrame) -> pl.DataFrame:
    """Return the panel as it stands at the cutoff: afterwards only known covariates are there."""
    later = pl.col("time") > CUTOFF
    return panel.with_columns(
        pl.when(~later).then(pl.col(name)).alias(name) for name in ("y", "past:stock", "area")
    )


def test_covariates_are_no_static_columns() -> None:
    assert static_columns(PANEL) == ("area",)


def test_the_future_stands_in_rows_without_a_value(model: ForecastModel) -> None:
    assert model.columns[:3] == ("price", "price_lag2", "price_mean5")
    assert "stock_lag6" in model.columns
    evaluated = model.predict_origins(PANEL, [CUTOFF], HORIZON)
    served = model.predict(_hidden(PANEL).reverse(), HORIZON)
    assert served["prediction"].to_list() == evaluated["prediction"].to_list()
    errors = evaluated.select((pl.col("y") - pl.col("prediction")).abs().mean().over("series")).to_series()
    blind = _model(FEATURES.model_copy(update={"covariates": ()})).predict_origins(PANEL, [CUTOFF], HORIZON)
    others = blind.select((pl.col("y") - pl.col("prediction")).abs().mean().over("series")).to_series()
    assert errors[0] < 0.5 * others[0]


def test_trees_see_them_too_and_survive_saving(tmp_path: Path) -> None:
    trees = ModelConfig.model_validate({"targets": "auto/lag24", "n_estimators": 10, "min_child_samples": 5})
    model = _model(model=trees)
    model.save(tmp_path)
    assert ForecastModel.load(tmp_path).covariates == model.covariates
    one, other = (each.predict(_hidden(PANEL), HORIZON) for each in (model, ForecastModel.load(tmp_path)))
    assert one.equals(other)


def test_many_origins_are_each_as_if_alone(model: ForecastModel) -> None:
    cutoffs = [TIMES[-40], TIMES[-23], CUTOFF]
    together = model.predict_origins(PANEL, cutoffs, HORIZON)
    alone = pl.concat([model.predict_origins(PANEL, [cutoff], HORIZON) for cutoff in cutoffs])
    assert together.equals(alone.sort("series", "cutoff", "step"))


def test_what_is_missing_for_the_future_is_listed(model: ForecastModel) -> None:
    lost = pl.col("time").is_in(TIMES[-2:].implode()) & (pl.col("series") == "b")
    holes = _hidden(PANEL).with_columns(pl.when(~lost).then(pl.col("known:price")).alias("known:price"))
    with pytest.raises(
        DataError, match=r"price at 2 pairs of series and time: b 2024-01-09T06:00Z, b 2024-01-09T07:00Z"
    ):
        model.predict(holes, HORIZON)
    with pytest.raises(DataError, match=r"price at 12 pairs.* and 6 more; add rows .* future=FILE"):
        model.predict(PANEL.filter(pl.col("time") <= CUTOFF), HORIZON)
    with pytest.raises(
        DataError, match="the covariates price, stock are missing; the model was trained with them"
    ):
        model.predict(PANEL.select("series", "time", "y", "area"), HORIZON)


def test_no_longer_horizon_than_past_covariates_allow(model: ForecastModel) -> None:
    with pytest.raises(ConfigError, match="stock is known 0 steps ahead"):
        model.predict_origins(PANEL, [TIMES[-20]], HORIZON + 1)


def test_past_covariates_after_the_cutoff_and_unknown_ones_move_nothing(model: ForecastModel) -> None:
    later = pl.col("time") > CUTOFF
    other = PANEL.with_columns(
        pl.when(later).then(99.0).otherwise(name).alias(name) for name in ("past:stock", "y")
    )
    before, after = (model.predict_origins(each, [CUTOFF], HORIZON)["prediction"] for each in (PANEL, other))
    assert before.equals(after)


def test_a_series_that_starts_late_or_ends_early_is_forecast_where_it_can_be(model: ForecastModel) -> None:
    panel = _panel({"a": (0, 190), "b": (100, 200)})
    found = model.predict_origins(panel, [TIMES[110], TIMES[188]], HORIZON)
    assert found.group_by("series", "cutoff").len().sort("series", "cutoff").rows() == [
        ("a", TIMES[110], HORIZON),
        ("a", TIMES[188], HORIZON),  # of which one step is scored
        ("b", TIMES[188], HORIZON),
    ]
    assert found.filter(series="a", cutoff=TIMES[188])["y"].null_count() == HORIZON - 1
    assert found["prediction"].is_finite().all()


def test_a_window_before_a_series_begins_is_none_of_its() -> None:
    panel = _panel({"a": (0, 600), "b": (400, 600)})
    model = fit(panel, _resolved(), RIDGE, seed=1, threads=1)
    cutoffs = panel["time"].unique().sort().gather([200, 590]).to_list()
    early, late = (model.predict_origins(panel, [cutoff], HORIZON) for cutoff in cutoffs)
    assert early.select("series", "cutoff").unique().rows() == [("a", cutoffs[0])]
    assert (
        pl.concat([early, late])
        .sort("series", "cutoff", "step")
        .equals(model.predict_origins(panel, cutoffs, HORIZON))
    )


def test_they_can_be_moved_to_see_what_a_forecast_makes_of_them(model: ForecastModel) -> None:
    steering, history = Steering(model), _hidden(PANEL)
    ahead = steering.ahead(history, HORIZON)
    truth = PANEL.filter(pl.col("time") > CUTOFF)["known:price"]
    assert ahead["price"].to_list() == truth.cast(pl.Float32).cast(pl.Float64).to_list()
    as_it_is = steering.predict(history, HORIZON, ahead)
    assert as_it_is.equals(model.predict(history, HORIZON))
    dearer = steering.predict(history, HORIZON, ahead.with_columns(pl.col("price") + 1.0))
    moved = (dearer["prediction"] - as_it_is["prediction"]).to_list()
    assert moved[0] == pytest.approx(3.0, rel=0.1)  # later steps hear of it through the earlier ones, too
    assert min(moved) > 2.0
    assert steering.values(PANEL.reverse()).filter(series="b")["stock_lag6"].tail(
        3
    ).to_list() == pytest.approx(PANEL.filter(series="b")["past:stock"][-9:-6].to_list())


def test_a_line_takes_covariates_as_numbers_however_few_they_are() -> None:
    degrees = np.random.default_rng(4).integers(0, 21, 200).astype(float)
    panel = random_panel({"a": (0, 200)}).with_columns(pl.Series("known:degrees", degrees))
    panel = panel.with_columns(y=100.0 + 10.0 * pl.col("known:degrees"))
    features = FeatureConfig(
        lags=(1,), means=(), deviations=(), calendar=(), ids=(), covariate_lags=(), covariate_means=()
    )
    model = fit(panel, resolve(panel, features, RIDGE, horizon=1)[0], RIDGE, seed=1, threads=1)
    hour = pl.duration(hours=1)
    ahead = panel.tail(1).with_columns(pl.col("time") + hour, y=None).with_columns(**{"known:degrees": 20.5})
    assert model.predict(pl.concat([panel, ahead], how="vertical_relaxed"), 1)[
        "prediction"
    ].to_list() == pytest.approx([305.0], rel=1e-3)


def test_direct_models_see_them_as_well() -> None:
    direct = ModelConfig.model_validate(
        {
            "targets": "auto/lag24",
            "n_estimators": 10,
            "min_child_samples": 5,
            "strategy": "direct",
            "steps": HORIZON,
        }
    )
    model = _model(model=direct)
    evaluated = model.predict_origins(PANEL, [CUTOFF], HORIZON)
    assert model.predict(_hidden(PANEL), HORIZON)["prediction"].equals(evaluated["prediction"])


def test_a_constant_covariate_is_not_given_to_the_model() -> None:
    still = PANEL.with_columns(pl.lit(1.0).alias("known:price"))
    features, _ = resolve(still, FEATURES, RIDGE, horizon=HORIZON)
    assert [each.name for each in features.covariates] == ["past:stock"]


def test_missing_values_of_the_past_are_refused() -> None:
    holes = PANEL.with_columns(
        pl.when(pl.col("time") != TIMES[50]).then(pl.col("known:price")).alias("known:price")
    )
    with pytest.raises(
        DataError, match=r"price has no value at 2 pairs of series and time: a 2024-01-03T02:00Z, b"
    ):
        fit(holes, _resolved(), RIDGE, seed=1, threads=1)


def test_columns_of_one_name_are_refused() -> None:
    panel = PANEL.with_columns(pl.col("known:price").alias("known:lag24"))
    features, _ = resolve(panel, FEATURES, RIDGE, horizon=HORIZON)
    with pytest.raises(ConfigError, match="the columns lag24 of covariates have the names of other columns"):
        fit(panel, features, RIDGE, seed=1, threads=1)


def test_covariates_are_told_apart_in_any_script(tmp_path: Path) -> None:
    panel = PANEL.rename({"known:price": "known:温度", "past:stock": "known:湿度"})
    trees = ModelConfig.model_validate({"targets": "none", "n_estimators": 3, "min_child_samples": 5})
    features, trees = resolve(panel, FEATURES, trees, horizon=HORIZON)
    model = fit(panel, features, trees, seed=1, threads=1)
    model.save(tmp_path / "model")
    loaded = ForecastModel.load(tmp_path / "model")
    assert loaded.columns == model.columns
    assert {"温度", "湿度"} < set(loaded.columns)
    assert loaded.predict_origins(panel, [CUTOFF], HORIZON).equals(
        model.predict_origins(panel, [CUTOFF], HORIZON)
    )


def test_only_rows_after_the_last_value_are_ahead() -> None:
    gap = PANEL.with_columns(pl.when(pl.col("time") != TIMES[50]).then(pl.col("y")).alias("y"))
    panel, ahead = divided(_hidden(gap))
    assert ahead["time"].unique().sort().to_list() == TIMES[-HORIZON:].to_list()
    assert panel["y"].null_count() == 2  # the gap stays, to be refused
    bare = PANEL.select("series", "time", "y")
    assert divided(bare)[0] is bare


def test_a_series_without_any_value_is_refused_by_name(model: ForecastModel) -> None:
    hidden = _hidden(PANEL).with_columns(y=pl.when(pl.col("series") != "b").then(pl.col("y")))
    with pytest.raises(
        DataError, match="1 series have no value at all: b; give their past, or leave them out"
    ):
        model.predict(hidden, HORIZON)


def test_what_stood_beside_a_gap_is_known() -> None:
    gap = PANEL.with_columns(pl.when(pl.col("time") != TIMES[50]).then(pl.col("y")).alias("y"))
    filled, count = regularise(gap, "1h", max_gap=3)
    assert count == 2
    assert with_covariates(filled, gap).drop("y").equals(PANEL.select(filled.columns).drop("y"))


class TestRowsAhead:
    PAST = PANEL.filter(pl.col("time") <= CUTOFF)

    def test_they_hold_what_is_known_and_nothing_else(self) -> None:
        found = rows_ahead(_hidden(PANEL), self.PAST, HORIZON)
        assert found.columns == PANEL.columns
        assert (
            found["known:price"].to_list() == PANEL.filter(pl.col("time") > CUTOFF)["known:price"].to_list()
        )
        assert found["y"].null_count() == found["past:stock"].null_count() == found.height == 2 * HORIZON

    def test_rows_that_say_nothing_do_not_count(self) -> None:
        empty = _hidden(PANEL).with_columns(pl.lit(None, dtype=pl.Float64).alias("known:price"))
        found = rows_ahead(pl.concat([empty, _hidden(PANEL)]), self.PAST, HORIZON)
        assert found.equals(rows_ahead(_hidden(PANEL), self.PAST, HORIZON))

    def test_nothing_at_all_is_no_row(self) -> None:
        assert rows_ahead(self.PAST, self.PAST, HORIZON).is_empty()
        assert rows_ahead(_hidden(PANEL), self.PAST, HORIZON, ()).is_empty()

    def test_a_part_is_refused(self) -> None:
        some = _hidden(PANEL).filter(pl.col("time") < TIMES[-1])
        with pytest.raises(DataError, match=r"price at 2 pairs of series and time: a 2024-01-09T07:00Z, b"):
            rows_ahead(some, self.PAST, HORIZON)

    def test_two_values_for_one_stamp_are_refused(self) -> None:
        twice = pl.concat(
            [_hidden(PANEL), _hidden(PANEL).tail(1).with_columns(pl.lit(9.0).alias("known:price"))]
        )
        with pytest.raises(
            DataError, match="more than once with different values: b 2024-01-09T07:00Z; keep"
        ):
            rows_ahead(twice, self.PAST, HORIZON)

    def test_few_series_that_ended_need_none(self) -> None:
        names = [f"b{number}" for number in range(9)]
        going = pl.concat([PANEL.filter(series="b").with_columns(series=pl.lit(name)) for name in names])
        rows = pl.concat(
            [_hidden(PANEL.filter((pl.col("series") == "a") & (pl.col("time") < TIMES[150]))), _hidden(going)]
        )
        past = rows.filter(pl.col("y").is_not_null())
        ahead = rows_ahead(rows, past, HORIZON)
        assert ahead["series"].unique().sort().to_list() == names
        model = fit(past, _resolved(), RIDGE, seed=1, threads=1)
        found = forecast_future(model, pl.concat([past, ahead]), HORIZON)
        alone = forecast_future(model, pl.concat([past.filter(pl.col("series") != "a"), ahead]), HORIZON)
        assert found.equals(alone)

    def test_many_series_that_ended_need_all_the_same(self, model: ForecastModel) -> None:
        past = self.PAST.filter((pl.col("series") == "b") | (pl.col("time") < TIMES[150]))
        with pytest.raises(DataError, match=r"price at 6 pairs of series and time: a 2024-01-07T06:00Z"):
            rows_ahead(
                _hidden(PANEL.filter((pl.col("series") == "b") | (pl.col("time") < TIMES[150]))),
                past,
                HORIZON,
            )
        ahead = rows_ahead(_hidden(PANEL), past, HORIZON)
        found = forecast_future(model, pl.concat([past, ahead]), HORIZON)
        assert found["series"].to_list() == ["a"] * HORIZON + ["b"] * HORIZON
