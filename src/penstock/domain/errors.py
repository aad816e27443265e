"""Every error that Penstock raises on purpose.

::

    PenstockError                 1  failed while running
    ├── UsageError                2  wrong use or configuration
    │   ├── ConfigError
    │   ├── UnknownNameError
    │   ├── PipelineError            a pipeline that cannot be planned
    │   └── MissingExtraError
    ├── DataError                 3  bad data
    │   └── ValidationError          broken rules, naming series and stamps
    ├── GateError                 4  a gate refused
    ├── ServiceError              5  a needed service is away
    ├── StorageError              1
    │   ├── WorkspaceError        2  unusable workspace
    │   ├── ArtifactMissingError  1
    │   ├── ArtifactCorruptError  1
    │   ├── BundleError           1  a bundle that must not be written or loaded
    │   └── LockTimeoutError      1
    └── StepError                 1  a step raised; the cause is chained

A message says what failed, the value, what is allowed and the next step.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from enum import IntEnum


class ExitCode(IntEnum):
    """Process exit codes of the command line."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    BAD_DATA = 3
    GATE_REFUSED = 4
    SERVICE_AWAY = 5
    INTERRUPTED = 130


class PenstockError(Exception):
    """Root of all errors that Penstock raises on purpose."""

    exit_code: ExitCode = ExitCode.FAILED


class UsageError(PenstockError):
    """The caller asked for something that cannot be done as asked."""

    exit_code = ExitCode.USAGE


class ConfigError(UsageError):
    """One or more configuration values are wrong; all faults are listed."""


class UnknownNameError(UsageError, LookupError):
    """A name that nothing answers to."""


class PipelineError(UsageError):
    """A pipeline or step that cannot be declared or planned."""


class MissingExtraError(UsageError, ImportError):
    """An optional dependency is not installed."""


class DataError(PenstockError):
    """The data cannot be used as they are."""

    exit_code = ExitCode.BAD_DATA


class ValidationError(DataError):
    """One or more data rules are broken; ``broken`` names each with what was found."""

    broken: tuple[tuple[str, str], ...] = ()


class GateError(PenstockError):
    """A gate refused; the message names gate, number and threshold."""

    exit_code = ExitCode.GATE_REFUSED


class ServiceError(PenstockError):
    """A service that is needed does not answer."""

    exit_code = ExitCode.SERVICE_AWAY


class StorageError(PenstockError):
    """The workspace or its store failed."""


class WorkspaceError(StorageError):
    """The workspace is missing, read-only, full or from another version."""

    exit_code = ExitCode.USAGE


class ArtifactMissingError(StorageError, FileNotFoundError):
    """No artifact has this digest."""


class ArtifactCorruptError(StorageError):
    """The bytes of an artifact do not match its digest."""


class BundleError(StorageError):
    """A bundle that was changed, is not whole, is of an unknown format or holds what could run code."""


class LockTimeoutError(StorageError, TimeoutError):
    """Another process held a lock for longer than we would wait."""


class StepError(PenstockError):
    """A step raised an unexpected exception, which is chained."""


MAX_NAMES_SHOWN = 12


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """Return the nearest allowed name and the bounded list of all, as the tail of a message."""
    names = sorted(set(allowed))
    if not names:
        return "; there are none yet."
    nearest = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"; did you mean {nearest[0]!r}?" if nearest else "."
    return f"{hint} Allowed: {bounded(names)}"


def bounded(items: Sequence[object], limit: int = MAX_NAMES_SHOWN) -> str:
    """Join at most ``limit`` items by commas and count the rest."""
    shown = ", ".join(str(item) for item in items[:limit])
    rest = len(items) - limit
    return f"{shown} and {rest} more" if rest > 0 else shown
