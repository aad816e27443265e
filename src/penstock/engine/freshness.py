"""Whether what a running process has imported and read is still what lies on disk.

A module is imported once. If its file is edited afterwards, the process goes on with the old code while the file
tells of the new: a result made then must never be found under the new file's digest.
"""

from __future__ import annotations

import marshal
import os
import struct
import sys
import time
from collections.abc import Iterable
from functools import cache
from importlib.util import cache_from_source
from pathlib import Path

_START_FIELD = 22
_HEADER_BYTES = 16
_WORD = 0xFFFFFFFF


@cache
def process_started_at() -> float:
    """Return when this process started, in seconds since the epoch; never later than its first import."""
    if sys.platform == "linux":
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        # The first two fields stand before the closing bracket.
        # The kernel counts whole ticks, downwards; within one tick no interpreter has imported anything yet.
        started_s = (int(fields[_START_FIELD - 3]) + 1) / os.sysconf("SC_CLK_TCK")
        return time.time() - (time.clock_gettime(time.CLOCK_BOOTTIME) - started_s)
    import psutil

    return float(psutil.Process().create_time())


def edited_since_start(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Return the files that were changed, replaced or removed after this process started, sorted.

    The time of the inode's last change counts too: a copy may carry an old time of modification.
    """
    started = process_started_at()
    return tuple(sorted(path for path in paths if _changed_at(path) > started))


def _changed_at(path: Path) -> float:
    try:
        status = path.stat()
    except OSError:
        return float("inf")
    # The inode's change cannot be dated back or ahead; on Windows there is none, and st_ctime is the creation.
    return status.st_mtime if os.name == "nt" else status.st_ctime


def discard_stale_bytecode(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Remove the bytecode of those sources that Python would not compile again though they changed; return them.

    Python trusts bytecode whose header has the size and the time of the source, in whole seconds: an edit within the
    same second that keeps the size, or one after which the old time was set again, escapes it.
    """
    stale = tuple(sorted(path for path in paths if _has_stale_bytecode(path)))
    for path in stale:
        Path(cache_from_source(str(path))).unlink(missing_ok=True)
    return stale


def _has_stale_bytecode(path: Path) -> bool:
    bytecode = Path(cache_from_source(str(path)))
    try:
        source, compiled = path.stat(), bytecode.stat()
        if source.st_ctime_ns < compiled.st_ctime_ns:
            return False
        header, body = bytecode.read_bytes()[:_HEADER_BYTES], bytecode.read_bytes()[_HEADER_BYTES:]
        facts = (0, int(source.st_mtime) & _WORD, source.st_size & _WORD)
        if struct.unpack("<LLL", header[4:]) != facts:
            return False
        return bool(marshal.loads(body) != compile(path.read_bytes(), str(path), "exec", dont_inherit=True))  # noqa: S302 - Python would load it next
    except (OSError, ValueError, EOFError, TypeError, SyntaxError, struct.error):
        return False
