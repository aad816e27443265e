"""What a panel may look like."""

from __future__ import annotations

from datetime import timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


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
    as_of
        Moment at which the data were fetched; ``lag_days`` counts back from it and needs it.
    known_series
        Names that may appear; any other stops the run. Null allows all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_gap: int = Field(default=3, ge=0)
    allow_negative: bool = True
    min_rows: int = Field(default=2, ge=1)
    drop_short: bool = False
    lag_days: float | None = Field(default=None, ge=0)
    as_of: AwareDatetime | None = None
    known_series: tuple[str, ...] | None = None

    @property
    def lag(self) -> timedelta | None:
        """``lag_days`` as a span of time."""
        return None if self.lag_days is None else timedelta(days=self.lag_days)
