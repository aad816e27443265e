"""The surroundings that steps run under: pinned where they can be, recorded where they cannot.

Imports the standard library only: the front door uses it.
"""

from __future__ import annotations

import locale
import os
import platform
import sys
from collections.abc import Mapping

PINNED = {
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "OMP_WAIT_POLICY": "passive",
}
"""Variables that the command line sets before Python starts.

Waiting OpenMP threads that spin cost LightGBM ten times the processor time on contended cores.
"""
_COUNTING_OPTIONS = frozenset({"dev", "int_max_str_digits", "utf8", "warn_default_encoding"})


def surroundings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what a result depends on beside code, data and libraries."""
    return {
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "machine": platform.machine(),
        "system": platform.system(),
        "flags": interpreter_flags(),
        "hash_seed": environ.get("PYTHONHASHSEED", "random") if sys.flags.hash_randomization else "0",
        "timezone": environ.get("TZ", "local"),
        "locale": locale.setlocale(locale.LC_CTYPE),
    }


def interpreter_flags() -> str:
    """Return how this interpreter was started, as far as it changes what code computes; empty for the defaults.

    ``python -O`` drops assertions, ``-X`` and ``-W`` options change limits and what warnings do.
    """
    flags = {
        "optimize": sys.flags.optimize,
        "bytes_warning": sys.flags.bytes_warning,
        "warnings": ",".join(sys.warnoptions),
        **{f"X {name}": value for name, value in sys._xoptions.items() if name in _COUNTING_OPTIONS},  # noqa: SLF001 - documented, in spite of its name
    }
    return " ".join(f"{name}={value}" for name, value in sorted(flags.items()) if value)


def pin(environ: dict[str, str] | os._Environ[str]) -> bool:
    """Set the pinned variables; return whether the interpreter must start again for them to count."""
    stale = [name for name, value in PINNED.items() if environ.get(name) != value]
    for name in stale:
        environ[name] = PINNED[name]
    return bool(stale)
