"""Which steps may start: parents done, resources free, ties in the order of the pipeline."""

from __future__ import annotations

from penstock.domain.values import Resources
from penstock.engine.graph import Graph, Node


class Schedule:
    """Hands out nodes whose parents are done, within a capacity. Does no I/O."""

    def __init__(self, graph: Graph, capacity: Resources) -> None:
        self._order = {node.name: position for position, node in enumerate(graph.nodes)}
        self._missing = {node.name: set(node.parents) for node in graph.nodes}
        self._waiting = {node.name: node for node in graph.nodes}
        self._running: dict[str, Node] = {}
        self._done: set[str] = set()
        self._capacity = capacity

    @property
    def is_done(self) -> bool:
        """Whether every node has finished."""
        return not self._waiting and not self._running

    @property
    def unstarted(self) -> tuple[str, ...]:
        """Names of the nodes that never started, in order."""
        return tuple(sorted(self._waiting, key=self._order.__getitem__))

    def ready(self) -> list[Node]:
        """Return the nodes that may start, in the order of the pipeline."""
        names = [name for name in self._waiting if self._missing[name] <= self._done]
        return [self._waiting[name] for name in sorted(names, key=self._order.__getitem__)]

    def fits(self, node: Node) -> bool:
        """Tell whether ``node`` fits beside what runs; alone, any node fits."""
        if not self._running:
            return True
        wanted = [node, *self._running.values()]
        need = [item.step.resources for item in wanted]
        limits = self._capacity
        return (
            sum(item.cpu for item in need) <= limits.cpu
            and (not limits.memory_mb or sum(item.memory_mb for item in need) <= limits.memory_mb)
            and sum(item.gpu for item in need) <= limits.gpu
        )

    def start(self, name: str) -> None:
        """Take ``name`` off the waiting ones."""
        self._running[name] = self._waiting.pop(name)

    def finish(self, name: str) -> None:
        """Mark ``name`` as done, whether it ran or was reused."""
        self._running.pop(name, None)
        self._waiting.pop(name, None)
        self._done.add(name)
