from __future__ import annotations

from typing import Literal

import pytest

from penstock.domain.errors import ConfigError, ExitCode, GateError
from penstock.domain.results import CheckResult
from penstock.evaluation.ladder import RungScores
from penstock.proving.gates import checks_gate, enforce, ladder_gate

MODEL = RungScores(rung="model", metrics={"mae": 2.0})
NAIVE = RungScores(rung="naive_24", metrics={"mae": 3.0})
WEEK = RungScores(rung="naive_168", metrics={"mae": 1.5})


def check(
    verdict: Literal["passed", "failed", "skipped"], kind: Literal["asserts", "measures"] = "asserts"
) -> CheckResult:
    return CheckResult(
        name="no_leak", kind=kind, verdict=verdict, example="changing 'a'" if verdict == "failed" else None
    )


def test_a_better_candidate_passes() -> None:
    found = ladder_gate(MODEL, [NAIVE], "mae")
    assert (found.passed, found.number, found.threshold) == (True, 2.0, 3.0)
    enforce([found, checks_gate([check("passed"), check("skipped"), check("failed", "measures")])])


def test_a_skipped_check_does_not_look_failed() -> None:
    assert checks_gate([check("passed"), check("skipped")]).detail == "1 passed, 1 skipped, 0 failed"


def test_a_refusal_names_gate_number_and_threshold() -> None:
    gates = [ladder_gate(MODEL, [NAIVE, WEEK], "mae"), checks_gate([check("failed"), check("passed")])]
    with pytest.raises(GateError) as caught:
        enforce(gates)
    message = str(caught.value)
    assert "2 of 2 gates refused the candidate" in message
    assert "beats the ladder: 2 against 1.5 (model has mae 2, not better than naive_168" in message
    assert (
        "asserted checks pass: 1 against 0 (1 passed, 0 skipped, 1 failed: no_leak (changing 'a')" in message
    )
    assert caught.value.exit_code is ExitCode.GATE_REFUSED


@pytest.mark.parametrize("value", [3.0, 3.5])
def test_an_equal_or_worse_candidate_is_refused(value: float) -> None:
    assert not ladder_gate(RungScores(rung="model", metrics={"mae": value}), [NAIVE], "mae").passed


def test_an_undefined_metric_is_refused() -> None:
    found = ladder_gate(RungScores(rung="model", metrics={}, undefined=("mae",)), [NAIVE], "mae")
    with pytest.raises(GateError, match="undefined against 3"):
        enforce([found])


def test_nothing_proven_is_refused() -> None:
    assert not checks_gate([]).passed
    assert not checks_gate([check("skipped")]).passed
    assert not checks_gate([check("passed", "measures")]).passed


def test_an_empty_ladder_is_an_error() -> None:
    with pytest.raises(ConfigError, match="no rung for 'model' to beat"):
        ladder_gate(MODEL, [MODEL], "mae")
