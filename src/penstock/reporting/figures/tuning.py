"""A tuning study as figures: every trial's score with the best so far, and which parameters mattered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from penstock.reporting.blocks import Figure, Spec
from penstock.reporting.facts import MetricFacts, TrialFacts, TuningFacts
from penstock.reporting.figures.frame import axis, layout, plain, suffix

_FEW_TRIALS = 12
_FLOOR: Spec = {"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True}


def best_so_far(tuning: TuningFacts) -> list[float | None]:
    """Return, for each trial in order, the best score of the complete ones up to it."""
    better = min if tuning.direction == "minimise" else max
    best: float | None = None
    path: list[float | None] = []
    for trial in tuning.trials:
        if trial.state == "complete" and trial.score is not None:
            best = trial.score if best is None else better(best, trial.score)
        path.append(best)
    return path


def history(tuning: TuningFacts, metric: MetricFacts) -> Figure:
    """Return the scores of complete and of pruned trials over their numbers, with the best so far as a step line."""
    complete = [trial for trial in tuning.trials if trial.state == "complete"]
    pruned = [trial for trial in tuning.trials if trial.state != "complete" and trial.score is not None]
    data = [
        _best_line(tuning, metric),
        _dots(complete, metric, ("complete", "circle", "--model")),
        _dots(pruned, metric, ("pruned", "x-thin", "--quiet")),
        *_scoreless(tuning),
    ]
    # Where few trials leave room, ticks would stand between whole numbers, which the format shows twice.
    whole: Spec = {"dtick": 1} if len(tuning.trials) <= _FEW_TRIALS else {}
    x = axis("trial", showgrid=False, showline=True, tickformat="d", **whole)
    y = axis(f"{metric.label}{f' in {metric.unit}' if metric.unit else ''}")
    return Figure(data=tuple(data), layout=layout({"xaxis": x, "yaxis": y, "yaxis2": _FLOOR}))


def _scoreless(tuning: TuningFacts) -> list[Spec]:
    """Return the trials that ended before any score as ticks on the floor of the figure."""
    numbers = [trial.number for trial in tuning.trials if trial.score is None]
    if not numbers:
        return []
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "x": numbers,
            "y": [0.02] * len(numbers),
            "yaxis": "y2",
            "name": "without score",
            "marker": {
                "symbol": "line-ns",
                "color": "--quiet",
                "size": 8,
                "line": {"width": 1.5, "color": "--quiet"},
            },
            "hovertemplate": "trial %{x}: pruned or failed before a score<extra></extra>",
        }
    ]


def _best_line(tuning: TuningFacts, metric: MetricFacts) -> Spec:
    path = [None if best is None else best * metric.scale for best in best_so_far(tuning)]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [trial.number for trial in tuning.trials],
        "y": path,
        "name": "best so far",
        "line": {"color": "--model", "width": 2, "shape": "hv"},
        "hoverinfo": "skip",
    }


def _dots(trials: Sequence[TrialFacts], metric: MetricFacts, look: tuple[str, str, str]) -> Spec:
    name, symbol, colour = look
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [trial.number for trial in trials],
        "y": [None if trial.score is None else trial.score * metric.scale for trial in trials],
        "text": [_params(trial.params) for trial in trials],
        "name": name,
        "marker": {"symbol": symbol, "color": colour, "size": 8, "line": {"width": 1.5, "color": colour}},
        "hovertemplate": f"trial %{{x}} ({name}): %{{y:,.4~r}}{suffix(metric.unit)}<br>%{{text}}<extra></extra>",
    }


def _params(params: Mapping[str, object]) -> str:
    return "<br>".join(f"{plain(str(key))} = {plain(_short(value))}" for key, value in params.items())


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def shares(values: Mapping[str, float], colour: str = "--model") -> Figure:
    """Return shares (sum 1) as horizontal bars, the largest on top, each labelled with its percentage."""
    ordered = sorted(values.items(), key=lambda item: (item[1], item[0]))
    bars: Spec = {
        "type": "bar",
        "orientation": "h",
        "x": [share * 100 for _, share in ordered],
        "y": list(range(len(ordered))),
        "marker": {"color": colour},
        "text": [f"{share * 100:.3g} %" for _, share in ordered],
        "textposition": "outside",
        "textfont": {"size": 12, "color": "--quiet"},
        "cliponaxis": False,
        "hoverinfo": "skip",
    }
    y = axis(
        tickmode="array",
        tickvals=list(range(len(ordered))),
        ticktext=[plain(name) for name, _ in ordered],
        tickfont={"size": 12, "color": "--ink"},
        showgrid=False,
    )
    x = axis(visible=False, rangemode="tozero")
    return Figure(
        data=(bars,),
        layout=layout({"xaxis": x, "yaxis": y}, bargap=0.4, margin={"l": 8, "r": 48, "t": 8, "b": 8}),
    )
