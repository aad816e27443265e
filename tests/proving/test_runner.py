from __future__ import annotations

import logging
from itertools import count

import pytest
from pydantic import ValidationError

from penstock.proving.runner import ChecksConfig, run_checks
from penstock.proving.subjects import Subject
from penstock.testing.forecasters import RepeatLastSeason
from penstock.testing.panels import random_panel

SUBJECT = Subject(
    forecaster=RepeatLastSeason(), history=random_panel({"a": (0, 60), "b": (0, 60)}), horizon=3, back=4
)


def test_checks_run_in_order_and_twice_the_same() -> None:
    config = ChecksConfig(names=("finite", "consistency"), seconds=60.0)
    first, again = (run_checks(SUBJECT, config, lambda: 0.0) for _ in range(2))
    assert [one.name for one in first] == ["finite", "consistency"]
    assert first == again


def test_a_check_that_time_cuts_short_tries_one_case_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    late = count(step=100)
    config = ChecksConfig(names=("finite", "consistency"), seconds=6.0)
    with caplog.at_level(logging.INFO):
        results = run_checks(SUBJECT, config, lambda: float(next(late)))
    assert [one.verdict for one in results] == ["passed", "passed"]
    assert results == run_checks(SUBJECT, config, lambda: 0.0)
    assert caplog.messages == [
        "check finite was cut short by its time after 1 cases",
        "check consistency was cut short by its time after 1 cases",
    ]


def test_an_unknown_name_is_refused_with_the_configuration() -> None:
    with pytest.raises(ValidationError, match="no such check; did you mean 'finite'"):
        ChecksConfig(names=("finite", "finit"))


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="example"):
        ChecksConfig.model_validate({"example": 3})


@pytest.mark.parametrize("names", [(), ("robust_to_noise",)])
def test_checks_that_assert_nothing_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError, match="every model would be refused; add one of alone_or_in_batch, "):
        ChecksConfig(names=names)
