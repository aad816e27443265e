"""What a boosting minimises: losses, what each can take, and directions that a column must keep.

============  =====================================================================================================
objective     what its forecast aims at
============  =====================================================================================================
l1            the median; outliers are forgiven
l2            the mean; outliers are followed
huber         the mean of what is near, the median of what is far
tweedie       the mean of values that are zero or above, whose spread grows with their level: intermittent demand
quantile      the value that truth stays below with probability ``quantile``
asymmetric    the least expected cost, where a unit too much costs ``overstock_price`` and a unit too little
              ``stockout_price``
============  =====================================================================================================

The least expected cost of the newsvendor lies at the quantile ``stockout / (stockout + overstock)`` (Arrow, Harris and
Marschak, Econometrica 19, 1951), and a quantile stays one under any increasing scale. So ``asymmetric`` is boosted as
that quantile: it is exact on every target scale, the logarithm included, and a saved model needs no code of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

from penstock.domain.errors import ConfigError, DataError, bounded, did_you_mean
from penstock.domain.values import Json

if TYPE_CHECKING:
    import polars as pl

    from penstock.forecasting.models import ModelConfig

Objective: TypeAlias = Literal["l1", "l2", "huber", "tweedie", "quantile", "asymmetric"]
Direction: TypeAlias = Literal[-1, 1]
QUANTILES: tuple[Objective, ...] = ("quantile", "asymmetric")
_RENEWED: tuple[Objective, ...] = ("l1", *QUANTILES)
"""Losses whose leaves LightGBM sets anew after growing, which would break a direction; it refuses them, too."""

_TREES_ONLY: tuple[Objective, ...] = ("tweedie", *QUANTILES)


def objective_params(model: ModelConfig) -> dict[str, Json]:
    """Return the loss in LightGBM's names."""
    if model.objective == "tweedie":
        return {"objective": "tweedie", "tweedie_variance_power": model.tweedie_power}
    if model.objective in QUANTILES:
        return {"objective": "quantile", "alpha": quantile_of(model)}
    return {"objective": model.objective}


def quantile_of(model: ModelConfig) -> float:
    """Return the quantile that the loss aims at: 0.5 for every loss of the middle."""
    if model.objective == "quantile":
        return model.quantile
    if model.objective == "asymmetric" and model.stockout_price and model.overstock_price:
        return model.stockout_price / (model.stockout_price + model.overstock_price)
    return 0.5


def objective_faults(model: ModelConfig) -> list[str]:
    """List what does not go together with kind and loss, each with what to do."""
    faults = []
    objective = model.objective
    if model.kind == "linear" and objective in _TREES_ONLY:
        faults.append(f"objective {objective} needs kind lightgbm; a linear model always fits squares")
    if model.kind == "linear" and model.strategy != "recursive":
        faults.append(f"strategy {model.strategy} needs kind lightgbm; a linear model is recursive")
    if model.kind == "linear" and model.monotone:
        faults.append("monotone needs kind lightgbm; a linear model has no constraints")
    if model.monotone and objective in _RENEWED:
        faults.append(
            f"monotone does not go with objective {objective}, whose leaves are set anew after growing and lose the "
            "order; allowed: l2, huber, tweedie"
        )
    if objective == "asymmetric" and None in (model.overstock_price, model.stockout_price):
        faults.append("objective asymmetric needs two prices: give overstock_price and stockout_price")
    signed = [] if model.targets == "auto" else [each for each in model.targets if not each.never_negative]
    if objective == "tweedie" and signed:
        faults.append(
            f"objective tweedie needs targets that are never negative, got {bounded(signed)}; allowed: "
            "mean, none, auto"
        )
    return faults


def require_never_negative(panel: pl.DataFrame, model: ModelConfig) -> None:
    """Refuse values that the loss has no meaning for.

    Raises
    ------
    DataError
        ``tweedie`` and a series with a value below zero; names the series.
    """
    import polars as pl

    if model.objective != "tweedie":
        return
    below = panel.filter(pl.col("y") < 0)["series"].unique().sort().to_list()
    if below:
        raise DataError(
            f"objective tweedie needs values of zero and above; these {len(below)} series have some below: "
            f"{bounded(below)}; use objective l1 or l2, or leave them out"
        )


def monotone_params(
    model: ModelConfig, columns: Sequence[str], categorical: Sequence[int]
) -> dict[str, Json]:
    """Return the directions in LightGBM's names, one number for each column; nothing where none is asked.

    Raises
    ------
    ConfigError
        A name is no column of the model, or a category, which has no order; all faults are listed.
    """
    ids = {columns[place] for place in categorical}
    faults = [
        f"model.monotone: {name} is a category and has no order; leave it out"
        if name in ids
        else f"model.monotone: the model has no column {name!r}{did_you_mean(name, columns)}"
        for name in model.monotone
        if name in ids or name not in columns
    ]
    if faults:
        raise ConfigError("; ".join(faults))
    if not model.monotone:
        return {}
    return {"monotone_constraints": [model.monotone.get(name, 0) for name in columns]}
