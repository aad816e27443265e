"""Read ``key=value`` arguments in Hydra's grammar."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.app.config.documents import INTERPOLATION, NO_INTERPOLATION, OPEN
from penstock.domain.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.app.config.faults import Faults

_KEY = re.compile(r"[A-Za-z_][\w-]*(\.[\w-]+)*")
_CONTAINER_OR_QUOTED = ("[", "{", "'", '"')


@dataclass(frozen=True, kw_only=True, slots=True)
class Override:
    """One argument: dotted key, value, and the value's text as it was typed."""

    key: str
    value: object
    text: str

    @property
    def quoted(self) -> bool:
        """Whether the text was quoted, so that it means exactly itself."""
        return self.text.startswith(("'", '"'))


def parse_overrides(arguments: Sequence[str], faults: Faults) -> list[Override]:
    """Parse all arguments; those that are wrong go to ``faults``."""
    overrides: list[Override] = []
    for argument in arguments:
        try:
            overrides.append(parse_override(argument))
        except ConfigError as error:
            faults.lose(str(error))
    return overrides


def parse_override(argument: str) -> Override:
    """Parse ``a.b=value``.

    The value is a number, ``true`` or ``false``, ``null``, ``[a, b]``, ``{a: 1}``, quoted text, or text. Text that
    the grammar has no place for, such as a path with brackets or letters beyond ASCII, is taken as it stands; text
    with a comma must be quoted, unless it is one. Nothing after ``=`` is empty text.

    Raises
    ------
    ConfigError
        If the argument is not an override, or adds (``+``) or deletes (``~``) keys.
    """
    _refuse_other_forms(argument)
    key, sign, text = argument.partition("=")
    if not sign:
        raise ConfigError(f"{argument!r} is not an override; write key=value, for example horizon=24")
    if not _KEY.fullmatch(key):
        raise ConfigError(f"{key!r} in {argument!r} is not a key; write names joined by dots, without spaces")
    return Override(key=key, value=_value(key, text), text=text)


def _refuse_other_forms(argument: str) -> None:
    if argument.startswith("+"):
        plain = argument.lstrip("+")
        raise ConfigError(f"{argument!r}: keys cannot be added; every key has a value, so write {plain!r}")
    if argument.startswith("~"):
        key = argument[1:].partition("=")[0]
        raise ConfigError(
            f"{argument!r}: keys cannot be deleted; write '{key}=null' where the key allows nothing, "
            "or choose another group"
        )


def _value(key: str, text: str) -> object:
    if text in ("", ","):
        return text
    if INTERPOLATION in text:
        raise ConfigError(f"{key}={text}: {NO_INTERPOLATION}")
    if text == OPEN:
        raise ConfigError(f"{key}={text}: '{OPEN}' marks a missing value; give one")
    try:
        return _decode(text)
    except ValueError as error:
        if text.startswith(_CONTAINER_OR_QUOTED):
            raise ConfigError(
                f"{key}={text}: {error}; lists are [a, b], mappings {{a: 1}}, text 'a, b'"
            ) from error
        if "," in text:
            raise ConfigError(
                f"{key}={text}: one value at a time; a list is [a, b], and text with a comma needs quotes "
                f"that reach Penstock: \"{key}='{text}'\""
            ) from error
        return text


def _decode(text: str) -> object:
    """Return the value that OmegaConf's grammar, which Hydra's builds on, gives to ``text``.

    Raises
    ------
    ValueError
        If the grammar has no place for it.
    """
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    holder = OmegaConf.create({"text": text, "value": "${oc.decode:${text}}"})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            plain = OmegaConf.to_container(holder, resolve=True)
        except OmegaConfBaseException as error:
            reason = str(error).splitlines()[0].partition("resolving interpolation: ")[2] or str(error)
            raise ValueError(reason) from error
    if not isinstance(plain, dict):  # pragma: no cover  # a mapping was put in
        raise TypeError(f"expected a mapping, got {plain!r}")
    return plain["value"]
