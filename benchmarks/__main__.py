"""``python -m benchmarks``: all benchmarks one after the other; arguments such as ``--write`` go to each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPTS = (
    "engine/run.py",
    "demo.py",
    "panel_pjm.py",
    "victoria.py",
    "unlike.py",
    "intervals.py",
    "tables.py",
    "replay.py",
    "floor.py",
    "crossval.py",
    "tuning.py",
)


def main() -> int:
    """Run every script, also after one has failed, and return the worst exit code."""
    here = Path(__file__).resolve().parent
    codes = []
    for script in SCRIPTS:
        print(f"\n=== {script}", flush=True)
        codes.append(subprocess.call([sys.executable, str(here / script), *sys.argv[1:]]))
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
