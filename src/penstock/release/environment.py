"""The distributions a bundle was made with."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping

_HEADER = "# What was installed when this bundle was packaged."


def installed_distributions() -> dict[str, str]:
    """Return name → version of every installed distribution, names normalised (PEP 503) and sorted."""
    from importlib.metadata import distributions

    found: dict[str, str] = {}
    for distribution in distributions():
        name = distribution.metadata["Name"]
        if name:
            # the first on the path is the one that is imported
            found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), distribution.version)
    return dict(sorted(found.items()))


def lock_text(distributions: Mapping[str, str]) -> str:
    """Return the content of ``environment.lock``: pip's syntax, sorted, Python's version as a comment."""
    pins = [f"{name}=={version}" for name, version in sorted(distributions.items())]
    return "\n".join([_HEADER, f"# python {platform.python_version()}", *pins, ""])


def parse_lock(text: str) -> dict[str, str]:
    """Read name → version back from ``environment.lock``."""
    pins = (line.split("==", 1) for line in text.splitlines() if "==" in line and not line.startswith("#"))
    return {name: version for name, version in pins}  # noqa: C416 - a pair is a list here
