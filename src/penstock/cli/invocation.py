"""One call of the command line: its words, and the world as it stood when the process started."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penstock.engine.frontdoor import Door

SHOWING = frozenset({"--json", "--quiet", "-q"})
"""Options that change how a command answers, never what it does."""

_HOME_IN_FILE = re.compile(r"^\s*(?:export\s+)?PENSTOCK_HOME\s*=\s*(['\"]?)(.*?)\1\s*$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """What the user typed where and when.

    ``environ`` is a copy: libraries add variables of their own while they are imported. ``started_at`` counts
    seconds since 1970.
    """

    arguments: tuple[str, ...]
    environ: Mapping[str, str]
    folder: Path
    started_at: float

    @property
    def command(self) -> str | None:
        """The name of the command, or ``None`` where only options were given."""
        return next((word for word in self.arguments if not word.startswith("-")), None)

    @property
    def asks_for_help(self) -> bool:
        """Whether only help is wanted."""
        return not {"--help", "-h"}.isdisjoint(self.arguments)

    @property
    def wants_json(self) -> bool:
        """Whether the answer is for machines."""
        return "--json" in self.arguments

    @property
    def home(self) -> Path:
        """Where the workspace lies, as far as that can be told without reading the settings properly."""
        home = self.environ.get("PENSTOCK_HOME", "").strip() or _home_in_file(self.env_file)
        return self.folder / Path(home or ".penstock").expanduser()

    @property
    def env_file(self) -> Path:
        """The file that may hold further variables; it need not exist."""
        return self.folder / (self.environ.get("PENSTOCK_ENV_FILE") or ".env")

    def door(self) -> Door:
        """Return the front door of this command in this folder; options of showing make no other door."""
        from penstock.engine.frontdoor import Door

        return Door(
            workspace=self.home,
            command=tuple(word for word in self.arguments if word not in SHOWING),
            folder=self.folder,
            environ=self.environ,
            opened_at=self.started_at,
        )


def _home_in_file(file: Path) -> str:
    try:
        found: Sequence[tuple[str, str]] = _HOME_IN_FILE.findall(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return ""
    return found[-1][1] if found else ""
