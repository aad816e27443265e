"""The settings of this machine: the one class that reads the environment and ``.env``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from penstock.app.config.faults import Faults, shown
from penstock.app.config.origins import DEFAULT, ENVIRONMENT, Origin
from penstock.domain.values import Json

PREFIX = "PENSTOCK_"
ENV_FILE = ".env"
MASK = "**********"
SWITCHES = frozenset({"off", "on"})
"""What may stand for an address and is no secret."""

_ADDRESS = re.compile(r"([A-Za-z][\w+.-]*)://([^/?#]*@)?([\w.-]*(?::\d+)?)([/?#][^@]*)?", re.DOTALL)
"""Scheme, user, host with port, rest. What does not fit, such as an unquoted ``/`` in a password, is masked whole."""

Executor: TypeAlias = Literal["inline", "processes"]


class Settings(BaseModel):
    """What differs from machine to machine and never from system to system.

    Every field is read from ``PENSTOCK_<FIELD>``. Addresses may hold passwords: they are secrets, masked wherever
    they are shown, and end in no file that Penstock writes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Field(
        default=Path(".penstock"),
        description="The workspace: the folder that holds everything Penstock keeps.",
    )
    env_file: Path = Field(
        default=Path(ENV_FILE),
        description="File with further variables; the real environment wins. Keep it outside the repository.",
    )
    tracking_uri: SecretStr | None = Field(
        default=None,
        description="MLflow server; without one, runs are tracked in the workspace; off tracks none.",
    )
    store_url: SecretStr | None = Field(
        default=None, description="Place of the artifacts, for a team; without one, the workspace."
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="Database of the catalogue and the tuning, for a team; without one, the workspace.",
    )
    executor: Executor = Field(
        default="inline", description="How steps are executed when the command does not say."
    )
    debug: bool = Field(
        default=False, description="Show the traceback of an error instead of one clear line."
    )


@dataclass(frozen=True, kw_only=True)
class LoadedSettings:
    """Settings, the origin of each, all variables in force, and the files they were read from.

    ``environ`` is the given environment with the variables of ``.env`` behind it: hand it to whatever reads
    variables next, so that nothing reads ``.env`` a second time. ``unknown`` names variables that look like ours
    and that nothing reads, each with the nearest known one.
    """

    value: Settings
    origins: Mapping[str, Origin]
    environ: Mapping[str, str]
    files: tuple[Path, ...]
    unknown: tuple[str, ...]

    def rows(self) -> tuple[tuple[str, Json, str], ...]:
        """Return variable, shown value and origin of each setting, in the order of ``.env.default``."""
        shown = self.masked()
        return tuple((variable(name), shown[name], str(self.origins[name])) for name in shown)

    def masked(self) -> dict[str, Json]:
        """Return the settings as JSON types; of an address only scheme and host are shown."""
        return {name: _masked(getattr(self.value, name)) for name in Settings.model_fields}


def variable(field: str) -> str:
    """Return the environment variable of a field of :class:`Settings`."""
    return PREFIX + field.upper()


def load_settings(
    environ: Mapping[str, str], folder: Path, also_known: Mapping[str, str] = MappingProxyType({})
) -> LoadedSettings:
    """Read the settings from ``environ`` and from ``.env`` in ``folder``.

    Parameters
    ----------
    environ
        The environment; an empty variable counts as not set. ``PENSTOCK_ENV_FILE`` names another file than
        ``.env``, which must then exist.
    folder
        Where a relative ``.env`` is looked for: the working directory.
    also_known
        Variables that other parts read, such as the secrets of a system, by name; their values do not matter.

    Raises
    ------
    ConfigError
        Naming every variable whose value is not allowed, where it was set, and what is allowed.
    """
    faults = Faults()
    named = environ.get(variable("env_file"))
    file = folder / (named or ENV_FILE)
    if named and not file.is_file():
        faults.add(f"{variable('env_file')} = {shown(str(file))}: there is no such file")
    written = _read_env_file(file, faults)
    merged = {**written, **{name: value for name, value in environ.items() if value or name not in written}}
    origins = {
        name: Origin(kind="environment", place=file.name)
        if merged[name] != environ.get(name)
        else ENVIRONMENT
        for name in merged
    }
    value = _validated(merged, origins, faults)
    faults.raise_any("Settings")
    known = {variable(name) for name in Settings.model_fields} | set(also_known)
    return LoadedSettings(
        value=value or Settings(),
        origins={name: _origin(name, merged, origins) for name in Settings.model_fields},
        environ=merged,
        files=(file,) if file.is_file() else (),
        unknown=tuple(
            _unknown(name, known) for name in sorted(merged) if name.startswith(PREFIX) and name not in known
        ),
    )


def _read_env_file(file: Path, faults: Faults) -> dict[str, str]:
    if not file.is_file():
        return {}
    from dotenv import dotenv_values

    try:
        found = dotenv_values(file, interpolate=False, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        faults.add(f"{file} cannot be read: {error}")
        return {}
    for name, text in found.items():
        if text is None:
            faults.add(f"{file.name}: {name} has no value; write {name}=value")
    return {name: text for name, text in found.items() if text}


def _validated(merged: Mapping[str, str], origins: Mapping[str, Origin], faults: Faults) -> Settings | None:
    given = {name: merged[variable(name)] for name in Settings.model_fields if merged.get(variable(name))}
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            name = variable(str(fault["loc"][0]))
            message = re.sub(r"^Input should", "must", fault["msg"])
            faults.add(f"{name} = {shown(fault['input'])} ({origins[name]}): {message}")
        return None


def _origin(field: str, merged: Mapping[str, str], origins: Mapping[str, Origin]) -> Origin:
    return origins[variable(field)] if merged.get(variable(field)) else DEFAULT


def _unknown(name: str, known: set[str]) -> str:
    nearest = difflib.get_close_matches(name, sorted(known), n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    return f"{name} is set and nothing reads it{hint}"


def _masked(value: object) -> Json:
    if isinstance(value, SecretStr):
        return mask_address(value.get_secret_value())
    if value is None or isinstance(value, bool):
        return value
    return str(value)


def mask_address(address: str) -> str:
    """Return scheme, host and port of an address; everything else, which may be secret, is masked.

    Examples
    --------
    >>> mask_address("postgresql://anna:s3cret@db.example:5432/penstock?sslmode=require")
    'postgresql://**********@db.example:5432/**********'
    >>> mask_address("s3cret")
    '**********'
    >>> mask_address("off")
    'off'
    """
    if address in SWITCHES:
        return address
    found = _ADDRESS.fullmatch(address)
    if found is None:
        return MASK
    scheme, user, host, rest = found.groups(default="")
    return f"{scheme}://{MASK + '@' if user else ''}{host}{'/' + MASK if rest.strip('/') else rest}"
