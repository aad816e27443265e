"""The one list of metrics: their names, their directions and what they need.

Import the functions from here; ``get_metric`` finds them by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator

from penstock.domain.errors import UnknownNameError, did_you_mean
from penstock.evaluation.point_metrics import (
    NEAR_ZERO,
    bias,
    cost,
    mae,
    mape,
    mase,
    mse,
    near_zero_rows,
    rmse,
    rmspe,
    rmsse,
    smape,
    wape,
)
from penstock.evaluation.quantile_metrics import coverage, crps, interval_score, pinball

__all__ = [
    "METRICS",
    "NEAR_ZERO",
    "POINT_METRICS",
    "Direction",
    "Metric",
    "PointMetric",
    "bias",
    "cost",
    "coverage",
    "crps",
    "get_metric",
    "interval_score",
    "mae",
    "mape",
    "mase",
    "mse",
    "near_zero_rows",
    "pinball",
    "rmse",
    "rmspe",
    "rmsse",
    "smape",
    "wape",
]

Direction: TypeAlias = Literal["minimise", "maximise", "zero", "level"]
"""What is better: less, more, nearer to zero, or nearer to the level that was promised."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """One metric.

    ``needs`` names the arguments beside truth and prediction. ``additive`` means that the mean of slices, weighted
    by the rows each was computed from, is the metric of all. ``relative`` means that rows near zero are left out.
    """

    name: str
    function: Callable[..., float]
    direction: Direction = "minimise"
    needs: tuple[str, ...] = ()
    additive: bool = True
    relative: bool = False

    @property
    def needs_scale(self) -> bool:
        """Whether the metric divides by the in-sample error of the seasonal naive."""
        return "scale" in self.needs

    def badness(self, value: float) -> float:
        """Turn ``value`` into a number that is lower when better; NaN becomes infinity, the worst of all.

        A metric with direction ``level`` has to be given as its distance from the level.
        """
        if value != value:  # noqa: PLR0124  # NaN without importing math for one comparison
            return float("inf")
        return {"minimise": value, "maximise": -value}.get(self.direction, abs(value))

    def better(self, value: float, other: float) -> bool:
        """Tell whether ``value`` is strictly better than ``other``; NaN never is."""
        return self.badness(value) < self.badness(other)


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(name="mape", function=mape, relative=True),
        Metric(name="rmspe", function=rmspe, additive=False, relative=True),
        Metric(name="mae", function=mae),
        Metric(name="mse", function=mse),
        Metric(name="rmse", function=rmse, additive=False),
        Metric(name="mase", function=mase, needs=("scale",)),
        Metric(name="rmsse", function=rmsse, needs=("scale",), additive=False),
        Metric(name="wape", function=wape, additive=False),
        Metric(name="bias", function=bias, direction="zero"),
        Metric(name="smape", function=smape),
        Metric(name="cost", function=cost, needs=("overstock_price", "stockout_price")),
        Metric(name="pinball", function=pinball, needs=("quantile",)),
        Metric(name="coverage", function=coverage, direction="level", needs=("lower", "upper")),
        Metric(name="interval_score", function=interval_score, needs=("lower", "upper", "level")),
        Metric(name="crps", function=crps, needs=("quantiles", "levels")),
    )
}

POINT_METRICS: tuple[str, ...] = (
    "mape",
    "rmspe",
    "mae",
    "mse",
    "rmse",
    "mase",
    "rmsse",
    "wape",
    "bias",
    "smape",
)
"""The metrics that every point forecast can be scored by, without further figures."""


def _of_points(name: str) -> str:
    if name not in POINT_METRICS:
        raise ValueError(f"cannot judge point forecasts{did_you_mean(name, POINT_METRICS)}")
    return name


PointMetric: TypeAlias = Annotated[str, AfterValidator(_of_points)]
"""The name of one of ``POINT_METRICS``, checked where a user gives it."""


def get_metric(name: str) -> Metric:
    """Find a metric by name.

    Raises
    ------
    UnknownNameError
        Names the nearest metric and lists all.
    """
    if name not in METRICS:
        raise UnknownNameError(f"there is no metric {name!r}{did_you_mean(name, METRICS)}")
    return METRICS[name]
