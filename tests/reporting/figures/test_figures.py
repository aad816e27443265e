"""Every figure is valid for Plotly and holds the numbers of the facts."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from penstock.reporting.blocks import Chart
from penstock.reporting.facts import ReportFacts
from penstock.reporting.figures.ladder import against_time, ranking
from penstock.reporting.figures.tuning import best_so_far, history, shares
from penstock.reporting.page import walk
from penstock.reporting.palette import resolve
from penstock.reporting.profiles import by_step
from penstock.reporting.report import build
from penstock.reporting.standing import metric_facts, standing


def charts(facts: ReportFacts) -> Iterator[Chart]:
    for section in build(facts).sections:
        yield from (block for block in walk(section.blocks) if isinstance(block, Chart))


def test_every_figure_is_valid_in_both_themes(facts: ReportFacts) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # plotly's own imports warn on new Python versions
        from plotly.graph_objects import Figure
    found = list(charts(facts))
    assert len(found) == 10
    for chart in found:
        for layout in (chart.figure.layout, {**chart.figure.layout, **chart.figure.phone}):
            spec: Any = resolve({"data": chart.figure.data, "layout": layout}, "dark")
            assert Figure(spec).to_dict()["data"]


def test_the_ranking_shows_scores_and_intervals(facts: ReportFacts) -> None:
    stands = standing(facts)
    figure = ranking(stands)
    for trace, rung in zip(figure.data, reversed(stands.rungs), strict=True):
        spec: Any = trace
        interval = rung.intervals["mape"]
        assert spec["x"] == [pytest.approx(rung.metrics["mape"] * 100)]
        assert spec["x"][0] + spec["error_x"]["array"][0] == pytest.approx(interval.upper * 100)
        assert spec["x"][0] - spec["error_x"]["arrayminus"][0] == pytest.approx(interval.lower * 100)


def test_error_against_time_leaves_out_rungs_without_a_time(facts: ReportFacts) -> None:
    stands = standing(facts)
    traces: dict[str, Any] = {str(trace["name"]): trace for trace in against_time(stands).data}
    assert "Oracle" not in traces
    assert len(traces) == len(stands.rungs) - 1
    ours = traces["LightGBM"]
    assert ours["x"] == [stands.model.fit_seconds, 1.4]
    assert ours["marker"]["symbol"] == ["circle", "circle-open"]
    assert len(set(ours["y"])) == 1


def test_a_rung_has_one_colour_in_all_figures(facts: ReportFacts) -> None:
    seen: dict[str, set[str]] = {}
    for chart in charts(facts):
        if chart.id.startswith(("ladder", "error")):
            for trace in chart.figure.data:
                spec: Any = trace
                seen.setdefault(spec["name"], set()).add(spec["marker"]["color"])
    assert all(len(colours) == 1 for colours in seen.values())
    assert seen["LightGBM"] == {"--model"}


def test_the_lines_by_step_are_the_profiles(facts: ReportFacts) -> None:
    chart = next(chart for chart in charts(facts) if chart.id == "error-by-step")
    spec: Any = chart.figure.data[0]
    profile = by_step(facts.predictions["lightgbm"], "mape")
    assert spec["x"] == list(profile.positions)
    assert spec["y"] == [pytest.approx(error * 100) for error in profile.errors if error is not None]


def test_pairs_hold_every_series_on_its_side(facts: ReportFacts) -> None:
    chart = next(chart for chart in charts(facts) if chart.id == "slices-pairs")
    won: Any
    lost: Any
    won, lost = chart.figure.data
    assert all(y < x for x, y in zip(won["x"], won["y"], strict=True))
    assert all(y >= x for x, y in zip(lost["x"], lost["y"], strict=True))
    names = sorted(set(facts.history["series"]))
    drawn = dict(
        zip(won["hovertext"] + lost["hovertext"], won["customdata"] + lost["customdata"], strict=True)
    )
    assert drawn == {name: place for place, name in enumerate(names)}


def test_best_so_far_ignores_pruned_trials(facts: ReportFacts) -> None:
    assert facts.tuning is not None
    path = best_so_far(facts.tuning)
    complete: list[float] = []
    for trial, best in zip(facts.tuning.trials, path, strict=True):
        if trial.state == "complete" and trial.score is not None:
            complete.append(trial.score)
        assert best == min(complete)


def test_pruned_trials_are_marked(facts: ReportFacts) -> None:
    assert facts.tuning is not None
    figure = history(facts.tuning, metric_facts(facts, "mape"))
    sizes = {trace["name"]: len(trace["x"]) for trace in figure.data}  # type: ignore[arg-type]  # a list by now
    states = [trial.state for trial in facts.tuning.trials]
    assert sizes["complete"] == states.count("complete")
    assert sizes["pruned"] == states.count("pruned") > 0


def test_trials_that_ended_before_a_score_stand_on_the_floor(facts: ReportFacts) -> None:
    assert facts.tuning is not None
    first, *rest = facts.tuning.trials
    study = replace(facts.tuning, trials=(replace(first, state="pruned", score=None), *rest))
    spec: Any = history(study, metric_facts(facts, "mape")).data[-1]
    assert (spec["name"], spec["x"], spec["yaxis"]) == ("without score", [first.number], "y2")
    assert best_so_far(study)[0] is None


def test_shares_have_the_largest_on_top() -> None:
    spec: Any = shares({"a": 0.2, "b": 0.5, "<c>": 0.3})
    assert list(spec.data[0]["x"]) == pytest.approx([20, 30, 50])
    assert spec.layout["yaxis"]["ticktext"] == ["a", "&lt;c&gt;", "b"]


def test_few_trials_are_numbered_by_whole_numbers(facts: ReportFacts) -> None:
    assert facts.tuning is not None
    few: Any = history(replace(facts.tuning, trials=facts.tuning.trials[:3]), metric_facts(facts, "mape"))
    many: Any = history(facts.tuning, metric_facts(facts, "mape"))
    assert few.layout["xaxis"]["dtick"] == 1
    assert "dtick" not in many.layout["xaxis"]
