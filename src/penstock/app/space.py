"""A search space of the user's own, put in place of the configured one: ``--space FILE``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.app.config.documents import parse_document, read_document
from penstock.app.config.faults import Faults
from penstock.app.config.origins import Layer, Origin
from penstock.domain.errors import ConfigError, UsageError
from penstock.storage.digests import digest_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from penstock.domain.values import Json

KEY = "tune.space"
OPTION = "--space"
INLINE = "{"
"""What a space that is given in the command's own words begins with."""


@dataclass(frozen=True, kw_only=True)
class GivenSpace:
    """A space as it was given: its dimensions by name, and the file that they came from, if there was one."""

    values: Mapping[str, object]
    file: Path | None

    @property
    def layer(self) -> Layer:
        """Values that take the place of all that lower ranks say of the space."""
        place = OPTION if self.file is None else str(self.file)
        return Layer(
            name=place,
            values={"tune": {"space": dict(self.values)}},
            origins={KEY: Origin(kind="file", place=place)},
            replaces=frozenset({KEY}),
        )

    @property
    def arguments(self) -> tuple[str, ...]:
        """Return the option that gives the same space without its file."""
        return (OPTION, json.dumps(self.values, sort_keys=True))


def read_space(given: str) -> GivenSpace:
    """Read a space from a YAML file, or from text such as ``{num_leaves: {low: 8, high: 64}}``.

    Raises
    ------
    ConfigError
        The file cannot be read, is no YAML, or names no parameter.
    """
    faults = Faults()
    inline = given.lstrip().startswith(INLINE)
    file = None if inline else Path(given)
    document = parse_document(given, OPTION, faults) if file is None else read_document(file, given, faults)
    faults.raise_any("Search space")
    if not document.values:
        raise ConfigError(
            f"Search space: {given} names no parameter; write one a line, such as 'num_leaves: {{low: 8, high: 64}}'"
        )
    return GivenSpace(values=document.values, file=file)


def require_space(config: BaseModel, given: GivenSpace | None) -> None:
    """Refuse a space that the model cannot take, before anything runs.

    Raises
    ------
    ConfigError
        A parameter that the model does not have, or a value that it does not take; all faults are listed.
    UsageError
        A space was given and nothing will be searched.
    """
    from penstock.systems.shared.config import ForecastingConfig

    if not isinstance(config, ForecastingConfig):
        return
    if config.search:
        from penstock.forecasting.space import check_space, suited

        check_space(suited(config.tune.space, config.model), config.model)
    elif given is not None:
        raise UsageError(
            f"{OPTION} gives a space, but nothing is searched: search is false, as it also is with --config. Leave out "
            "one of both."
        )


def space_digest(config: BaseModel) -> str | None:
    """Return the digest of the space that a configuration searches; ``None`` where it searches none."""
    from penstock.systems.shared.config import ForecastingConfig

    if not (isinstance(config, ForecastingConfig) and config.search):
        return None
    space: dict[str, Json] = config.model_dump(mode="json")["tune"]["space"]
    return digest_value(space)
