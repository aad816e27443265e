"""``penstock models diff``: everything in which two releases differ, with the runs that trained them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from penstock.app.compare import Difference, compare_runs
from penstock.app.runs import RUN
from penstock.engine.records import RunRecord
from penstock.release.registry import Release, resolve

if TYPE_CHECKING:
    from penstock.app.session import Session
    from penstock.domain.values import Json


def compare_models(session: Session, before: str, after: str) -> list[Difference]:
    """Return the differences of two releases: themselves, their metrics, and their runs where both are known.

    Parameters
    ----------
    before, after
        ``denmark@v1``, ``denmark@champion``; they may be of two models.

    Raises
    ------
    UnknownNameError
        There is no such release.
    """
    pair = (resolve(session.catalogue, before), resolve(session.catalogue, after))
    runs = [one.run_id for one in pair]
    told = [session.catalogue.get(RUN, run_id, RunRecord) is not None for run_id in runs]
    between = compare_runs(session, runs) if all(told) and len(set(runs)) > 1 else []
    return [
        *_differences("release", [_facts(one) for one in pair]),
        *_differences("metric", [_metrics(one) for one in pair]),
        *(one for one in between if one.kind != "metric"),
    ]


def _facts(release: Release) -> Mapping[str, Json]:
    return {
        "bundle": release.digest,
        "created": release.created_at.isoformat(),
        "dataset": release.dataset,
        "model": release.logical,
        "name": release.name,
        "run": release.run_id,
    }


def _metrics(release: Release) -> Mapping[str, Json]:
    return {
        f"{rung}.{name}": value for rung, scores in release.metrics.items() for name, value in scores.items()
    }


def _differences(kind: str, pair: list[Mapping[str, Json]]) -> Iterator[Difference]:
    for name in sorted({name for values in pair for name in values}):
        values = tuple(one.get(name) for one in pair)
        if values[0] != values[1]:
            yield Difference(kind=kind, name=name, values=values)
