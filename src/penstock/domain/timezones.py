"""Names of time zones, checked where a user gives them: a wrong one must not wait for the step that needs it."""

from __future__ import annotations

import difflib
from typing import Annotated, TypeAlias

from pydantic import AfterValidator


def known_time_zone(name: str) -> str:
    """Return ``name`` if the time zone database has it.

    Raises
    ------
    ValueError
        It has not; the message names the nearest, and pydantic turns it into an error of the key.
    """
    from zoneinfo import ZoneInfo, available_timezones

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        nearest = difflib.get_close_matches(name, sorted(available_timezones()), n=1, cutoff=0.6)
        raise ValueError(
            f"the time zone database has no such zone; give a name such as {(nearest or ['Europe/Copenhagen'])[0]!r}"
        ) from error
    return name


TimeZone: TypeAlias = Annotated[str, AfterValidator(known_time_zone)]
"""A name such as ``UTC`` or ``Europe/Copenhagen``."""
