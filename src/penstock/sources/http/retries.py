"""What is worth asking again, and when."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from penstock.domain.errors import ServiceError


class PassingError(ServiceError):
    """A fault that may pass: no connection, a cut one, 429 or 5xx. ``wait_s`` is what the service asked for."""

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


def retry_after_s(text: str | None, now: datetime) -> float | None:
    """Return the seconds that a ``Retry-After`` header asks for (seconds or an HTTP date); ``None`` if it says nothing.

    Examples
    --------
    >>> retry_after_s("30", datetime(2026, 1, 1, tzinfo=UTC))
    30.0
    >>> retry_after_s("Thu, 01 Jan 2026 00:01:00 GMT", datetime(2026, 1, 1, tzinfo=UTC))
    60.0
    """
    stripped = (text or "").strip()
    if stripped.isascii() and stripped.isdigit():
        return float(stripped)
    try:
        moment = parsedate_to_datetime(stripped)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())
