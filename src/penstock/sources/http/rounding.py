"""Bounds of a window in the units in which a service takes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from penstock.domain.windows import Window

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rounded_up(window: Window, unit: timedelta) -> Window:
    """Return ``window`` with both bounds moved up to the next multiple of ``unit``.

    Stamps that are multiples of ``unit`` themselves lie in the one exactly if they lie in the other.
    """
    return Window(_up(window.start, unit), _up(window.end, unit))


def _up(moment: datetime, unit: timedelta) -> datetime:
    return _EPOCH - (_EPOCH - moment) // unit * unit
