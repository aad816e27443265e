from __future__ import annotations

from datetime import timedelta

import pydantic
import pytest

from penstock.quality.config import QualityConfig


def test_lag_is_days() -> None:
    assert QualityConfig(lag_days=1.5).lag == timedelta(hours=36)
    assert QualityConfig().lag is None


@pytest.mark.parametrize("wrong", [{"max_gap": -1}, {"min_rows": 0}, {"lag_days": -1}, {"max_gaps": 3}])
def test_wrong_tolerances_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(pydantic.ValidationError, match=next(iter(wrong))):
        QualityConfig.model_validate(wrong)


def test_a_clock_must_exist() -> None:
    assert QualityConfig(local_zone="Europe/Copenhagen").local_zone == "Europe/Copenhagen"
    with pytest.raises(pydantic.ValidationError, match="'Europe/Atlantis' is no time zone; name one such as"):
        QualityConfig(local_zone="Europe/Atlantis")


def test_a_rule_notes_unless_it_shall_stop() -> None:
    config = QualityConfig(stop_on=("level_jumps",))
    assert config.verdict_of("level_jumps") == "broken"
    assert config.verdict_of("frozen_values") == "noted"
    with pytest.raises(pydantic.ValidationError, match="stop_on"):
        QualityConfig.model_validate({"stop_on": ["gaps"]})
