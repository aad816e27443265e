"""``penstock review``: of many models, the few that a person should look at, and why."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from statistics import median

from penstock.app.runs import RUN, RUN_RESULT
from penstock.app.session import Session
from penstock.domain.errors import UnknownNameError, bounded, did_you_mean
from penstock.domain.results import Result, RunResult
from penstock.engine.records import RunRecord
from penstock.evaluation.outliers import FARTHEST, FEWEST_PEERS, robust_distances
from penstock.release.registry import Release, releases

MODEL, ORACLE = "model", "oracle"
ERROR = "mae"
COVERAGE = "coverage_"
TRAINS = ("run", "replay")
"""Verbs whose failure says something of a model; what only looks at one hides nothing and counts as nothing."""


@dataclass(frozen=True, kw_only=True)
class _Signal:
    """A number of every model: what it is called, the least deviation that counts, and when it is odd by itself.

    ``alone`` is the limit that holds without peers; ``always`` says that it holds with them too.
    """

    name: str
    least: float
    alone: float
    always: bool = False


RATIO = _Signal(name="error over the best baseline's", least=0.05, alone=0.0, always=True)
CHANGE = _Signal(name="error over that of the version before", least=0.05, alone=math.log(1.25))
HELD = _Signal(name="share inside intervals, less the promise", least=0.02, alone=0.1)


class Reason(Result):
    """One thing that is odd: ``value`` beside the ``usual`` one of the peers (``None`` without peers).

    ``distance`` is in robust deviations from the usual value, ``None`` where a limit that needs no peers was passed.
    """

    signal: str
    value: float
    usual: float | None = None
    distance: float | None = None
    detail: str


class Suspect(Result):
    """A model, or one whose last training or replay failed, with what is odd about it."""

    name: str
    run_id: str
    reasons: tuple[Reason, ...]


class Review(Result):
    """How many models were compared, by which threshold, and the suspicious ones, oddest first."""

    reviewed: int
    threshold: float = FARTHEST
    fewest_peers: int = FEWEST_PEERS
    suspects: tuple[Suspect, ...]


def review(session: Session, names: Sequence[str] = ()) -> Review:
    """Compare the newest release of every model with its peers.

    Parameters
    ----------
    session
        The workspace.
    names
        Models to tell of; all where empty. Peers are all in any case.

    Returns
    -------
    Review
        A model is suspicious where its error over the best baseline's (in logarithms), what became of that since the
        version before, or what its intervals hold beside their promise, is more than ``FARTHEST`` robust deviations from
        the median of all models, on either side: a model that is far too good may have seen what it forecasts. It
        is so too where it beats no baseline, and where a check found something that only measures. With fewer than
        ``FEWEST_PEERS`` models, fixed limits stand in. A model, or a system
        that names none, whose newest training or replay failed is told with them.

    Raises
    ------
    UnknownNameError
        A name that no model has.
    """
    versions = _versions(session)
    unknown = [name for name in names if name not in versions]
    if unknown:
        raise UnknownNameError(f"There is no model {bounded(unknown)}{did_you_mean(unknown[0], versions)}")
    reasons: dict[str, list[Reason]] = {name: [] for name in versions}
    for signal, values in _signals(versions):
        for name, reason in _odd(signal, values):
            reasons[name].append(reason)
    results = {each.key: each.body for each in session.catalogue.find(RUN_RESULT, RunResult)}
    for name, (newest, *_) in versions.items():
        reasons[name] += _measures(results.get(newest.run_id))
    wanted = names or versions
    models = [
        Suspect(name=versions[name][0].name, run_id=versions[name][0].run_id, reasons=tuple(reasons[name]))
        for name in wanted
        if reasons[name]
    ]
    failed = [] if names else list(_failed(session))
    return Review(reviewed=len(wanted), suspects=tuple(sorted([*models, *failed], key=_oddness)))


def _versions(session: Session) -> dict[str, list[Release]]:
    """Return the releases of each model by its name, newest first."""
    found: dict[str, list[Release]] = {}
    for release in releases(session.catalogue):
        found.setdefault(release.model, []).append(release)
    return {name: sorted(found[name], key=lambda release: -release.version) for name in sorted(found)}


def _signals(versions: Mapping[str, Sequence[Release]]) -> Iterator[tuple[_Signal, dict[str, float]]]:
    ratios = {name: _ratio(each[0]) for name, each in versions.items()}
    before = {name: _ratio(each[1]) for name, each in versions.items() if len(each) > 1}
    held = {name: _held(each[0]) for name, each in versions.items()}
    yield RATIO, _known(ratios)
    yield CHANGE, _known({name: _less(ratios[name], old) for name, old in before.items()})
    yield HELD, _known(held)


def _ratio(release: Release) -> float | None:
    """Return the logarithm of the model's error over the best baseline's."""
    others = [
        values[ERROR]
        for rung, values in release.metrics.items()
        if rung not in (MODEL, ORACLE) and ERROR in values
    ]
    ours, best = release.metrics.get(MODEL, {}).get(ERROR), min(others, default=None)
    return math.log(ours / best) if ours and best else None


def _held(release: Release) -> float | None:
    """Return by how much the highest level misses its promise."""
    metrics = release.metrics.get(MODEL, {})
    names = [name for name in metrics if name.startswith(COVERAGE)]
    highest = max(names, key=_level, default=None)
    return None if highest is None else metrics[highest] - _level(highest) / 100


def _level(name: str) -> float:
    return float(name.removeprefix(COVERAGE))


def _less(new: float | None, old: float | None) -> float | None:
    return None if new is None or old is None else new - old


def _known(values: Mapping[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in values.items() if value is not None and math.isfinite(value)}


def _odd(signal: _Signal, values: Mapping[str, float]) -> Iterator[tuple[str, Reason]]:
    distances = robust_distances(values, signal.least)
    usual = median(values.values()) if distances else None
    for name, value in values.items():
        distance = distances.get(name)
        far = distance is not None and abs(distance) > FARTHEST
        passed = _passed(signal, value) and (signal.always or distance is None)
        if far or passed:
            yield name, _reason(signal, (value, usual), distance if far else None)


def _passed(signal: _Signal, value: float) -> bool:
    return abs(value) > signal.alone if signal is HELD else value >= signal.alone


def _reason(signal: _Signal, values: tuple[float, float | None], distance: float | None) -> Reason:
    value, usual = (_spoken(signal, each) for each in values)
    if distance is None or usual is None:
        why = "no better than it" if signal is RATIO else "beyond what is usual of any model"
        return Reason(signal=signal.name, value=value or 0.0, detail=f"{signal.name} {value:.3g}: {why}")
    side = "above" if distance > 0 else "below"
    hint = "; too good to be true?" if signal is RATIO and distance < 0 else ""
    said = f"{signal.name} {value:.3g}, {abs(distance):.1f} deviations {side} the usual {usual:.3g}{hint}"
    return Reason(signal=signal.name, value=value or 0.0, usual=usual, distance=distance, detail=said)


def _spoken(signal: _Signal, value: float | None) -> float | None:
    """Return a number as people read it: ratios, not their logarithms."""
    return value if value is None or signal is HELD else math.exp(value)


def _measures(result: RunResult | None) -> list[Reason]:
    """Return what checks found that only measure; what an asserted one finds stops the release."""
    failed = [check.name for check in result.checks if check.verdict == "failed"] if result else []
    if not failed:
        return []
    return [Reason(signal="checks", value=float(len(failed)), detail=f"failed: {bounded(failed)}")]


def _failed(session: Session) -> Iterator[Suspect]:
    newest: dict[tuple[str, str], RunRecord] = {}
    for entry in session.catalogue.find(RUN, RunRecord):
        if entry.body.verb in TRAINS:
            newest.setdefault((entry.body.system, _subject(entry.body)), entry.body)
    for (_, name), record in sorted(newest.items()):
        if record.status == "failed":
            why = f"its newest run failed: {record.error or 'no reason was kept'}"
            yield Suspect(
                name=name, run_id=record.run_id, reasons=(Reason(signal="run", value=1.0, detail=why),)
            )


def _subject(record: RunRecord) -> str:
    """Return the name of the model that a run was to make, as far as its configuration tells, else of the system."""
    given = {key: str(record.config.get(key) or "") for key in ("name", "data", "dataset")}
    file, dataset = PurePath(given["data"]).name.partition(".")[0], given["dataset"].partition("@")[0]
    return given["name"] or file or dataset or record.system


def _oddness(suspect: Suspect) -> tuple[float, str]:
    """Order by the largest distance; what passed a limit comes first."""
    return -max(
        math.inf if one.distance is None else abs(one.distance) for one in suspect.reasons
    ), suspect.name
