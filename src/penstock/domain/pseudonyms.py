"""Names that stand for personal ones: the same for the same name and key, and nothing to be read off them."""

from __future__ import annotations

import hmac

PREFIX = "p-"
_LETTERS = 16  # 64 bits: two of a million names meet with a chance of one in forty million


def pseudonym(key: bytes, name: str) -> str:
    """Return the keyed digest (HMAC-SHA-256, shortened) that stands for ``name``.

    Whoever holds the key can try names; without it nobody can tell which name it was.

    Examples
    --------
    >>> pseudonym(b"key", "Ann") == pseudonym(b"key", "Ann")
    True
    >>> pseudonym(b"key", "Ann") == pseudonym(b"other key", "Ann")
    False
    """
    return PREFIX + hmac.new(key, name.encode(), "sha256").hexdigest()[:_LETTERS]
