from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.values import Resources
from penstock.engine import step
from penstock.engine.graph import Graph, GraphBuilder, Node, Ref
from penstock.engine.schedule import Schedule


@step(stage="prepare", cpu=2)
def work(parents: list[int], number: int) -> int:
    return number


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    builder = GraphBuilder("random")
    refs: list[Ref] = []
    for number in range(draw(st.integers(1, 12))):
        parents = draw(st.lists(st.sampled_from(refs), unique_by=id, max_size=3)) if refs else []
        refs.append(builder.add(work, {"parents": parents, "number": number}))
    return builder.finish(None)


@given(graphs(), st.integers(1, 6))
def test_every_step_starts_after_its_parents_and_within_capacity(graph: Graph, cpu: int) -> None:
    schedule = Schedule(graph, Resources(cpu=cpu))
    done: set[str] = set()
    running: list[Node] = []
    while not schedule.is_done:
        for node in schedule.ready():
            if schedule.fits(node):
                assert set(node.parents) <= done
                schedule.start(node.name)
                running.append(node)
        assert sum(node.step.resources.cpu for node in running) <= cpu or len(running) == 1
        finished = running.pop(0)
        schedule.finish(finished.name)
        done.add(finished.name)
    assert done == {node.name for node in graph.nodes}


@given(graphs())
def test_the_order_is_the_same_every_time(graph: Graph) -> None:
    def order() -> list[str]:
        schedule, names = Schedule(graph, Resources(cpu=1)), []
        while not schedule.is_done:
            node = schedule.ready()[0]
            schedule.start(node.name)
            schedule.finish(node.name)
            names.append(node.name)
        return names

    assert order() == order() == [node.name for node in graph.nodes]
