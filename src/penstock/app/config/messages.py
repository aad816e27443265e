"""Turn pydantic's errors into messages that name key, value, origin, what is allowed and the next step."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.app.config.faults import shown
from penstock.app.config.origins import Origin, origin_of
from penstock.domain.errors import bounded

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from penstock.app.config.schema import Key

NEAR = 0.6


@dataclass(frozen=True, kw_only=True)
class Explainer:
    """Knows the keys of the schema, the choices of groups, the origin of every value, the places searched."""

    keys: Mapping[str, Key]
    origins: Mapping[str, Origin]
    searched: Sequence[str]
    choices: Mapping[str, str]

    def messages(self, errors: Iterable[ErrorDetails], *, incomplete: bool) -> list[str]:
        """Return one message for each key; a missing key is not one while a part could not be read."""
        grouped: dict[str, list[ErrorDetails]] = {}
        for error in errors:
            if not (incomplete and error["type"] in {"missing", "union_tag_not_found"}):
                grouped.setdefault(self._key(error), []).append(error)
        return [self._message(key, found) for key, found in grouped.items()]

    def _key(self, error: ErrorDetails) -> str:
        """Return the dotted key of an error without the names of union members that pydantic puts in between."""
        key = ""
        last = len(error["loc"]) - 1
        for position, part in enumerate(error["loc"]):
            longer = f"{key}.{part}" if key else str(part)
            known = longer in self.keys or any(name.startswith(f"{longer}.") for name in self.origins)
            at_the_end = position == last and error["type"] in {"extra_forbidden", "missing"}
            if known or longer in self.origins or at_the_end or (isinstance(part, int) and key):
                key = longer
        tag = str(error.get("ctx", {}).get("discriminator", "")).strip("'")
        return f"{key}.{tag}" if tag else key

    def _message(self, key: str, errors: Sequence[ErrorDetails]) -> str:
        first = errors[0]
        if first["type"] == "extra_forbidden":
            return self._unknown(key, str(first["loc"][-1]))
        if first["type"] == "missing":
            return (
                f"{key} is required and nothing sets it; searched {', '.join(self.searched)}. "
                f"Add {key}=… to the command line"
            )
        reasons = " or ".join(dict.fromkeys(_reason(error) for error in errors))
        if not key:
            return reasons
        value, origin = self._value(key, first), origin_of(key, self.origins)
        return f"{key} = {value} ({origin}): {reasons}{self._hint(key, first)}"

    def _value(self, key: str, error: ErrorDetails) -> str:
        if any(name in self.keys and self.keys[name].is_secret for name in _and_parents(key)):
            return "**********"
        return shown(error.get("ctx", {}).get("tag", error["input"]))

    def _hint(self, key: str, error: ErrorDetails) -> str:
        if key in self.keys and self.keys[key].components and isinstance(error["input"], str):
            return f"; choose a group under 'defaults', or write {key}={error['input']} on the command line"
        return ""

    def _unknown(self, key: str, part: str) -> str:
        head = f"unknown key {key} ({origin_of(key, self.origins)})"
        parent = key.removesuffix(part).rstrip(".")
        beside = sorted(name for name in self.keys if name.rpartition(".")[0] == parent)
        allowed = f"allowed: {bounded(beside or sorted(self.keys))}"
        if key in self.keys:
            return f"{head}: {self._misplaced(key, part)}"
        nearest = nearest_key(key, self.keys)
        return f"{head}; did you mean {nearest}? {allowed.capitalize()}" if nearest else f"{head}; {allowed}"

    def _misplaced(self, key: str, part: str) -> str:
        if "." in part:
            return "a dotted name is written nested in a file"
        group = key.partition(".")[0]
        chosen = f"{group}={self.choices[group]}" if group in self.choices else f"this {group}"
        return f"another choice of {group} has it, {chosen} has not"


def nearest_key(key: str, allowed: Iterable[str]) -> str | None:
    """Return the allowed dotted name most like ``key``, looking at whole names, then at last parts."""
    names = sorted(name for name in allowed if not key.startswith(f"{name}."))
    by_last: dict[str, str] = {}
    for name in names:
        by_last.setdefault(name.rpartition(".")[2], name)
    last = key.rpartition(".")[2]
    if last in by_last:
        return by_last[last]
    whole = difflib.get_close_matches(key, names, n=1, cutoff=NEAR)
    if whole:
        return whole[0]
    part = difflib.get_close_matches(last, by_last, n=1, cutoff=NEAR)
    return by_last[part[0]] if part else None


def _reason(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    if error["type"] == "union_tag_invalid":
        return f"must be one of {context['expected_tags']}"
    if error["type"] == "union_tag_not_found":
        return "must say which kind is meant"
    if error["type"] in {"model_type", "model_attributes_type", "dict_type"}:
        return "must hold keys and values"
    message = re.sub(r"^(Value error|Assertion failed), ", "", error["msg"])
    return re.sub(r"^Input should", "must", message)


def _and_parents(key: str) -> Iterable[str]:
    parts = key.split(".")
    return (".".join(parts[:length]) for length in range(len(parts), 0, -1))
