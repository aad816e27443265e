"""Read one YAML file: line numbers are kept, doubled keys refused, surprises of YAML 1.1 left out."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from penstock.app.config.origins import Layer, Origin

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    import yaml

    from penstock.app.config.faults import Faults

OPEN = "???"
"""A value that a file leaves to others: the key counts as not given."""

CORE = "tag:yaml.org,2002:"
PLAIN_TAGS = frozenset({f"{CORE}map", f"{CORE}seq"})

INTERPOLATION = "${"
NO_INTERPOLATION = "interpolation is not supported; write the value itself, and keep secrets and paths of one machine in the environment"


@dataclass(frozen=True, kw_only=True)
class Document:
    """What a file says: nested values and the line of each dotted key, counted from 1."""

    name: str
    values: Mapping[str, object] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)

    def layer(self, group: str = "") -> Layer:
        """Return the values as a layer, standing under the key ``group`` if one is named."""
        if not group:
            return Layer(name=self.name, values=self.values, origins=self._origins(""))
        origins = {group: Origin(kind="file", place=self.name), **self._origins(f"{group}.")}
        return Layer(name=self.name, values={group: self.values}, origins=origins)

    def _origins(self, prefix: str) -> dict[str, Origin]:
        return {
            f"{prefix}{key}": Origin(kind="file", place=f"{self.name}:{line}")
            for key, line in self.lines.items()
        }


def read_document(file: Traversable, name: str, faults: Faults) -> Document:
    """Read ``file``; what is wrong goes to ``faults`` and out of the result.

    Numbers and truth values are those of YAML 1.2: ``no``, ``on``, ``010`` and ``12:30`` are text, ``1e-3`` is a
    number, a date stays text. Keys are text. ``???`` counts as not given. An empty file is an empty document.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        faults.lose(f"{name} cannot be read: {error}")
        return Document(name=name)
    return parse_document(text, name, faults)


def parse_document(text: str, name: str, faults: Faults) -> Document:
    """Read ``text`` as :func:`read_document` reads a file; ``name`` stands for it in messages."""
    import yaml

    try:
        loader = _loader_class()(text)
        root = loader.get_single_node()
    except yaml.YAMLError as error:
        faults.lose(f"{name} is not valid YAML: {_one_line(error)}")
        return Document(name=name)
    if root is None:
        return Document(name=name)
    if not isinstance(root, yaml.MappingNode):
        faults.lose(f"{name} must hold keys and values (key: value), not {_kind(root)}")
        return Document(name=name)
    reader = _Reader(name, loader, faults)
    values = reader.mapping(root, "")
    return Document(name=name, values=values, lines=reader.lines)


class _Reader:
    """Turns nodes into values and remembers lines."""

    def __init__(self, name: str, loader: yaml.SafeLoader, faults: Faults) -> None:
        self.name = name
        self.lines: dict[str, int] = {}
        self._loader = loader
        self._faults = faults
        self._open: list[yaml.Node] = []

    def mapping(self, node: yaml.MappingNode, prefix: str) -> dict[str, object]:
        values: dict[str, object] = {}
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            name, line = str(key_node.value), key_node.start_mark.line + 1
            key = f"{prefix}{name}"
            if name in seen:
                self._fault(line, f"{key} is defined twice, first on line {seen[name]}; keep one")
                continue
            seen[name] = self.lines[key] = line
            value = self._value(value_node, key)
            if value != OPEN:
                values[name] = value
        return values

    def _value(self, node: yaml.Node, key: str) -> object:
        import yaml

        if any(node is opened for opened in self._open):
            self._fault(node.start_mark.line + 1, f"{key} contains itself")
            return None
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, key)
        if str(node.tag) not in PLAIN_TAGS:
            self._fault(
                node.start_mark.line + 1, f"{key}: the tag {node.tag} is not supported; write plain values"
            )
            return None
        self._open.append(node)
        try:
            if isinstance(node, yaml.MappingNode):
                return self.mapping(node, f"{key}.")
            return [self._value(child, f"{key}.{index}") for index, child in enumerate(node.value)]
        finally:
            self._open.pop()

    def _scalar(self, node: yaml.ScalarNode, key: str) -> object:
        import yaml

        line = node.start_mark.line + 1
        try:
            value: object = self._loader.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            self._fault(line, f"{key}: {_one_line(error)}")
            return None
        if isinstance(value, str) and INTERPOLATION in value:
            self._fault(line, f"{key} = {value!r}: {NO_INTERPOLATION}")
            return None
        return value

    def _fault(self, line: int, message: str) -> None:
        self._faults.lose(f"{self.name}:{line}: {message}")


@functools.cache
def _loader_class() -> type[yaml.SafeLoader]:
    """Return a loader that resolves plain scalars as YAML 1.2 does (JSON words and numbers)."""
    import yaml

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012  # PyYAML fills this attribute of the class

    digits = "-+0123456789"
    resolvers = (
        ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
        ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
        ("int", r"[-+]?(0|[1-9][0-9_]*)", list(digits)),
        ("float", r"[-+]?(\.[0-9]+|[0-9][0-9_]*\.[0-9_]*)([eE][-+]?[0-9]+)?", list(f"{digits}.")),
        ("float", r"[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+", list(digits)),
        ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", list("-+.")),
    )
    for tag, pattern, first in resolvers:
        Loader.add_implicit_resolver(f"{CORE}{tag}", re.compile(f"^(?:{pattern})$"), first)
    return Loader


def _kind(node: yaml.Node) -> str:
    import yaml

    return "a list" if isinstance(node, yaml.SequenceNode) else "one value"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
