"""``penstock config show``: the effective configuration of a system, or the settings of this machine."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from penstock.app.config.settings import load_settings
from penstock.app.plan import plan
from penstock.app.session import Session
from penstock.domain.results import Result
from penstock.domain.values import Json


class ConfigLine(Result):
    """One leaf of the effective configuration: dotted key, value and where it came from; secrets are masked."""

    key: str
    value: Json
    origin: str

    @property
    def shown(self) -> str:
        """The value as it is written in a file or on the command line."""
        return _spelled(self.value)


class SettingLine(Result):
    """One setting of this machine: its variable, its value, addresses masked, and where it came from."""

    variable: str
    value: Json
    origin: str

    @property
    def shown(self) -> str:
        """The value as it is written in ``.env``; nothing where there is none."""
        return "" if self.value is None else _spelled(self.value)


def effective_config(
    system: str, overrides: Sequence[str], session: Session, *, config: str | None = None
) -> list[ConfigLine]:
    """Return each leaf of a system's configuration; ``config`` names a best configuration to put under it."""
    rows = plan(system, overrides, session, config=config).config.rows()
    return [ConfigLine(key=row.key, value=row.value, origin=str(row.origin)) for row in rows]


def effective_settings() -> tuple[list[SettingLine], tuple[str, ...]]:
    """Return every setting of this machine, and what is wrong with variables that look like one; nothing is opened.

    Raises
    ------
    ConfigError
        If a variable has a value that is not allowed.
    """
    loaded = load_settings(os.environ, Path.cwd())
    lines = [SettingLine(variable=name, value=value, origin=origin) for name, value, origin in loaded.rows()]
    return lines, loaded.unknown


def _spelled(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
