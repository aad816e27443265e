"""The graph that a pipeline function draws while it is traced."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from penstock.domain.errors import PipelineError

if TYPE_CHECKING:
    from penstock.engine.declare import Step


class Ref:
    """Stands for the output of a step while a pipeline is drawn.

    It can be handed to other steps, also inside lists, tuples, dictionaries and dataclasses, and can do nothing else:
    a pipeline may branch on its configuration, never on results.
    """

    __slots__ = ("_graph", "_node")

    def __init__(self, graph: GraphBuilder, node: str) -> None:
        self._graph = graph
        self._node = node

    def __repr__(self) -> str:
        return f"Ref({self._node})"

    def _refuse(self, *_: object) -> NoReturn:
        raise PipelineError(
            f"The pipeline looks into the result of step {self._node!r} while it is being planned. A pipeline may "
            "branch on its configuration, never on results: move this code into a step that takes the result."
        )

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse()

    __bool__ = __len__ = __iter__ = __getitem__ = __call__ = __contains__ = _refuse
    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __add__ = __radd__ = __sub__ = __mul__ = _refuse
    __hash__ = object.__hash__


def node_of(ref: Ref) -> str:
    """Return the name of the node that ``ref`` stands for."""
    return ref._node  # noqa: SLF001 - a Ref shows nothing to pipelines, only to this module


def refs_in(value: object) -> Iterator[Ref]:
    """Yield the references inside ``value``, through lists, tuples, dictionaries and dataclasses, in order."""
    if isinstance(value, Ref):
        yield value
        return
    parts: Iterable[object] = ()
    if isinstance(value, Mapping):
        parts = value.values()
    elif isinstance(value, list | tuple):
        parts = value
    elif _is_record(value):
        parts = _fields(value).values()
    for part in parts:
        yield from refs_in(part)


@dataclass(frozen=True)
class Slot:
    """What a reference becomes when a call travels to a worker: the name of the node whose output goes in."""

    node: str


@dataclass(frozen=True, kw_only=True)
class Node:
    """One call of a step: its arguments by parameter name, with references where other outputs go in."""

    name: str
    step: Step[Any, Any]
    arguments: Mapping[str, object]

    @property
    def parents(self) -> tuple[str, ...]:
        """Names of the nodes whose outputs go in, sorted, each once."""
        return tuple(sorted({node_of(ref) for ref in refs_in(self.arguments)}))


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A planned pipeline: nodes in the order they were called, and the named outputs."""

    pipeline: str
    nodes: tuple[Node, ...]
    outputs: Mapping[str, str]

    def node(self, name: str) -> Node:
        """Return the node called ``name``."""
        return next(node for node in self.nodes if node.name == name)

    def children(self) -> dict[str, tuple[str, ...]]:
        """Return for each node the names of the nodes that take its output."""
        found: dict[str, list[str]] = {node.name: [] for node in self.nodes}
        for node in self.nodes:
            for parent in node.parents:
                found[parent].append(node.name)
        return {name: tuple(children) for name, children in found.items()}


class GraphBuilder:
    """Collects the calls of steps while a pipeline function runs."""

    def __init__(self, pipeline: str) -> None:
        self.pipeline = pipeline
        self._nodes: dict[str, Node] = {}

    def add(self, step: Step[Any, Any], arguments: Mapping[str, object]) -> Ref:
        """Add one call and return the reference to its output."""
        for ref in refs_in(arguments):
            if ref._graph is not self:  # noqa: SLF001 - see node_of
                raise PipelineError(
                    f"Step {step.name!r} takes {ref!r}, which belongs to another pipeline than "
                    f"{self.pipeline!r}: call that step in this pipeline, or pass its stored result."
                )
        name = self._free_name(step.name)
        self._nodes[name] = Node(name=name, step=step, arguments=dict(arguments))
        return Ref(self, name)

    def finish(self, returned: object) -> Graph:
        """Close the graph; ``returned`` is a reference or a mapping of names to references."""
        named = returned if isinstance(returned, Mapping) else {"result": returned}
        outputs = {str(name): node_of(ref) for name, ref in named.items() if isinstance(ref, Ref)}
        return Graph(pipeline=self.pipeline, nodes=tuple(self._nodes.values()), outputs=outputs)

    def _free_name(self, wanted: str) -> str:
        if wanted not in self._nodes:
            return wanted
        number = 2
        while f"{wanted}.{number}" in self._nodes:
            number += 1
        return f"{wanted}.{number}"


_building: ContextVar[GraphBuilder | None] = ContextVar("penstock_graph", default=None)


def building() -> GraphBuilder | None:
    """Return the builder of the pipeline that is being drawn, or ``None`` outside of one."""
    return _building.get()


class Drawing:
    """Context in which calls of steps draw instead of run."""

    def __init__(self, pipeline: str) -> None:
        self.builder = GraphBuilder(pipeline)

    def __enter__(self) -> GraphBuilder:
        self._token = _building.set(self.builder)
        return self.builder

    def __exit__(self, *_: object) -> None:
        _building.reset(self._token)


def substitute(value: object, replace: Mapping[str, object]) -> object:
    """Return ``value`` with each reference or slot replaced by ``replace[node]``."""
    if isinstance(value, Ref | Slot):
        return replace[value.node if isinstance(value, Slot) else node_of(value)]
    if isinstance(value, Mapping):
        return {key: substitute(part, replace) for key, part in value.items()}
    if isinstance(value, list):
        return [substitute(part, replace) for part in value]
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(substitute(part, replace) for part in value)
    if _is_record(value):
        changed = {name: substitute(part, replace) for name, part in _fields(value).items()}
        return dataclasses.replace(value, **changed)  # type: ignore[type-var] # a dataclass, as just asked
    return value


def _is_record(value: object) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type | Ref | Slot)


def _fields(value: object) -> dict[str, object]:
    return {item.name: getattr(value, item.name) for item in dataclasses.fields(value) if item.init}  # type: ignore[arg-type] # a dataclass


def depth_first(graph: Graph, wanted: Sequence[str]) -> tuple[Node, ...]:
    """Return the nodes that ``wanted`` need, themselves included, in the order of the graph."""
    needed: set[str] = set()
    queue = list(wanted)
    while queue:
        name = queue.pop()
        if name not in needed:
            needed.add(name)
            queue.extend(graph.node(name).parents)
    return tuple(node for node in graph.nodes if node.name in needed)
