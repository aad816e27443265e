"""Errors of quantile and interval forecasts; the same rules as for point metrics hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.domain.errors import ConfigError, DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from penstock.evaluation.point_metrics import Values

# Shape letters: N rows, Q quantile levels.


def pinball(*, y_true: Values, y_pred: Values, quantile: float) -> float:
    """Mean pinball loss of a forecast of one quantile; at 0.5 it is half the mean absolute error.

    Koenker and Bassett (1978), doi 10.2307/1913643. Raises ConfigError when ``quantile`` is not inside (0, 1).
    """
    _require_level("quantile", quantile)
    return _mean(_pinball(y_true, y_pred, quantile))


def coverage(*, y_true: Values, lower: Values, upper: Values) -> float:
    """Share of truths inside the interval, both ends included; NaN where a bound is missing."""
    import numpy as np

    known = ~np.isnan(y_true)
    truth, low, high = y_true[known], lower[known], upper[known]
    inside = ((low <= truth) & (truth <= high)).astype(np.float64)
    return _mean(np.where(np.isnan(low) | np.isnan(high), np.nan, inside))


def interval_score(*, y_true: Values, lower: Values, upper: Values, level: float) -> float:
    """Mean interval score of a central interval: its width, and 2 / (1 - level) times what it missed by.

    Gneiting and Raftery (2007), doi 10.1198/016214506000001437. Raises ConfigError when ``level`` is not inside (0, 1).
    """
    import numpy as np

    _require_level("level", level)
    known = ~np.isnan(y_true)
    truth, low, high = y_true[known], lower[known], upper[known]
    missed = np.maximum(low - truth, 0.0) + np.maximum(truth - high, 0.0)
    return _mean(high - low + 2.0 / (1.0 - level) * missed)


def crps(*, y_true: Values, quantiles: NDArray[np.float64], levels: tuple[float, ...]) -> float:
    """Continuous ranked probability score, approximated by twice the mean pinball loss over the levels.

    Parameters
    ----------
    y_true
        Truths, shape (N,).
    quantiles
        Forecast quantiles, shape (N, Q), one column a level.
    levels
        The Q levels, rising, inside (0, 1). The approximation is good where they are evenly spaced and many; one
        level at 0.5 gives the mean absolute error.

    Raises
    ------
    ConfigError
        A level is outside (0, 1) or they do not rise.
    DataError
        The shapes do not fit together.
    """
    import numpy as np

    for level in levels:
        _require_level("level", level)
    if list(levels) != sorted(set(levels)):
        raise ConfigError(f"quantile levels must rise without repeats, got {levels}; sort them")
    if quantiles.shape != (len(y_true), len(levels)):
        raise DataError(
            f"quantiles have shape {quantiles.shape}; {len(y_true)} truths and {len(levels)} levels need "
            f"({len(y_true)}, {len(levels)})"
        )
    losses = [_pinball(y_true, quantiles[:, column], level) for column, level in enumerate(levels)]
    return 2.0 * _mean(np.concatenate(losses)) if losses else float("nan")


def _pinball(y_true: Values, y_pred: Values, quantile: float) -> Values:
    import numpy as np

    known = ~np.isnan(y_true)
    short = y_true[known] - y_pred[known]
    return np.maximum(quantile * short, (quantile - 1.0) * short)


def _require_level(name: str, value: float) -> None:
    if not 0.0 < value < 1.0:
        raise ConfigError(f"{name}={value} is not allowed; give a number above 0 and below 1")


def _mean(values: Values) -> float:
    return float(values.mean()) if values.size else float("nan")
