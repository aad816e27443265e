"""Describe every key of every configuration: the text of ``docs/config.md``."""

from __future__ import annotations

import json
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel, SecretBytes, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined, to_jsonable_python

from penstock.app.config.groups import SUFFIXES, SystemFiles
from penstock.app.config.schema import Key, keys

MAX_DEFAULT = 60
NAMES: Mapping[Any, str] = {
    int: "whole number",
    float: "number",
    str: "text",
    bool: "true or false",
    Path: "path",
    datetime: "moment with its zone",
    AwareDatetime: "moment with its zone",
    date: "date",
    type(None): "null",
    SecretStr: "secret",
    SecretBytes: "secret",
}
BOUNDS: Mapping[str, str] = {
    "ge": "≥ {}",
    "gt": "> {}",
    "le": "≤ {}",
    "lt": "< {}",
    "multiple_of": "multiple of {}",
    "min_length": "at least {} long",
    "max_length": "at most {} long",
    "pattern": "like `{}`",
}


def reference(systems: Sequence[SystemFiles]) -> str:
    """Return the tables of all keys: those that all systems share once, then those of each system."""
    tables = {files.title: _rows(files.schema) for files in systems}
    shared = _shared(list(tables.values()))
    parts = ["## Keys of every system\n", _table(shared)]
    for files in systems:
        own = [row for row in tables[files.title] if row not in shared]
        parts.append(f"\n## Keys of {files.title}\n")
        parts.append(_table(own) if own else "None of its own.")
        parts.extend(_choices(files))
    return "\n".join(parts) + "\n"


def _rows(schema: type[BaseModel]) -> list[str]:
    return [_row(key) for key in keys(schema).values() if not key.components]


def _shared(tables: Sequence[Sequence[str]]) -> list[str]:
    first, *others = tables
    return [row for row in first if all(row in other for other in others)]


def _table(rows: Iterable[str]) -> str:
    return "\n".join(
        ["| key | takes | default | what it does, and why one changes it |", "|---|---|---|---|", *rows]
    )


def _row(key: Key) -> str:
    takes = ", ".join([type_text(key.info.annotation), *_bounds(key.info)])
    cells = (f"`{key.name}`", takes, _default(key.info), _explanation(key))
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _explanation(key: Key) -> str:
    text = key.explanation.replace("``", "`")
    return f"{text} Set by `{key.variable}` only.".strip() if key.is_secret else text


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    value = info.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return "required"
    text = value if isinstance(value, str) else json.dumps(to_jsonable_python(value), ensure_ascii=False)
    shown = text if len(text) <= MAX_DEFAULT else f"{text[:MAX_DEFAULT]}…"
    return f"`{shown}`" if shown else "empty"


def _bounds(info: FieldInfo) -> Iterator[str]:
    metadata = [*info.metadata, *_inner_metadata(info.annotation)]
    for item in metadata:
        for name, pattern in BOUNDS.items():
            bound = getattr(item, name, None)
            if bound is not None:
                yield pattern.format(bound)


def _inner_metadata(annotation: Any) -> Iterator[Any]:
    """Yield the constraints inside ``Annotated[…] | None``."""
    if get_origin(annotation) is Annotated:
        for item in get_args(annotation)[1:]:
            yield from item.metadata if isinstance(item, FieldInfo) else (item,)
    elif get_origin(annotation) in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _inner_metadata(member)


def type_text(annotation: Any) -> str:
    """Return what a value of this type looks like, in plain words.

    Examples
    --------
    >>> type_text(tuple[int, ...] | None)
    'list of whole numbers, or null'
    >>> type_text(Literal["mape", "mase"])
    '`mape` or `mase`'
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_text(arguments[0])
    if origin is Literal:
        return " or ".join(f"`{argument}`" for argument in arguments)
    if origin in (Union, types.UnionType):
        return ", or ".join(dict.fromkeys(type_text(argument) for argument in arguments))
    if origin in (tuple, list, set, frozenset):
        return _list_text(arguments)
    if origin in (dict, Mapping) or annotation is dict:
        return f"mapping to {_plural(type_text(arguments[-1]))}" if arguments else "mapping"
    return NAMES.get(annotation, str(getattr(annotation, "__name__", annotation)))


def _list_text(arguments: Sequence[Any]) -> str:
    items = [argument for argument in arguments if argument is not Ellipsis]
    distinct = list(dict.fromkeys(type_text(item) for item in items))
    if len(items) > 1:
        return f"{len(items)} values: {', '.join(type_text(item) for item in items)}"
    return f"list of {_plural(distinct[0])}" if distinct else "list"


def _plural(text: str) -> str:
    return {"text": "texts", "path": "paths"}.get(text, f"{text}s" if text.endswith("number") else text)


def _choices(files: SystemFiles) -> Iterator[str]:
    groups = [key.name for key in keys(files.schema).values() if key.components and "." not in key.name]
    found = {group: _names(files, group) for group in groups}
    if any(found.values()):
        yield "\nGroups to choose from, as in `features=slim`:\n"
        yield from (
            f"- `{group}`: {', '.join(f'`{name}`' for name in names)}"
            for group, names in found.items()
            if names
        )


def _names(files: SystemFiles, group: str) -> list[str]:
    folders = [folder / group for folder in (files.folder, files.presets) if folder is not None]
    entries = [entry.name for folder in folders if folder.is_dir() for entry in folder.iterdir()]
    return sorted({name.rpartition(".")[0] for name in entries if name.endswith(SUFFIXES)})
