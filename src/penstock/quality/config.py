"""What a panel may look like."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from penstock.quality.report import Verdict

Stoppable: TypeAlias = Literal[
    "local_days", "early_rows", "overdue_rows", "stale_input", "frozen_values", "level_jumps"
]
"""Rules that note what they find unless they are told to stop the run."""


class QualityConfig(BaseModel):
    """Tolerances of the time-series rules.

    Attributes
    ----------
    max_gap
        Longest run of missing steps that is left for repair; a longer one stops the run.
    allow_negative
        Whether values below zero are in order. Must be false where a logarithm is taken of them.
    min_rows
        Fewest values a series needs. What horizon, lags and the final window need is asked in any case.
    drop_short
        Leave out series that are too short instead of stopping.
    lag_days
        How long after its time a value is published; rows that appear sooner stop the run. Null: not checked.
    lag_tolerance_days
        How much later than ``lag_days`` a value may come before it counts as overdue and the input as stale.
    as_of
        Moment at which the data were fetched; ``lag_days`` counts back from it and needs it.
    known_series
        Names that may appear; any other stops the run. Null allows all.
    max_frozen
        Longest run of equal values, in steps, that is not worth a note; lower it for meters that never rest.
        Constant and mostly-zero series are left alone. Null: not checked.
    max_jump
        How many times the usual seasonal movement the level may shift before it is noted. Loads that halve or double
        show at 5; lower it to see smaller breaks. Null: not checked.
    local_zone
        Clock (IANA name) whose days must be whole: 23, 24 or 25 hours as it says. Null: not checked.
    stop_on
        Rules that only note what they find, and shall stop the run instead.
    quarantine
        Set rows aside that break a rule, with the reason, and go on without them instead of stopping.
    max_quarantine_share
        Largest share of the rows that may be set aside; more of them stop the run all the same.
    system
        Name that ``penstock data ingest`` knows the rows by; messages about stale rows say it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_gap: int = Field(default=3, ge=0)
    allow_negative: bool = True
    min_rows: int = Field(default=2, ge=1)
    drop_short: bool = False
    lag_days: float | None = Field(default=None, ge=0)
    lag_tolerance_days: float = Field(default=2.0, ge=0)
    as_of: AwareDatetime | None = None
    known_series: tuple[str, ...] | None = None
    max_frozen: int | None = Field(default=24, ge=1)
    max_jump: float | None = Field(default=5.0, gt=0)
    local_zone: str | None = None
    stop_on: tuple[Stoppable, ...] = ()
    quarantine: bool = False
    max_quarantine_share: float = Field(default=0.01, ge=0, le=1)
    system: str = ""

    @field_validator("local_zone")
    @classmethod
    def _zone_exists(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ZoneInfo(value)
            except (ZoneInfoNotFoundError, ValueError, OSError) as error:
                raise ValueError(
                    f"{value!r} is no time zone; name one such as Europe/Copenhagen or UTC"
                ) from error
        return value

    @property
    def lag(self) -> timedelta | None:
        """``lag_days`` as a span of time."""
        return None if self.lag_days is None else timedelta(days=self.lag_days)

    @property
    def lag_tolerance(self) -> timedelta:
        """``lag_tolerance_days`` as a span of time."""
        return timedelta(days=self.lag_tolerance_days)

    def verdict_of(self, rule: Stoppable) -> Verdict:
        """Return what a finding of ``rule`` means: ``noted``, or ``broken`` if it shall stop the run."""
        return "broken" if rule in self.stop_on else "noted"
