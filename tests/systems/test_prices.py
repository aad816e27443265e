"""Prices of quantile losses are asked for before anything is learned."""

from __future__ import annotations

import polars as pl
import pytest

from penstock.domain.errors import ConfigError
from penstock.systems.panel.config import PanelConfig
from penstock.systems.panel.system import train
from penstock.systems.shared.data import describe, with_prices
from penstock.testing.panels import random_panel

PANEL = random_panel({"a": (0, 60), "b": (0, 60)}).with_columns(
    price=pl.col("series").replace_strict({"a": "2", "b": "0.5"}), debt=pl.lit(-1.0)
)


@pytest.mark.parametrize(
    ("price", "message"),
    [
        ("prize", "intervals.price='prize' is no static column of the data.*did you mean 'price'"),
        ("y", "intervals.price='y' is no static column"),
        ("debt", "a, b have no price that is a number of at least 0"),
    ],
)
def test_a_wrong_price_is_refused_by_the_data(price: str, message: str) -> None:
    shape = describe(PANEL, PANEL)
    with pytest.raises(ConfigError, match=message):
        with_prices(PANEL, shape, price)
    assert with_prices(PANEL, shape, "price") == shape


@pytest.mark.parametrize("quantiles", [(0.05, 0.95), ()])
def test_every_step_that_learns_waits_for_the_prices(quantiles: tuple[float, ...]) -> None:
    given = {"data": "f.csv", "target": "y", "time": "ds", "static": ["price"]}
    config = PanelConfig.model_validate({**given, "intervals": {"price": "price", "quantiles": quantiles}})
    waiting: set[str] = set()
    for node in train.plan(config).nodes:
        if node.name == "with_prices" or waiting.intersection(node.parents):
            waiting.add(node.name)
    learning = {node.name for node in train.plan(config).nodes if node.step.stage in ("train", "tune")}
    assert {"search", "fit_candidate", "calibrate"} <= learning
    assert (learning <= waiting) == bool(quantiles)
    assert ("publish" in waiting) == bool(quantiles)
