from __future__ import annotations

from dataclasses import replace

import pytest

from penstock.domain.errors import UnknownNameError
from penstock.reporting.facts import MetricFacts, ReportFacts, RungFacts
from penstock.reporting.standing import metric_facts, standing


def judged(facts: ReportFacts, *made: RungFacts, **changes: object) -> ReportFacts:
    """The facts with another ladder, judged by MAE."""
    frames = {"model": facts.predictions["lightgbm"], "broken": facts.predictions["lightgbm"]}
    base = replace(facts, metric="mae", chosen="model", rungs=made, predictions=frames)
    return replace(base, **changes)  # type: ignore[arg-type]  # the names of fields


def rungs(model: float, baseline: float, oracle: float | None = None) -> tuple[RungFacts, ...]:
    made = [
        RungFacts(name="naive", label="Naive", kind="baseline", metrics={"mae": baseline}),
        RungFacts(name="worse", label="Worse", kind="baseline", metrics={"mae": baseline * 2}),
        RungFacts(name="broken", label="Broken", kind="baseline", metrics={"mae": float("nan")}),
        RungFacts(name="model", label="Model", kind="model", metrics={"mae": model}),
    ]
    if oracle is not None:
        made.append(RungFacts(name="oracle", label="Oracle", kind="oracle", metrics={"mae": oracle}))
    return tuple(made)


def test_the_ladder_stands_from_best_to_worst(facts: ReportFacts) -> None:
    stands = standing(judged(facts, *rungs(3.0, 4.0, 2.0)))
    assert [rung.name for rung in stands.rungs] == ["oracle", "model", "naive", "worse"]
    assert [rung.name for rung in stands.skipped] == ["broken"]
    assert stands.gain == pytest.approx(0.25)
    assert stands.oracle_ratio == pytest.approx(1.5)
    assert stands.shown(stands.model) == "3.00\N{NO-BREAK SPACE}kWh"


def test_more_can_be_better(facts: ReportFacts) -> None:
    metric = MetricFacts(name="mae", label="Score", better="higher")
    stands = standing(judged(facts, *rungs(6.0, 2.0), metrics=(metric,)))
    assert stands.baseline is not None
    assert (stands.rungs[0].name, stands.baseline.name) == ("model", "worse")
    assert stands.gain == pytest.approx(0.5)


def test_a_perfect_baseline_gives_no_gain(facts: ReportFacts) -> None:
    stands = standing(judged(facts, *rungs(6.0, 0.0, 0.0)))
    assert stands.gain is None
    assert stands.oracle_ratio is None


def test_a_chosen_rung_without_the_metric_is_refused(facts: ReportFacts) -> None:
    with pytest.raises(
        UnknownNameError, match=r"cannot show the rung 'broken'.*Allowed: model, naive, worse"
    ):
        standing(judged(facts, *rungs(1.0, 2.0), chosen="broken"))


def test_well_known_metrics_know_their_unit(facts: ReportFacts) -> None:
    assert metric_facts(facts, "mape") == MetricFacts(name="mape", label="MAPE", unit="%", scale=100.0)
    assert metric_facts(facts, "mae").unit == "kWh"
    assert metric_facts(facts, "mase") == MetricFacts(name="mase", label="MASE")
    assert metric_facts(facts, "r2").better == "higher"


def test_bias_is_best_where_it_is_nearest_to_zero(facts: ReportFacts) -> None:
    values = {"naive": -0.8, "far": -9.0, "model": 0.6}
    made = tuple(
        RungFacts(
            name=name, label=name, kind="model" if name == "model" else "baseline", metrics={"bias": value}
        )
        for name, value in values.items()
    )
    stands = standing(judged(facts, *made, metric="bias"))
    assert [rung.name for rung in stands.rungs] == ["model", "naive", "far"]
    assert stands.gain == pytest.approx(0.25)
