from __future__ import annotations

from penstock.evaluation.predictor import Forecaster
from penstock.testing.forecasters import ForecasterContract, RepeatLastSeason


class TestRepeatLastSeason(ForecasterContract):
    def forecaster(self) -> Forecaster:
        return RepeatLastSeason()


def test_the_protocol_is_told_from_other_objects() -> None:
    assert isinstance(RepeatLastSeason(), Forecaster)
    assert not isinstance(object(), Forecaster)
