"""The steps in a real pipeline: they run once, and are reused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from penstock.domain.values import RunId
from penstock.engine import pipeline
from penstock.engine.execute import Engine, Execution, Request
from penstock.engine.executors import InlineExecutor
from penstock.quality.subsample.counts import SampleCount
from penstock.quality.subsample.steps import (
    LimitConfig,
    NearConfig,
    count_rows,
    drop_copies,
    drop_near_copies,
    limit_rows,
    with_clusters,
)
from penstock.storage.catalogue import SqliteCatalogue
from penstock.storage.local import LocalStore
from penstock.storage.workspace import Workspace

NEAR = NearConfig(columns=("text",), similarity=0.8)


@pipeline(name="subsample")
def subsample(near: NearConfig, limit: LimitConfig) -> dict[str, object]:
    """Take copies away, near copies, and more than a few of an id."""
    table = texts()
    single = drop_copies(table, ())
    distinct = drop_near_copies(single, near)
    few = limit_rows(distinct, limit)
    return {"rows": few, "clusters": with_clusters(single, near), "count": count_rows(table, few, "texts")}


def texts() -> pl.DataFrame:
    """Return five texts of two users, of which one stands twice and one nearly twice."""
    words = ["red shoe", "red shoe", "red shoes", "green hat", "umbrella"]
    return pl.DataFrame({"user": ["a", "a", "b", "a", "a"], "text": words})


def _run(engine: Engine, number: int) -> Execution:
    graph = subsample.plan(NEAR, LimitConfig(by=("user",), limit=2, seed=1))
    request = Request(
        system="sample", run_id=RunId(f"run-{number}"), who="anna", command=(), overrides=(), config={}
    )
    return engine.run(graph, request)


def test_steps_run_once_and_say_what_they_took_away(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path)
    engine = Engine(
        workspace=workspace,
        store=LocalStore(workspace.objects),
        catalogue=SqliteCatalogue(workspace),
        clock=lambda: datetime(2026, 1, 2, tzinfo=UTC),
        environ={},
        executor=InlineExecutor(),
        listeners=(),
    )
    first, second = _run(engine, 1), _run(engine, 2)
    rows = first.output("rows")
    assert isinstance(rows, pl.DataFrame)
    assert rows["user"].to_list() == ["a", "a"]
    assert first.output("count") == SampleCount(what="texts", before=5, after=2)
    clustered = first.output("clusters")
    assert isinstance(clustered, pl.DataFrame)
    assert clustered["cluster"].to_list() == [0, 0, 2, 3]
    assert {step.report.state for step in second.record.steps} == {"reused"}
