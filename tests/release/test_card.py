from __future__ import annotations

from penstock.domain.results import CheckResult
from penstock.release.card import CardFacts, card_text
from penstock.testing.toys import toy_parts


def test_a_card_states_data_metrics_and_limits() -> None:
    text = card_text(toy_parts().card)

    assert "- Dataset: denmark@v3 (simulated: these numbers say nothing about the real world)" in text
    assert "- Trained to: 2026-01-01T00:00:00+00:00" in text
    assert "| **toy** | 1.25 |" in text
    assert "- Knows nothing but the last season." in text


def test_a_card_without_facts_says_so() -> None:
    text = card_text(CardFacts(model="x"))

    assert "- Dataset: not a registered dataset (real)" in text
    assert "None were stated." in text
    assert "## Metrics" not in text


def test_rungs_without_a_metric_leave_its_cell_empty() -> None:
    facts = CardFacts(model="x", metrics={"a": {"mae": 1.0}, "b": {"rmse": 2.0}})

    assert "| | mae | rmse |\n|---|---|---|\n| a | 1 |  |\n| b |  | 2 |" in card_text(facts)


def test_checks_are_listed_with_their_verdict() -> None:
    check = CheckResult(name="no leak", kind="asserts", verdict="failed", detail="lag 1 moved")

    assert "- no leak (asserts) failed: lag 1 moved" in card_text(CardFacts(model="x", checks=(check,)))
