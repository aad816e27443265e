"""``penstock config show``: the effective configuration, line by line."""

from __future__ import annotations

import json
from collections.abc import Sequence

from penstock.app.run import plan
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
        return self.value if isinstance(self.value, str) else json.dumps(self.value, ensure_ascii=False)


def effective_config(
    system: str, overrides: Sequence[str], session: Session, *, config: str | None = None
) -> list[ConfigLine]:
    """Return each leaf of a system's configuration; ``config`` names a best configuration to put under it."""
    rows = plan(system, overrides, session, config=config).config.rows()
    return [ConfigLine(key=row.key, value=row.value, origin=str(row.origin)) for row in rows]
