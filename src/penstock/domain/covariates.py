"""Covariates in a panel: columns whose names say from when their values are known.

A panel has the columns ``series``, ``time`` and ``y``. Any other is static, unless its name begins with ``known:`` or
``past:``: those hold numbers that change with time. A ``known:`` covariate is known for the steps to forecast (a
weather forecast, a price, a holiday), a ``past:`` one only up to the newest value of its series.
"""

from __future__ import annotations

from collections.abc import Iterable

KNOWN = "known:"
PAST = "past:"


def is_covariate(name: str) -> bool:
    """Tell whether a column of a panel is a covariate."""
    return name.startswith((KNOWN, PAST))


def covariates_in(names: Iterable[str]) -> tuple[str, ...]:
    """Return the covariates among the columns of a panel, in their order."""
    return tuple(name for name in names if is_covariate(name))


def known_in(names: Iterable[str]) -> tuple[str, ...]:
    """Return the known-future covariates among the columns of a panel, in their order."""
    return tuple(name for name in names if name.startswith(KNOWN))


def past_in(names: Iterable[str]) -> tuple[str, ...]:
    """Return the past covariates among the columns of a panel, in their order."""
    return tuple(name for name in names if name.startswith(PAST))


def plain(name: str) -> str:
    """Return the user's own name of a covariate.

    >>> plain("known:Temperature")
    'Temperature'
    """
    return name.partition(":")[2]
