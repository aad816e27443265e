"""From a step and its arguments to the digest of everything its result depends on."""

from __future__ import annotations

import dataclasses
import inspect
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from penstock.domain.errors import PipelineError, bounded
from penstock.engine.environment import libraries, unowned_files
from penstock.engine.freshness import discard_stale_bytecode
from penstock.engine.graph import Graph, Node, Ref, refs_in, substitute
from penstock.engine.records import Ingredients, Parameter
from penstock.engine.source import SourceIndex
from penstock.engine.surroundings import surroundings
from penstock.storage.digests import digest_bytes, digest_file, digest_tree, digest_value

if TYPE_CHECKING:
    from penstock.engine.records import OutputRef
    from penstock.engine.source import CodeClosure

SHOWN_CHARACTERS = 4000


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """The digest of the ingredients, with the files that a running step may open because they count."""

    digest: str
    ingredients: Ingredients
    source_files: frozenset[Path]
    data_files: Mapping[Path, str]


@dataclass(frozen=True, kw_only=True)
class Reached:
    """Files that a graph depends on, as far as its plan tells.

    Attributes
    ----------
    sources
        First-party files that its code can reach, with the names of their modules.
    data
        Files that its code and its arguments name.
    libraries
        Files of libraries that no distribution owns, so that no version tells of a change.
    folders
        Folders in which a new module may change what the code reaches.
    """

    sources: Mapping[Path, str | None]
    data: frozenset[Path]
    libraries: frozenset[Path]
    folders: frozenset[Path]


@dataclass(kw_only=True)
class Fingerprinter:
    """Computes fingerprints; keeps parsed sources and closures for the length of one plan."""

    environ: Mapping[str, str]
    index: SourceIndex = field(default_factory=SourceIndex)
    _libraries: dict[frozenset[str], dict[str, str]] = field(default_factory=dict)

    def fingerprint(self, node: Node, outputs: Mapping[str, OutputRef]) -> Fingerprint:
        """Return the fingerprint of ``node`` when its parents have made ``outputs``.

        Raises
        ------
        PipelineError
            If a declared file does not exist or an argument has no digest.
        """
        closures = self._closures_of(node, outputs)
        reads = self._reads(node, closures)
        named = (path for value in node.arguments.values() for path in paths_in(value))
        contents = {path: digest_if_there(path) for path in {*reads.values(), *named}}
        ingredients = Ingredients(
            step=node.step.qualified,
            code=_merged(closures),
            reads={name: contents[path] for name, path in sorted(reads.items())},
            params=self._params(node, contents),
            inputs=self._inputs(node, outputs, contents),
            libraries=self._versions(closures),
            environment={**surroundings(self.environ), **self._declared_env(node)},
            dynamic=tuple(sorted({reason for closure in closures for reason in closure.dynamic})),
        )
        return Fingerprint(
            digest=digest_of(ingredients),
            ingredients=ingredients,
            source_files=frozenset(path for closure in closures for path in closure.files),
            data_files={path.resolve(): digest for path, digest in contents.items()},
        )

    def reached(self, graph: Graph) -> Reached:
        """Return the files that ``graph`` depends on, before anything runs; the classes of outputs are left out.

        Raises
        ------
        PipelineError
            If a declared file does not exist, or the bytecode of a source is older than it says.
        """
        closures = {node.name: self._planned_closures(node) for node in graph.nodes}
        reads = (path for node in graph.nodes for path in self._reads(node, closures[node.name]).values())
        named = (
            path for node in graph.nodes for value in node.arguments.values() for path in paths_in(value)
        )
        all_closures = [closure for found in closures.values() for closure in found]
        _refuse_stale_bytecode({path for found in all_closures for path in found.files})
        return Reached(
            sources={path: self.index.module_of(path) for found in all_closures for path in found.files},
            data=frozenset((*reads, *named)),
            libraries=frozenset(
                unowned_files(name for found in all_closures for name in found.distributions)
            ),
            folders=frozenset(folder for found in all_closures for folder in found.folders),
        )

    def _planned_closures(self, node: Node) -> list[CodeClosure]:
        found = [self.index.closure(node.step.qualified)]
        return found + [self.index.closure(kind) for kind in first_party_types(node.arguments, self.index)]

    def _closures_of(self, node: Node, outputs: Mapping[str, OutputRef]) -> list[CodeClosure]:
        found = self._planned_closures(node)
        for parent in node.parents:
            made = self.index.type_named(outputs[parent].type)
            if made is not None:
                found.append(self.index.closure(made))
        return found

    def _reads(self, node: Node, closures: list[CodeClosure]) -> dict[str, Path]:
        folder = Path(inspect.getfile(node.step.function)).parent
        found = {name: folder / name for name in node.step.reads}
        for name, path in found.items():
            if not path.exists():
                raise PipelineError(
                    f"Step {node.name!r} declares that it reads {name!r}, but {path} does not exist. "
                    "Paths in `reads` are relative to the folder of the step's module."
                )
        # The declaration itself names these files, as code does.
        named = {path for closure in closures for path in closure.literal_paths} - set(found.values())
        return found | {str(path): path for path in named}

    def _params(self, node: Node, contents: Mapping[Path, str]) -> dict[str, Parameter]:
        return {
            name: Parameter(digest=_digest(value, contents), shown=_shown(value))
            for name, value in sorted(node.arguments.items())
            if not any(True for _ in refs_in(value))
        }

    def _inputs(
        self, node: Node, outputs: Mapping[str, OutputRef], contents: Mapping[Path, str]
    ) -> dict[str, str]:
        logical = {name: f"output:{outputs[name].logical}" for name in node.parents}
        return {
            name: logical[next(refs_in(value))._node]  # noqa: SLF001 - the graph module's own name
            if isinstance(value, Ref)
            else _digest(substitute(value, logical), contents)
            for name, value in sorted(node.arguments.items())
            if any(True for _ in refs_in(value))
        }

    def _versions(self, closures: list[CodeClosure]) -> dict[str, str]:
        reached = frozenset(name for closure in closures for name in closure.distributions)
        if reached not in self._libraries:
            self._libraries[reached] = libraries(reached)
        return self._libraries[reached]

    def _declared_env(self, node: Node) -> dict[str, str]:
        # Values may be secrets: only their digests are kept.
        return {
            f"env:{name}": digest_bytes(self.environ[name].encode()) if name in self.environ else "unset"
            for name in node.step.env
        }


def _refuse_stale_bytecode(sources: Iterable[Path]) -> None:
    stale = discard_stale_bytecode(sources)
    if stale:
        raise PipelineError(
            f"Python had kept bytecode for {bounded(stale)} that was older than the source, though it carries the "
            "same time and size. It is removed now: run the same command again."
        )


def digest_of(ingredients: Ingredients) -> str:
    """Return the digest of what counts: everything but the texts for people."""
    return digest_value(
        {
            "step": ingredients.step,
            "code": ingredients.code,
            "reads": _portable(ingredients.reads),
            "params": {name: parameter.digest for name, parameter in ingredients.params.items()},
            "inputs": ingredients.inputs,
            "libraries": ingredients.libraries,
            "environment": ingredients.environment,
        }
    )


def digest_path(path: Path) -> str:
    """Return the digest of a file's content or of a whole folder."""
    return digest_tree(path) if path.is_dir() else digest_file(path)


def digest_if_there(path: Path) -> str:
    """Return the digest of a file or folder, or ``missing``."""
    try:
        return digest_path(path)
    except OSError:
        return "missing"


def paths_in(value: object) -> Iterator[Path]:
    """Yield files named inside an argument: ``Path`` values, and texts that name an existing file."""
    if isinstance(value, Path):
        yield value
    elif isinstance(value, str):
        if 0 < len(value) < 512 and "\n" not in value and _is_file(value):  # noqa: PLR2004 - no path is longer
            yield Path(value)
    else:
        for part in parts_of(value):
            yield from paths_in(part)


def first_party_types(value: object, index: SourceIndex) -> list[type]:
    """Return the first-party classes of ``value`` and of everything inside it, sorted by name."""
    found: dict[str, type] = {}

    def visit(part: object) -> None:
        kind = type(part)
        if kind.__module__ != "builtins" and index.is_first_party(kind.__module__):
            found[f"{kind.__module__}:{kind.__qualname__}"] = kind
        for inner in parts_of(part):
            visit(inner)

    visit(value)
    return [kind for _, kind in sorted(found.items())]


def parts_of(value: object) -> Iterator[object]:
    """Yield what lies directly inside a container, dataclass or pydantic model."""
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, list | tuple):
        yield from value
    elif isinstance(value, set | frozenset):
        yield from sorted(value, key=repr)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from (getattr(value, item.name) for item in dataclasses.fields(value))
    elif isinstance(value, BaseModel):
        yield from (getattr(value, name) for name in type(value).model_fields)


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False


def _digest(value: object, contents: Mapping[Path, str]) -> str:
    """Return the digest of an argument and of the contents of all files it names."""
    found = [contents.get(path, "missing") for path in paths_in(value)]
    return digest_value([_without_folders(value, contents), found])


def _without_folders(value: object, contents: Mapping[Path, str]) -> object:
    """Cut paths to the last part of their names where their content counts: a copy elsewhere is the same."""
    if isinstance(value, Path):
        return f"file named {value.name}" if contents.get(value, "missing") != "missing" else value
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return [_without_folders(part, contents) for part in value]
    if isinstance(value, Mapping):
        return {key: _without_folders(part, contents) for key, part in value.items()}
    return value


def _portable(reads: Mapping[str, str]) -> dict[str, str]:
    """Return ``reads`` with absolute names cut to what differs between them: checkouts lie in different places."""
    absolute = [name for name in reads if Path(name).is_absolute()]
    try:
        common = os.path.commonpath([Path(name).parent for name in absolute]) if absolute else ""
    except ValueError:  # on different drives
        common = ""
    return {
        os.path.relpath(name, common) if name in absolute and common else name: digest
        for name, digest in reads.items()
    }


def _merged(closures: list[CodeClosure]) -> dict[str, str]:
    merged: dict[str, str] = {}
    for closure in closures:
        merged.update(closure.parts)
    return dict(sorted(merged.items()))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 1]}…"
