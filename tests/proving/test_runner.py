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


def test_a_check_may_assert_or_measure_as_a_system_declares() -> None:
    config = ChecksConfig.model_validate(
        {"names": ["finite", "robust_to_noise"], "kinds": {"finite": "measure", "robust_to_noise": "asserts"}}
    )
    assert [check.kind for check in config.declared()] == ["measures", "asserts"]


def test_kinds_that_leave_nothing_asserted_are_refused() -> None:
    with pytest.raises(ValidationError, match="every model would be refused"):
        ChecksConfig.model_validate({"names": ["finite"], "kinds": {"finite": "measures"}})


@pytest.mark.parametrize("key", ["kinds", "limits"])
def test_terms_of_an_unknown_check_name_the_nearest(key: str) -> None:
    value = {"kinds": "asserts", "limits": 0.1}[key]
    with pytest.raises(ValidationError, match="no such check; did you mean 'robust_to_noise'"):
        ChecksConfig.model_validate({key: {"robust_to_nose": value}})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kinds": {"finite": "perhaps"}}, "kinds.finite"),
        ({"limits": {"finite": -1.0}}, "limits.finite"),
        ({"limits": {"finite": float("nan")}}, "limits.finite"),
        ({"monotone": {"temperature": 2}}, "monotone.temperature"),
        ({"repeats": 1}, "repeats"),
    ],
)
def test_wrong_terms_are_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ChecksConfig.model_validate(values)


def test_a_declared_column_brings_its_check() -> None:
    assert "monotone" not in [check.name for check in ChecksConfig().declared()]
    assert [check.name for check in ChecksConfig(monotone={"price": -1}).declared()][-1] == "monotone"


def test_a_limit_of_its_own_counts_and_is_told() -> None:
    config = ChecksConfig(names=("robust_to_noise", "finite"), limits={"robust_to_noise": 0.0001})
    found = run_checks(SUBJECT, config, lambda: 0.0)[0]
    assert (found.verdict, found.kind) == ("failed", "measures")
    assert found.detail.endswith("by at most 0.0001 of them")
