"""What a replay can be told beside its range."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[int, Field(ge=1)]


class ReplayConfig(BaseModel):
    """How the slots of a replay are grouped, and when it would have raised an alarm."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    chunk: Positive = Field(
        default=48,
        description="Slots that one step forecasts at most; smaller ones repeat less after a kill or a revision, and "
        "cost more. Results do not depend on it.",
    )
    threads: Positive = Field(
        default=1,
        description="Threads of a refit; refits run beside one another with --jobs, so that one is best. Part of the "
        "fingerprint.",
    )
    rolling: Positive = Field(
        default=7,
        description="Slots whose errors are averaged before an alarm looks at them; more are calmer.",
    )
    alarm_factor: Annotated[float, Field(gt=1)] = Field(
        default=1.5,
        description="How many times its own median so far the rolling error must exceed; lower alarms earlier.",
    )
    alarm_slots: Positive = Field(
        default=3, description="For how many slots on end it must exceed before an alarm is raised."
    )
