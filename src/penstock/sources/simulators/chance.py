"""Random numbers by address instead of by sequence.

A generator that is drawn from in sequence gives a stamp another value whenever the window asked for begins elsewhere.
Here a number depends only on its key and its counter: SplitMix64 (Steele, Lea and Flood, 2014,
doi 10.1145/2714064.2660195) mixes the two into 64 bits. That also keeps the numbers free of changes in numpy's own
generators.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Keys: TypeAlias = NDArray[np.uint64]
Whole: TypeAlias = NDArray[np.int64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_SECOND_DRAW = np.uint64(0xD1B54A32D192ED03)


def keys(seed: int, purpose: str, names: Sequence[str]) -> Keys:
    """Return one key per name, shape (names,); another seed or purpose gives unrelated keys."""
    digests = (hashlib.blake2b(f"{seed}/{purpose}/{name}".encode(), digest_size=8).digest() for name in names)
    return np.array([int.from_bytes(digest, "big") for digest in digests], dtype=np.uint64)


def uniforms(key: Keys, counter: Whole) -> Floats:
    """Return numbers in the open interval (0, 1); ``key`` and ``counter`` broadcast against each other."""
    bits = _mix(key + _mix(counter.astype(np.uint64) * _GOLDEN))
    return ((bits >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def normals(key: Keys, counter: Whole) -> Floats:
    """Return standard normal numbers (Box and Muller, 1958); ``key`` and ``counter`` broadcast."""
    radius: Floats = np.sqrt(-2.0 * np.log(uniforms(key, counter)))
    return radius * np.cos(2.0 * np.pi * uniforms(key ^ _SECOND_DRAW, counter))


def _mix(bits: Keys) -> Keys:
    bits = (bits ^ (bits >> np.uint64(30))) * _MIX_1
    bits = (bits ^ (bits >> np.uint64(27))) * _MIX_2
    return bits ^ (bits >> np.uint64(31))
