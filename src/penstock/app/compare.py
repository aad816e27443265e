"""``penstock runs compare``: everything in which runs differ, by kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from penstock.app.runs import RUN_RESULT, show_run
from penstock.app.session import Session
from penstock.domain.errors import UnknownNameError, UsageError
from penstock.domain.results import Result, RunResult
from penstock.domain.values import Json
from penstock.engine.records import RunRecord, StepRecord
from penstock.storage.datasets import dataset

CAUSES = ("data", "code", "asked", "config", "seed", "environment")
"""Kinds of what a result rests on."""

OUTCOMES = ("metric", "digest")
"""Kinds of what came of it: the numbers of the ladder, and the outputs of the steps."""

SEED = "seed"


class Difference(Result):
    """One thing in which runs differ: its name, and its value in each run (``None`` where absent)."""

    kind: str
    name: str
    values: tuple[Json, ...]


def compare_runs(session: Session, run_ids: Sequence[str]) -> list[Difference]:
    """Return everything in which the runs differ, in the order of ``CAUSES`` and ``OUTCOMES``.

    A run that failed has no dataset and no metrics, and no digests of steps that it did not reach.

    Raises
    ------
    UsageError
        If there are fewer than two.
    UnknownNameError
        If there is no such run.
    """
    if len(run_ids) < 2:  # noqa: PLR2004 - a comparison
        raise UsageError(f"Only {', '.join(run_ids)} was named; give two or more run ids to compare.")
    each = [_facts(session, run_id) for run_id in run_ids]
    kinds = (*CAUSES, *OUTCOMES)
    return [found for kind in kinds for found in _differences(kind, [facts[kind] for facts in each])]


def verdict(found: Sequence[Difference]) -> str:
    """Say in one line in which respects runs differ, and in which they do not."""
    differing = {difference.kind for difference in found}
    if not differing:
        return "The runs do not differ."
    causes = [kind for kind in CAUSES if kind in differing]
    same = [kind for kind in CAUSES if kind not in differing]
    told = (
        f"They differ in {_listed(causes)}"
        if causes
        else "Nothing that they rest on differs, yet their results do"
    )
    if causes and same:
        told += f"; {_listed(same)} {'is' if len(same) == 1 else 'are'} the same"
    if causes and differing.isdisjoint(OUTCOMES):
        told += "; so are their results" if same else "; their results are the same"
    return f"{told}."


def _facts(session: Session, run_id: str) -> dict[str, Mapping[str, Json]]:
    """Return name → value for each kind."""
    record = show_run(session, run_id)
    entry = session.catalogue.get(RUN_RESULT, run_id, RunResult)
    result = entry.body if entry else None
    config = _flat(record.config)
    return {
        "data": {**_dataset(session, result), **_files(record)},
        "code": _code(record),
        "asked": _asked(record),
        "config": {key: value for key, value in config.items() if not _is_seed(key)},
        SEED: {key: value for key, value in config.items() if _is_seed(key)},
        "environment": _environment(record),
        "metric": _metrics(result),
        "digest": {step.report.name: step.output.logical for step in record.steps if step.output},
    }


def _differences(kind: str, each: Sequence[Mapping[str, Json]]) -> Iterator[Difference]:
    for name in sorted({name for values in each for name in values}):
        values = tuple(facts.get(name) for facts in each)
        if len(set(map(repr, values))) > 1:
            yield Difference(kind=kind, name=name, values=values)


def _is_seed(key: str) -> bool:
    return key.rpartition(".")[2] == SEED


def _dataset(session: Session, result: RunResult | None) -> dict[str, Json]:
    """Return the dataset version with its size and span, so that the difference of two is told in numbers."""
    if result is None or result.dataset is None:
        return {}
    try:
        facts = dataset(session.catalogue, result.dataset).facts
    except UnknownNameError:
        return {"dataset": result.dataset}
    return {
        "dataset": result.dataset,
        "dataset: rows": facts.rows,
        "dataset: series": facts.series,
        "dataset: first": facts.first.isoformat(),
        "dataset: last": facts.last.isoformat(),
        "dataset: source": facts.source,
    }


def _files(record: RunRecord) -> dict[str, Json]:
    """Return the content of the files that configuration and steps name."""
    found: dict[str, Json] = {name: ref.logical for name, ref in record.inputs.items()}
    for step in record.steps:
        reads = step.ingredients.reads if step.ingredients else {}
        found.update({f"{step.report.name}: {name}": digest for name, digest in reads.items()})
    return found


def _code(record: RunRecord) -> dict[str, Json]:
    source = record.source.logical if record.source else None
    parts: dict[str, Json] = {"commit": record.commit, "source": source}
    for step in record.steps:
        if step.ingredients:
            parts.update(step.ingredients.code)
    return parts


def _asked(record: RunRecord) -> dict[str, Json]:
    """Return the verb, and the options that say with the configuration what was asked for."""
    options = zip(record.arguments[::2], record.arguments[1::2], strict=True)
    return {"verb": record.verb, **dict(options)}


def _environment(record: RunRecord) -> dict[str, Json]:
    """Return interpreter, machine, libraries, and the variables that steps declare."""
    declared = {name: value for step in record.steps for name, value in _variables(step).items()}
    return {**declared, **record.environment, **record.libraries}


def _variables(step: StepRecord) -> Mapping[str, str]:
    return step.ingredients.environment if step.ingredients else {}


def _flat(config: Mapping[str, Json], prefix: str = "") -> dict[str, Json]:
    flat: dict[str, Json] = {}
    for key, value in config.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _metrics(result: RunResult | None) -> dict[str, Json]:
    scored = result.metrics if result else {}
    return {f"{rung}.{name}": value for rung, scores in scored.items() for name, value in scores.items()}


def _listed(words: Sequence[str]) -> str:
    *first, last = ("what was asked" if word == "asked" else word for word in words)
    return f"{', '.join(first)} and {last}" if first else last
