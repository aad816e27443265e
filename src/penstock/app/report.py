"""The report of a finished run: the pipeline's facts, with what only the end of the run knows."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import penstock
from penstock.reporting.facts import ConfigFacts, ProvenanceFacts
from penstock.reporting.replay_facts import ReplayFacts

if TYPE_CHECKING:
    from penstock.domain.results import RunResult
    from penstock.domain.values import Json
    from penstock.engine.records import RunRecord
    from penstock.reporting.facts import ReportFacts


def finished(
    facts: ReportFacts | ReplayFacts, record: RunRecord, result: RunResult
) -> ReportFacts | ReplayFacts:
    """Add where the numbers come from: run, times, code, configuration, environment, steps, model version."""
    provenance = _provenance(record, result)
    if isinstance(facts, ReplayFacts):
        return dataclasses.replace(facts, provenance=provenance, simulated=result.simulated)
    return dataclasses.replace(
        facts,
        provenance=provenance,
        model=result.model,
        dataset=result.dataset or facts.dataset,
        simulated=result.simulated,
        notes=result.notes,
    )


def with_best_config(facts: ReportFacts | ReplayFacts, name: str) -> ReportFacts | ReplayFacts:
    """Say under which name the winning configuration is kept, such as ``load/best_config@v1``; empty: under none."""
    if isinstance(facts, ReplayFacts) or facts.tuning is None:
        return facts
    return dataclasses.replace(facts, tuning=dataclasses.replace(facts.tuning, best_config=name))


def _provenance(record: RunRecord, result: RunResult) -> ProvenanceFacts:
    commit, _, dirty = (record.commit or "").partition("+")
    return ProvenanceFacts(
        run_id=record.run_id,
        started_at=record.started_at,
        finished_at=record.finished_at,
        digest=result.digest or "",
        commit=commit,
        dirty=bool(dirty),
        version=penstock.__version__,
        environment={**record.environment, **record.libraries},
        config=tuple(_config(record)),
        steps=tuple(step.report for step in record.steps),
        currency=str(record.config.get("currency", "")),
    )


def write_report(facts: ReportFacts | ReplayFacts, path: Path) -> None:
    """Write the report as one HTML file, whole or not at all."""
    from penstock.storage.atomic import write_atomic

    if isinstance(facts, ReplayFacts):
        from penstock.reporting.replay import render_replay

        text = render_replay(facts)
    else:
        from penstock.reporting.report import render

        text = render(facts)
    write_atomic(path, text.encode())


def _config(record: RunRecord) -> list[ConfigFacts]:
    return [
        ConfigFacts(key=key, value=_at(record.config, key), origin=origin)
        for key, origin in record.origins.items()
    ]


def _at(config: dict[str, Json], key: str) -> Json:
    value: Json = config
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
