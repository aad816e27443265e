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
