from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from penstock.domain.errors import ConfigError, DataError
from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.forecaster import ForecastModel
from penstock.forecasting.models import ModelConfig, lightgbm_params
from penstock.forecasting.objectives import monotone_params, quantile_of
from penstock.forecasting.training import fit
from penstock.systems.shared.config import ForecastingConfig

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

FEATURES = FeatureConfig(lags=(1, 24), means=(24,), deviations=(), calendar=("hour",), ids=("area",))
PRICES = {"overstock_price": 1.0, "stockout_price": 9.0}


def small(objective: str, **fields: Any) -> ModelConfig:
    body = {"objective": objective, "n_estimators": 25, "min_child_samples": 5, "learning_rate": 0.2}
    return ModelConfig.model_validate(body | {"targets": "mean"} | fields)


def one_step(model: ForecastModel, hours: NDArray[np.float64], rest: NDArray[np.float64]) -> Any:
    """Predict one step from a grid of hours (H,) for each row of the other columns (R, D): (R, H)."""
    rows = np.repeat(rest, len(hours), axis=0).astype(np.float32)
    rows[:, model.columns.index("hour")] = np.tile(hours, len(rest))
    return model.members[0].predict(rows, np.zeros(len(rows), dtype=np.int64)).reshape(len(rest), -1)


@pytest.mark.parametrize("objective", ["l2", "huber", "tweedie"])
@pytest.mark.parametrize("direction", [1, -1])
def test_a_direction_holds_for_every_row_where_the_data_say_otherwise(
    panel: pl.DataFrame, objective: str, direction: int
) -> None:
    hours, rest = np.arange(24.0), np.random.default_rng(1).normal(1.0, 0.3, (40, 5))
    steps = {}
    for name, monotone in {"free": {}, "held": {"hour": direction}}.items():
        model = fit(panel, FEATURES, small(objective, monotone=monotone), seed=1, threads=1)
        steps[name] = np.diff(one_step(model, hours, rest)) * direction
    assert steps["free"].min() < -1e-3  # the day goes up and down
    assert steps["held"].min() >= 0
    assert steps["held"].max() > 0


def test_a_direction_survives_saving(panel: pl.DataFrame, tmp_path: Path) -> None:
    model = fit(panel, FEATURES, small("l2", monotone={"lag24": 1}), seed=1, threads=1)
    model.save(tmp_path)
    again = ForecastModel.load(tmp_path)
    assert again.model.monotone == {"lag24": 1}
    assert again.predict(panel, 3).equals(model.predict(panel, 3))


@pytest.mark.parametrize(
    ("monotone", "match"),
    [
        (
            {"hours": 1},
            r"model\.monotone: the model has no column 'hours'; did you mean 'hour'\? Allowed: area,",
        ),
        ({"area": 1}, r"model\.monotone: area is a category and has no order; leave it out"),
        ({"area": -1, "lag2": 1}, r"area is a category.*no column 'lag2'"),
    ],
)
def test_a_direction_of_no_column_or_of_a_category(
    panel: pl.DataFrame, monotone: dict[str, int], match: str
) -> None:
    with pytest.raises(ConfigError, match=match):
        fit(panel, FEATURES, small("l2", monotone=monotone), seed=1, threads=1)


def test_directions_stand_in_the_order_of_columns() -> None:
    model = small("l2", monotone={"c": -1, "b": 1})
    assert monotone_params(model, ("a", "b", "c"), [0]) == {"monotone_constraints": [0, 1, -1]}
    assert monotone_params(small("l2"), ("a",), [0]) == {}


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"objective": "l1", "monotone": {"hour": 1}}, "monotone does not go with objective l1.*l2, huber"),
        ({"objective": "quantile", "monotone": {"hour": 1}}, "monotone does not go with objective quantile"),
        ({"objective": "l2", "monotone": {"hour": 2}}, "-1 or 1"),
        ({"kind": "linear", "monotone": {"hour": 1}, "objective": "l2"}, "monotone needs kind lightgbm"),
        ({"kind": "linear", "objective": "quantile"}, "objective quantile needs kind lightgbm"),
        ({"objective": "asymmetric", "stockout_price": 2.0}, "asymmetric needs two prices: give overstock"),
        ({"objective": "asymmetric", **PRICES, "stockout_price": 0}, "greater than 0"),
        ({"objective": "asymmetric", **PRICES, "stockout_price": float("inf")}, "finite number"),
        ({"objective": "quantile", "quantile": 1.0}, "less than 1"),
        ({"objective": "tweedie", "tweedie_power": 2.0}, "less than 2"),
        (
            {"objective": "tweedie", "targets": "mean/lag24+log"},
            "negative, got mean/lag24, log; allowed: mean, n",
        ),
    ],
)
def test_what_does_not_go_together(fields: dict[str, Any], match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        ModelConfig.model_validate(fields)


def test_tweedie_refuses_values_below_zero_by_name(panel: pl.DataFrame) -> None:
    negative = panel.with_columns(y=pl.when(pl.col("series") == "s01").then(pl.col("y") - 200).otherwise("y"))
    with pytest.raises(
        DataError, match=r"tweedie needs values of zero and above; these 1 series .*: s01; use"
    ):
        fit(negative, FEATURES, small("tweedie"), seed=1, threads=1)


def test_tweedie_forecasts_sparse_demand_above_zero(panel: pl.DataFrame) -> None:
    sparse = panel.with_columns(
        y=pl.when(pl.col("y") > pl.col("y").median().over("series")).then("y").otherwise(0)
    )
    model = fit(sparse, FEATURES, small("tweedie", targets="auto"), seed=1, threads=1)
    assert [str(each) for each in model.model.members] == ["mean"]
    assert (model.predict(sparse, 48)["prediction"] > 0).all()


@pytest.mark.parametrize("targets", ["none", "log", "standardise/lag24"])
def test_a_quantile_is_held_on_every_scale(panel: pl.DataFrame, targets: str) -> None:
    """The share of training values below the forecast of one step is the quantile that was asked for."""
    asked = small("quantile", quantile=0.8, targets=targets, n_estimators=60)
    model = fit(panel, FEATURES, asked, seed=1, threads=1)
    cutoffs = panel["time"].unique().sort().to_list()[30:-1]
    found = model.predict_origins(panel, cutoffs, 1)
    assert 0.75 < (found["y"] <= found["prediction"]).mean() < 0.9  # type: ignore[operator]


def test_two_prices_are_the_quantile_of_their_ratio(panel: pl.DataFrame) -> None:
    priced = fit(panel, FEATURES, small("asymmetric", **PRICES), seed=1, threads=1)
    asked = fit(panel, FEATURES, small("quantile", quantile=0.9), seed=1, threads=1)
    assert priced.predict(panel, 24).equals(asked.predict(panel, 24))


@given(over=st.floats(1e-3, 1e3), short=st.floats(1e-3, 1e3))
def test_the_quantile_of_two_prices_costs_least(over: float, short: float) -> None:
    """Of all demands that were ever seen, ordering this quantile of them costs least: tried one by one."""
    demand = np.sort(np.random.default_rng(3).gamma(2.0, 10.0, 101))
    model = small("asymmetric", overstock_price=over, stockout_price=short)
    errors = demand[:, None] - demand[None, :]
    costs = np.where(errors > 0, errors * over, -errors * short).sum(axis=1)
    chosen = demand[min(int(np.ceil(quantile_of(model) * len(demand))) - 1, len(demand) - 1)]
    assert costs[np.searchsorted(demand, chosen)] <= costs.min() * (1 + 1e-9)


def test_losses_in_lightgbm_s_names() -> None:
    def params(objective: str, **fields: Any) -> dict[str, Any]:
        return lightgbm_params(small(objective, **fields), seed=1, threads=1)

    assert params("tweedie", tweedie_power=1.2)["tweedie_variance_power"] == 1.2
    assert params("quantile", quantile=0.3)["alpha"] == 0.3
    priced = params("asymmetric", **PRICES)
    assert (priced["objective"], priced["alpha"]) == ("quantile", 0.9)
    assert quantile_of(small("huber")) == 0.5


@pytest.mark.parametrize(("monotone", "falls"), [({}, False), ({"price": -1}, True)])
def test_a_dearer_tomorrow_never_sells_more_where_it_was_said(
    panel: pl.DataFrame, monotone: dict[str, int], *, falls: bool
) -> None:
    """Planted: sales fall with the price up to 1, and rise with it above. The forecast is the whole one, by `predict`."""
    price = np.random.default_rng(4).uniform(0, 2, panel.height)
    sold = panel["y"] * (1.2 - 0.8 * np.minimum(price, 1) + 0.5 * np.maximum(price - 1, 0))
    priced = panel.with_columns(pl.Series("known:price", price), y=sold)
    features = FEATURES.model_copy(update={"covariate_lags": (), "covariate_means": ()})
    asked = small("l2", monotone=monotone, n_estimators=60)
    model = fit(priced, features, asked, seed=1, threads=1)
    after = priced.group_by("series", maintain_order=True).last().select(priced.columns)
    after = after.with_columns(pl.col("time") + pl.duration(hours=1), y=pl.lit(None, dtype=pl.Float64))
    found = [
        model.predict(pl.concat([priced, after.with_columns(pl.lit(each).alias("known:price"))]), 1)[
            "prediction"
        ]
        for each in np.linspace(0, 2, 9)
    ]
    changes = np.diff(np.array([each.to_numpy() for each in found]), axis=0)
    assert changes.min() < 0
    assert (changes.max() <= 0) == falls


@pytest.mark.parametrize(
    ("model", "aims_at"),
    [
        ({"objective": "quantile", "quantile": 0.9}, "0.9"),
        ({"objective": "asymmetric", "stockout_price": 3.0, "overstock_price": 1.0}, "0.75"),
    ],
)
def test_quantiles_are_those_around_a_forecast_of_the_middle(model: dict[str, Any], aims_at: str) -> None:
    """A forecast of the 0.9-quantile is no median, nor is the lower bound around it the quantile of its name."""
    asked = {"model": model, "intervals": {"quantiles": (0.05, 0.5, 0.95)}}
    with pytest.raises(ValidationError, match=f"intervals.quantiles.* aims at the {aims_at}-quantile"):
        ForecastingConfig.model_validate(asked)
    assert ForecastingConfig.model_validate({"model": model}).intervals.levels == (0.9,)


@pytest.mark.parametrize(
    "model",
    [
        {"objective": "l2"},
        {"objective": "quantile", "quantile": 0.5},
        {"objective": "asymmetric", "stockout_price": 2.0, "overstock_price": 2.0},
    ],
)
def test_quantiles_go_with_a_forecast_of_the_middle(model: dict[str, Any]) -> None:
    config = ForecastingConfig.model_validate({"model": model, "intervals": {"quantiles": (0.05, 0.5)}})
    assert config.intervals.quantiles == (0.05, 0.5)
