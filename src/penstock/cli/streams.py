"""Output on terminals and in files that cannot show every character."""

from __future__ import annotations

import codecs
import io
import sys

PLAIN = {
    "✓": "+",
    "✗": "x",
    "•": "*",
    "·": "-",
    "…": "...",
    "–": "-",
    "—": "-",
    "−": "-",
    "×": "x",
    "→": "->",
    "≤": "<=",
    "≥": ">=",
    "│": "|",
    "├": "|",
    "└": "`",
    "─": "-",
}
"""What stands for our signs where only ASCII can be written."""


def prepare_streams() -> None:
    """Write a plain sign, not an error, where an encoding lacks one of ours."""
    codecs.register_error("penstock_plain", plain_signs)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not stream.encoding.lower().startswith("utf"):
            stream.reconfigure(errors="penstock_plain")


def plain_signs(error: UnicodeError) -> tuple[str, int]:
    """Replace what cannot be encoded, for :func:`codecs.register_error`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(PLAIN.get(sign, "?") for sign in error.object[error.start : error.end]), error.end


def can_write(encoding: str, signs: str) -> bool:
    """Tell whether every sign can be written in ``encoding``."""
    try:
        signs.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def plain(text: str) -> str:
    """Return ``text`` in ASCII, our signs spelled plainly."""
    return "".join(sign if sign.isascii() else PLAIN.get(sign, "?") for sign in text)
