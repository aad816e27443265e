"""What errors cost in money, from two prices, and what a model saves against the cheapest baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from penstock.domain.results import Interval, Result
from penstock.evaluation.bootstrap import FEWEST_CUTOFFS, BootstrapConfig, paired_bootstrap
from penstock.evaluation.terms import ScoreOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]
COST, SAVED = "cost", "cost_saved"


class CostConfig(BaseModel):
    """What it costs to forecast too much and too little."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    overstock: Price = Field(
        description="Money for each unit that a forecast is above the truth, such as for storage or waste."
    )
    stockout: Price = Field(
        description="Money for each unit that a forecast is below the truth, such as a lost margin."
    )
    currency: str = Field(default="EUR", description="Currency of both prices, for labels.")

    @model_validator(mode="after")
    def _something_costs(self) -> Self:
        if self.overstock == 0 and self.stockout == 0:
            raise ValueError(
                "overstock and stockout are both 0, so that no error costs anything; give a price"
            )
        return self

    @property
    def options(self) -> ScoreOptions:
        """Return the prices as scoring takes them."""
        return ScoreOptions(overstock_price=self.overstock, stockout_price=self.stockout)


class Saving(Result):
    """What a model costs less than ``rung``, the cheapest baseline, for each value forecast; below 0 it costs more.

    ``interval`` is that of the paired block bootstrap, ``None`` where too few cutoffs were scored.
    """

    rung: str
    value: float
    interval: Interval | None
    currency: str

    def describe(self) -> str:
        """Say the saving in a few words."""
        word = "less" if self.value >= 0 else "more"
        ends = sorted(
            (abs(self.interval.lower), abs(self.interval.upper))
            if self.interval and self.interval.lower * self.interval.upper > 0
            else ()
        )
        sure = f" ({ends[0]:.4g} … {ends[1]:.4g})" if ends else " (which may be chance)"
        return f"{abs(self.value):.4g} {self.currency} a value {word}{sure} than {self.rung}"


def saving(
    ours: pl.DataFrame,
    rungs: Mapping[str, tuple[float, pl.DataFrame]],
    cost: CostConfig,
    config: BootstrapConfig,
) -> Saving | None:
    """Compare what the model costs with what the cheapest rung costs.

    Parameters
    ----------
    ours
        Predictions: ``series``, ``cutoff``, ``step``, ``y``, ``prediction``.
    rungs
        Name → mean cost and predictions; one that does not forecast every value of ``ours`` counts on its own rows.
    cost, config
        Prices, and how to resample.

    Returns
    -------
    Saving or None
        Nothing without rungs, or without a value that both forecast.
    """
    if not rungs:
        return None
    name = min(rungs, key=lambda rung: (rungs[rung][0], rung))
    keys = ["series", "cutoff", "step"]
    mine, theirs = (_priced(side, cost) for side in (ours, rungs[name][1]))
    mine, theirs = (
        side.join(other, on=keys, how="semi").sort(keys) for side, other in ((mine, theirs), (theirs, mine))
    )
    if mine.is_empty():
        return None
    value = float((theirs["prediction"] - mine["prediction"]).to_numpy().mean())
    if mine["cutoff"].n_unique() < FEWEST_CUTOFFS:
        return Saving(rung=name, value=value, interval=None, currency=cost.currency)
    # With a truth of 0 the absolute error of a cost is the cost.
    found = paired_bootstrap(mine, theirs, "mae", None, config).difference
    interval = Interval(lower=-found.upper, upper=-found.lower, level=found.level)
    return Saving(rung=name, value=value, interval=interval, currency=cost.currency)


def _priced(predictions: pl.DataFrame, cost: CostConfig) -> pl.DataFrame:
    """Return what every forecast of a known truth costs, as a ``prediction`` beside a truth of 0."""
    import polars as pl

    error = pl.col("prediction") - pl.col("y")
    price = pl.when(error > 0).then(error * cost.overstock).otherwise(-error * cost.stockout)
    known = predictions.filter(pl.col("y").is_not_null() & pl.col("y").is_not_nan())
    return known.select("series", "cutoff", "step", y=pl.lit(0.0), prediction=price)
