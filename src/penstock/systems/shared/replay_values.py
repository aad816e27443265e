"""What travels between the steps of a replay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from penstock.domain.results import Result
from penstock.forecasting.replay.alarms import Alarm
from penstock.forecasting.replay.config import ReplayConfig
from penstock.forecasting.replay.slots import ReplayPlan

if TYPE_CHECKING:
    import polars as pl


class ReplayGround(Result):
    """What a replay stands on. Moments are in UTC; ``shares`` says how ``known_at`` is known, by row.

    ``revised`` counts the rows that changed or took away what was known before.
    """

    frequency: str
    first_known: datetime
    last_known: datetime
    rows: int
    revised: int
    series: int
    shares: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What was asked of a replay: which slots, how far, by what they are judged, and whose rows they know."""

    plan: ReplayPlan
    horizon: int
    metric: str
    replay: ReplayConfig
    source: str


@dataclass(frozen=True, kw_only=True)
class ReplayJudgement:
    """How a replay went.

    ``metrics`` maps rung → metric → value: the model against the truth known in the end, the model against the truth
    known first, and the seasonal naive. ``by_slot``: ``cutoff``, ``model``, ``rows``, ``error``, ``error_first``,
    ``naive`` (all in the main metric, null without truth), ``judged_at``, ``known_to``, ``series``, ``refused``, and means over the
    last slots: ``rolling``, ``rolling_naive``, ``rolling_first`` with the ``threshold`` of an alarm. ``by_series``: ``series``,
    ``rows``, ``error``, ``error_first``, ``naive``. ``season`` is the naive's, in steps; ``coverage`` maps the level
    of an interval to the share of truths inside, where intervals exist.
    """

    metrics: dict[str, dict[str, float]]
    by_slot: pl.DataFrame
    by_series: pl.DataFrame
    alarms: tuple[Alarm, ...]
    season: int
    coverage: dict[str, float]
