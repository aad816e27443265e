"""Why a step ran or did not: the ingredients compared with those of its last result."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from penstock.engine.records import Ingredients, ResultRecord, Undeclared

_LONGEST = 240
"""Characters of a reason; ``penstock why`` shows all of it."""

_RECORD = re.compile(r"[A-Za-z_]\w*\(\w+=.*\)", re.DOTALL)


def changes(old: Ingredients, new: Ingredients) -> tuple[str, ...]:
    """Return one sentence for each ingredient that differs, most telling first."""
    return (
        *_params(old, new),
        *_mapped(old.inputs, new.inputs, "input"),
        *_mapped(old.code, new.code, "code"),
        *_mapped(old.reads, new.reads, "file"),
        *_versions(old.libraries, new.libraries, "library"),
        *_versions(old.environment, new.environment, "environment"),
    )


def why_it_ran(last: ResultRecord | None, found: tuple[str, ...]) -> str:
    """Return the reason in one line, long values cut off."""
    if last is None:
        return "first time"
    if last.undeclared:
        return f"its last result is not reusable: {named(last.undeclared)}"
    if not found:
        return "its last result is gone, damaged, or its surroundings changed"
    rest = f" and {len(found) - 1} more" if len(found) > 1 else ""
    told = found[0] if len(found[0]) <= _LONGEST else f"{found[0][: _LONGEST - 1]}…"
    return told + rest


def named(touched: tuple[Undeclared, ...], limit: int = 5) -> str:
    """Return what was touched without being declared, bounded."""
    shown = ", ".join(f"undeclared {item.kind} {item.name}" for item in touched[:limit])
    return shown + (f" and {len(touched) - limit} more" if len(touched) > limit else "")


def _params(old: Ingredients, new: Ingredients) -> Iterator[str]:
    for name in sorted({*old.params, *new.params}):
        before, after = old.params.get(name), new.params.get(name)
        if before is None and after is not None:
            yield f"parameter {name} is new: {after.shown}"
        elif after is None and before is not None:
            yield f"parameter {name} is gone (was {before.shown})"
        elif before is not None and after is not None and before.digest != after.digest:
            yield f"parameter {name}: {_difference(before.shown, after.shown)}"


def _difference(before: str, after: str) -> str:
    if before == after:
        return f"{after} has other content"
    old, new = _fields(before), _fields(after)
    if old.keys() != new.keys() or not old:
        return f"{before} → {after}"
    return ", ".join(f"{name} {old[name]} → {new[name]}" for name in old if old[name] != new[name])


def _fields(shown: str) -> dict[str, str]:
    """Return the fields of a shown record such as ``Tune(trials=8, space={'a': 1})``; empty for anything else."""
    if not _RECORD.fullmatch(shown):
        return {}
    parts, depth, start = [], 0, shown.index("(") + 1
    for place, sign in enumerate(shown[start:], start):
        depth += (sign in "([{") - (sign in ")]}")
        if (sign == "," and depth == 0) or depth < 0:
            parts.append(shown[start:place])
            start = place + 1
    named = [part.strip().partition("=") for part in parts]
    return {name: value for name, _, value in named if name.isidentifier()}


def _mapped(old: Mapping[str, str], new: Mapping[str, str], word: str) -> Iterator[str]:
    for name in sorted({*old, *new}):
        if name not in old:
            yield f"{word} {name} is new"
        elif name not in new:
            yield f"{word} {name} is gone"
        elif old[name] != new[name]:
            yield f"{word} {name} changed"


def _versions(old: Mapping[str, str], new: Mapping[str, str], word: str) -> Iterator[str]:
    for name in sorted({*old, *new}):
        before, after = old.get(name, "none"), new.get(name, "none")
        if before != after:
            secret = name.startswith("env:")
            yield f"{word} {name} changed" if secret else f"{word} {name}: {before} → {after}"
