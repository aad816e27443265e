"""Names of classes as they stand in stored values, and the way back from a name to its class."""

from __future__ import annotations

import importlib.util
import re
import sys

from penstock.domain.errors import PipelineError, StorageError

_INSTALLED = re.compile(r"[/\\\\](site|dist)-packages([/\\\\]|$)")


def class_name(cls: type) -> str:
    """Return ``module:Qualified.Name``."""
    return f"{cls.__module__}:{cls.__qualname__}"


def storable_name(cls: type) -> str:
    """Return the name of a class that another process will be able to find.

    Raises
    ------
    PipelineError
        The class was made inside a function, or another object stands under its name.
    """
    name = class_name(cls)
    if find_object(name) is not cls:
        raise PipelineError(
            f"cannot store a value of class {name!r}: another process could not find the class under this name. "
            "Define it at the top level of an importable module"
        )
    return name


def find_class(name: str) -> type:
    """Return the class that ``module:Qualified.Name`` names, importing its module if need be.

    Raises
    ------
    StorageError
        There is no such class any more.
    """
    found = find_object(name)
    if not isinstance(found, type) or class_name(found) != name:
        raise StorageError(
            f"cannot read a stored value of class {name!r}: no class has this name; it was renamed, moved or "
            "removed since. Put it back, or run the step again to store its result under the new name"
        )
    return found


def is_first_party(module_name: str) -> bool:
    """Whether a module is Penstock's or the user's own: neither the interpreter's nor an installed distribution's."""
    root = module_name.partition(".")[0]
    if root in ("penstock", "__main__"):
        return True
    if root in sys.stdlib_module_names or root in sys.builtin_module_names:
        return False
    spec = importlib.util.find_spec(root)
    places = [] if spec is None else [spec.origin or "", *(spec.submodule_search_locations or ())]
    return bool(places) and not any(_INSTALLED.search(place) for place in places)


def find_object(name: str) -> object:
    """Return what ``module:Qualified.Name`` names, or ``None``."""
    module_name, _, qualified = name.partition(":")
    try:
        found: object = sys.modules.get(module_name) or importlib.import_module(module_name)
        for part in qualified.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError):
        return None
    return found
