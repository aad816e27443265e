"""An engine in a new workspace, with a clock that stands under the test's control."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from penstock.domain.events import Event
from penstock.domain.values import RunId
from penstock.engine.declare import Pipeline
from penstock.engine.execute import Engine, Execution, Request
from penstock.engine.executors import Executor, InlineExecutor, PoolExecutor
from penstock.storage.catalogue import SqliteCatalogue
from penstock.storage.local import LocalStore
from penstock.storage.workspace import Workspace

BEGINNING = datetime(2026, 1, 2, tzinfo=UTC)


@dataclass
class Ears:
    """A listener that keeps what it hears."""

    heard: list[Event] = field(default_factory=list)

    def on(self, event: Event) -> None:
        self.heard.append(event)

    def names(self) -> list[str]:
        return [type(event).__name__ for event in self.heard]


@dataclass
class House:
    """Runs graphs in one workspace, each run a second after the last."""

    workspace: Workspace
    environ: Mapping[str, str] = field(default_factory=dict)
    executor: Executor = field(default_factory=InlineExecutor)
    ears: Ears = field(default_factory=Ears)
    runs: int = 0

    def states(self, work: Callable[[], object]) -> dict[str, str]:
        """Run and return the state of each step."""
        return {step.report.name: step.report.state for step in self.run(work).record.steps}

    def engine(self) -> Engine:
        return Engine(
            workspace=self.workspace,
            store=LocalStore(self.workspace.objects),
            catalogue=SqliteCatalogue(self.workspace),
            clock=lambda: BEGINNING + timedelta(seconds=self.runs),
            environ=self.environ,
            executor=self.executor,
            listeners=(self.ears,),
        )

    def run(self, work: Callable[[], object], *, price_per_cpu_hour: float | None = None) -> Execution:
        """Run what ``work`` calls: ``house.run(lambda: total(numbers(3)))``."""
        graph = Pipeline(function=work, name="sample").plan()
        self.runs += 1
        request = Request(
            system="sample",
            run_id=RunId(f"run-{self.runs}"),
            who="anna",
            command=("run", "sample"),
            overrides=("a=1",),
            config={"a": 1},
            price_per_cpu_hour=price_per_cpu_hour,
        )
        return self.engine().run(graph, request)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(Workspace.open(tmp_path / "workspace"))


@pytest.fixture
def pool(house: House) -> Iterator[House]:
    """The house with two worker processes."""
    house.executor = PoolExecutor(2)
    yield house
    house.executor.close()
