"""The text of a bundle's ``loader.py``."""

from __future__ import annotations

from functools import cache

from penstock.release.cutting import cut_out
from penstock.systems.shared.portable import command

LIBRARIES = ("numpy", "onnxruntime")
TITLE = """Forecast with this bundle: NumPy and onnxruntime are all it needs.

    python loader.py rows.csv > forecast.csv

    import sys
    sys.dont_write_bytecode = True  # or Python writes __pycache__ beside this file
    from loader import open_bundle
    forecast = open_bundle("bundle", expected="DIGEST").predict(rows)

Cut from Penstock, which runs the same code; change it there.
"""
LAST = """

if __name__ == "__main__":
    sys.exit(main())"""


@cache
def loader_text() -> str:
    """Return the source, cut from the modules that are installed.

    Raises
    ------
    PipelineError
        What a forecast needs cannot stand alone.
    """
    entries = [(command.__name__, name) for name in ("open_bundle", "main")]
    return cut_out(entries, libraries=LIBRARIES, title=TITLE, last=LAST)
