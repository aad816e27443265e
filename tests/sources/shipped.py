"""The small tapes beside the tests; all are simulated or made by hand, and say so."""

from __future__ import annotations

from pathlib import Path

from penstock.sources.tapes.tape import Tape, load_tape

SHIPPED = Path(__file__).parent / "tapes/shipped"
NAMES = tuple(sorted(path.name for path in SHIPPED.iterdir()))


def shipped(name: str) -> Tape:
    """Return one of them."""
    return load_tape(SHIPPED / name)
