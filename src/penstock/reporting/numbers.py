"""Numbers, durations, sizes and moments as people read them: three significant digits, thousands separated."""

from __future__ import annotations

import math
from datetime import UTC, datetime

MISSING = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
TIMES = "\N{MULTIPLICATION SIGN}"
NBSP = "\N{NO-BREAK SPACE}"
"""Between a number and its unit, so that they stay on one line."""
_TENTH_S = 0.1
_TEN_S = 10
_MINUTE_S = 60
_HOUR_S = 3600
_DAY_S = 86_400
_MB_PER_GB = 1024
_SMALL = 1e-4
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float | None, digits: int = 3) -> str:
    """Return ``value`` to ``digits`` significant digits; a dash stands for a missing one."""
    if value is None or math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if abs(value) < _SMALL:
        return _scientific(value, exponent, digits)
    decimals = digits - 1 - exponent
    return _minus(f"{round(value, decimals):,.{max(decimals, 0)}f}")


def _scientific(value: float, exponent: int, digits: int) -> str:
    mantissa = f"{value / 10**exponent:.{digits - 1}f}"
    return _minus(f"{mantissa} {TIMES} 10{str(exponent).translate(_SUPERSCRIPTS)}")


def _minus(text: str) -> str:
    return text.replace("-", MINUS)


def measure(value: float | None, unit: str, scale: float = 1.0) -> str:
    """Return ``value`` times ``scale`` with its unit, or a dash when it is missing."""
    if value is None or math.isnan(value):
        return MISSING
    return f"{number(value * scale)}{NBSP}{unit}" if unit else number(value * scale)


def level(value: float) -> str:
    """Return the level of an interval (0.9) as a percentage without spare digits (90 %)."""
    return f"{value * 100:.6g}{NBSP}%"


_UNITS = {
    "s": "second",
    "m": "minute",
    "h": "hour",
    "d": "day",
    "w": "week",
    "mo": "month",
    "q": "quarter",
    "y": "year",
}


def frequency(duration: str) -> str:
    """Return a polars duration (``1h``, ``30m``) in words: 1 hour, 30 minutes; an unknown one as it stands."""
    digits = duration[: len(duration) - len(duration.lstrip("0123456789"))]
    unit = _UNITS.get(duration[len(digits) :])
    if not digits or unit is None:
        return duration
    return f"{digits} {unit}{'' if digits == '1' else 's'}"


def count(value: int | None) -> str:
    """Return a whole number with thousands separated, exactly."""
    return MISSING if value is None else _minus(f"{value:,}")


def share(value: float | None) -> str:
    """Return a fraction (0.123) as a percentage (12.3 %)."""
    return measure(value, "%", 100.0)


def duration(seconds: float | None) -> str:
    """Return a duration given in seconds, in the unit that reads best."""
    if seconds is None or not math.isfinite(seconds):
        return MISSING
    if seconds < _TENTH_S:
        return f"0{NBSP}s" if seconds <= 0 else f"{number(seconds * 1000, 2)}{NBSP}ms"
    if seconds < _MINUTE_S:
        return f"{number(seconds, 2 if seconds < _TEN_S else 3)}{NBSP}s"
    whole = round(seconds)
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min {whole % _MINUTE_S:02d} s"
    return f"{whole // _HOUR_S} h {whole % _HOUR_S // _MINUTE_S:02d} min"


def long_duration(seconds: float) -> str:
    """Return a duration given in seconds, from two days on in days."""
    return f"{number(seconds / _DAY_S)}{NBSP}days" if seconds >= 2 * _DAY_S else duration(seconds)


def megabytes(size_mb: float | None) -> str:
    """Return a size given in megabytes, as gigabytes from 1,024 on."""
    if size_mb is None or not math.isfinite(size_mb):
        return MISSING
    if size_mb < _MB_PER_GB:
        return f"{number(size_mb)}{NBSP}MB"
    return f"{number(size_mb / _MB_PER_GB)}{NBSP}GB"


def moment(value: datetime | None) -> str:
    """Return an aware moment in UTC to the minute; seconds are shown only when they count."""
    if value is None:
        return MISSING
    utc = value.astimezone(UTC)
    clock = f"{utc:%H:%M:%S}" if utc.second else f"{utc:%H:%M}"
    return f"{utc:%Y-%m-%d} {clock} UTC"
