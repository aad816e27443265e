"""The model card: facts for whoever decides whether to use the model."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from penstock.domain.results import CheckResult


class CardFacts(BaseModel):
    """What is known about a model when it is packaged.

    Nothing in it may differ between two runs that make the same model: no run id and no time of packaging, or the
    same model would be another bundle each time.

    Attributes
    ----------
    metrics
        Rung → metric → value, from a window that training did not see; ``rung`` names the packaged model's row.
    trained_from, trained_to
        First and last stamp of the training data (UTC), both included.
    frequency, horizon
        Length of a step as text (``1h``) and how many steps are forecast.
    intervals, runtimes
        What the intervals promise and rest on; which runtime forecasts, and how far others are from it. One line each.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    purpose: str = ""
    dataset: str = ""
    dataset_digest: str = ""
    simulated: bool = False
    trained_from: datetime | None = None
    trained_to: datetime | None = None
    series: int | None = None
    frequency: str = ""
    horizon: int | None = None
    target: str = ""
    rung: str = ""
    metrics: dict[str, dict[str, float]] = {}
    checks: tuple[CheckResult, ...] = ()
    intervals: tuple[str, ...] = ()
    runtimes: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()


def card_text(facts: CardFacts) -> str:
    """Return ``CARD.md``."""
    parts = (_head(facts), _data(facts), _metrics(facts), _checks(facts), *_lists(facts), _limits(facts))
    return "\n".join(line for part in parts for line in part).rstrip() + "\n"


def _head(facts: CardFacts) -> Iterator[str]:
    yield f"# {facts.model}"
    yield ""
    if facts.purpose:
        yield facts.purpose
        yield ""


def _data(facts: CardFacts) -> Iterator[str]:
    yield "## Data"
    yield ""
    kind = "simulated: these numbers say nothing about the real world" if facts.simulated else "real"
    rows = {
        "Dataset": f"{facts.dataset or 'not a registered dataset'} ({kind})",
        "Digest": facts.dataset_digest,
        "Target": facts.target,
        "Series": facts.series,
        "Step": facts.frequency,
        "Horizon": f"{facts.horizon} steps" if facts.horizon else None,
        "Trained from": _moment(facts.trained_from),
        "Trained to": _moment(facts.trained_to),
    }
    yield from (f"- {name}: {value}" for name, value in rows.items() if value not in (None, ""))
    yield ""


def _metrics(facts: CardFacts) -> Iterator[str]:
    if not facts.metrics:
        return
    names = sorted({name for values in facts.metrics.values() for name in values})
    yield "## Metrics"
    yield ""
    yield "Measured on a window that training did not see; the packaged model was then trained on everything."
    yield ""
    yield f"| | {' | '.join(names)} |"
    yield f"|---|{'---|' * len(names)}"
    for rung, values in facts.metrics.items():
        label = f"**{rung}**" if rung == facts.rung else rung
        yield f"| {label} | {' | '.join(_number(values.get(name)) for name in names)} |"
    yield ""


def _checks(facts: CardFacts) -> Iterator[str]:
    if not facts.checks:
        return
    yield "## Checks"
    yield ""
    for check in facts.checks:
        detail = f": {check.detail}" if check.detail else ""
        yield f"- {check.name} ({check.kind}) {check.verdict}{detail}"
    yield ""


def _lists(facts: CardFacts) -> Iterator[Iterator[str]]:
    for title, lines in (("Intervals", facts.intervals), ("Runtimes", facts.runtimes)):
        if lines:
            yield iter((f"## {title}", "", *(f"- {line}" for line in lines), ""))


def _limits(facts: CardFacts) -> Iterator[str]:
    yield "## Limits"
    yield ""
    yield from (f"- {limit}" for limit in facts.limits or ("None were stated.",))


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
