"""The outcome of the analysis: what a definition can reach, and the digest of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from penstock.domain.values import Digest


@dataclass(frozen=True, kw_only=True)
class CodeClosure:
    """Everything in first-party source that a definition can reach.

    Attributes
    ----------
    digest
        One digest over ``parts``.
    parts
        ``pkg.mod:name`` (a definition, constant or import), ``pkg.mod`` (a whole module) or
        ``pkg.mod:<top level>`` (statements run for their effects) to the digest of its normalised syntax tree.
    files
        Every first-party file that was read to find this out, whether it counts or not.
    folders
        Folders whose listings were read: a new file in one of them may change the outcome.
    distributions
        Top-level import names of the third-party libraries reached.
    literal_paths
        Existing files named by string constants in the code reached.
    dynamic
        Why the analysis fell back to whole packages; empty where every name was resolved.
    """

    digest: Digest
    parts: Mapping[str, Digest]
    files: tuple[Path, ...]
    folders: tuple[Path, ...]
    distributions: frozenset[str]
    literal_paths: tuple[Path, ...]
    dynamic: tuple[str, ...]
