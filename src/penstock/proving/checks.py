"""The properties that a trained forecaster can be asked for, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.domain.errors import UnknownNameError, did_you_mean
from penstock.proving.monotone import Monotone
from penstock.proving.relations import Direction, Negation, ScaledLevel, ShiftedTime
from penstock.proving.sameness import AloneOrInBatch, Consistency, NoLeak, OrderOfSeries, Reload
from penstock.proving.sanity import Finite, NonNegative, RobustToNoise

if TYPE_CHECKING:
    from penstock.proving.searched import Check, Terms

CHECKS: dict[str, type[Check]] = {
    check.name: check
    for check in (
        Consistency,
        AloneOrInBatch,
        OrderOfSeries,
        Reload,
        NoLeak,
        Finite,
        NonNegative,
        RobustToNoise,
        Monotone,
        ShiftedTime,
        ScaledLevel,
        Negation,
        Direction,
    )
}


def get_check(name: str, terms: Terms | None = None) -> Check:
    """Find a check by name, on the terms that a system declares.

    Raises
    ------
    UnknownNameError
        Names the nearest check and lists all.
    """
    if name not in CHECKS:
        raise UnknownNameError(f"there is no check {name!r}{did_you_mean(name, CHECKS)}")
    return CHECKS[name](terms)
