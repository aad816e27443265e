"""Errors of test predictions along the horizon and along the clock, pooled over series and windows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.evaluation.metrics import POINT_METRICS, get_metric
from penstock.evaluation.scores import score
from penstock.reporting.facts import TaskFacts

if TYPE_CHECKING:
    import polars as pl

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_POOLED = "wape"
_POSITION = "__position"


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """One line: an error for each position, in increasing order of position."""

    positions: tuple[int, ...]
    errors: tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Clock:
    """What a frequency is profiled by: the hour of the day, the weekday or the month."""

    title: str
    axis: str
    labels: Mapping[int, str]


def pooled_metric(metric: str, scales: pl.DataFrame | None) -> str:
    """Return the metric to pool rows by: ``metric`` where that is possible, else WAPE.

    Metrics of intervals cannot be pooled from points, and scaled ones (MASE, RMSSE) only with the series' scales.
    """
    if metric not in POINT_METRICS or (get_metric(metric).needs_scale and scales is None):
        return _POOLED
    return metric


def by_step(predictions: pl.DataFrame, metric: str, scales: pl.DataFrame | None = None) -> Profile:
    """Return the error at each step of the horizon; rows without a known value are left out."""
    return _profile(score(predictions, scales, [metric], ["step"]))


def by_clock(
    predictions: pl.DataFrame, metric: str, task: TaskFacts, scales: pl.DataFrame | None = None
) -> Profile:
    """Return the error at each hour, weekday or month (see ``clock_of``) of the local time."""
    import polars as pl

    local = pl.col("time").dt.convert_time_zone(task.timezone).dt
    position = {"hour": local.hour(), "weekday": local.weekday() - 1, "month": local.month() - 1}
    placed = predictions.with_columns(position[_clock_name(task.frequency)].alias(_POSITION))
    return _profile(score(placed, scales, [metric], [_POSITION]))


def clock_of(frequency: str) -> Clock:
    """Return what a frequency is profiled by: below a day the hour, below a week the weekday, else the month."""
    name = _clock_name(frequency)
    if name == "hour":
        hours = {hour: f"{hour:02d}" for hour in range(24)}
        return Clock(title="Error by hour of the day", axis="hour of the day", labels=hours)
    if name == "weekday":
        return Clock(title="Error by weekday", axis="", labels=dict(enumerate(WEEKDAYS)))
    return Clock(title="Error by month", axis="", labels=dict(enumerate(MONTHS)))


def _clock_name(frequency: str) -> str:
    unit = frequency.lstrip("0123456789")
    if unit in {"h", "m", "s", "ms", "us", "ns"}:
        return "hour"
    return "weekday" if unit == "d" else "month"


def _profile(scores: pl.DataFrame) -> Profile:
    positions, errors = scores.columns[:2]
    known = (None if math.isnan(error) else error for error in scores[errors].to_list())
    return Profile(positions=tuple(scores[positions].to_list()), errors=tuple(known))
