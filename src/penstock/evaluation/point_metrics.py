"""Errors of point forecasts, as plain functions on one-dimensional arrays.

All take keywords only, because swapped truth and prediction give a plausible wrong number. Rows whose truth is
missing (NaN) are left out. A prediction that is NaN where the truth is known makes the result NaN: no model is
excused from a row. Where no row is left the result is NaN. Fractions are fractions: 0.1 is ten percent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypeAlias

    import numpy as np
    from numpy.typing import NDArray

    Values: TypeAlias = NDArray[np.float64]

NEAR_ZERO = 1e-9
"""Truths of at most this size, in their own unit, are near zero: a relative error means nothing there."""


def near_zero_rows(*, y_true: Values) -> int:
    """Count the known truths that ``mape`` and ``rmspe`` leave out because they are near zero."""
    import numpy as np

    return int(np.sum(np.abs(y_true) <= NEAR_ZERO))


def mape(*, y_true: Values, y_pred: Values) -> float:
    """Mean absolute percentage error, as a fraction from 0 up **without upper bound**.

    Truths near zero are left out (``near_zero_rows`` counts them); small ones still dominate.
    """
    import numpy as np

    truth, error = _relative(y_true, y_pred)
    return _mean(np.abs(error / truth))


def rmspe(*, y_true: Values, y_pred: Values) -> float:
    """Root mean squared percentage error, as a fraction from 0 up **without upper bound**.

    Truths near zero are left out (``near_zero_rows`` counts them); small ones still dominate.
    """
    import numpy as np

    truth, error = _relative(y_true, y_pred)
    return float(np.sqrt(_mean((error / truth) ** 2)))


def mae(*, y_true: Values, y_pred: Values) -> float:
    """Mean absolute error, in the unit of the truth."""
    import numpy as np

    return _mean(np.abs(_error(y_true, y_pred)))


def mse(*, y_true: Values, y_pred: Values) -> float:
    """Mean squared error, in the squared unit of the truth."""
    return _mean(_error(y_true, y_pred) ** 2)


def rmse(*, y_true: Values, y_pred: Values) -> float:
    """Root mean squared error, in the unit of the truth."""
    import numpy as np

    return float(np.sqrt(mse(y_true=y_true, y_pred=y_pred)))


def mase(*, y_true: Values, y_pred: Values, scale: float | Values) -> float:
    """Mean absolute scaled error: 1 is as good as the seasonal naive was inside the training part.

    ``scale`` is the ``mae_scale`` of ``naive_scales``, one for all or one a row. Rows whose scale is missing or zero
    are left out. Hyndman and Koehler (2006), doi 10.1016/j.ijforecast.2006.03.001.
    """
    import numpy as np

    return _mean(np.abs(_scaled_error(y_true, y_pred, scale)))


def rmsse(*, y_true: Values, y_pred: Values, scale: float | Values) -> float:
    """Root mean squared scaled error over all rows together.

    ``scale`` is the ``rmse_scale`` of ``naive_scales``, one for all or one a row. Rows whose scale is missing or zero
    are left out. Root of the pooled mean, so several series give another number than the mean of theirs.
    """
    import numpy as np

    return float(np.sqrt(_mean(_scaled_error(y_true, y_pred, scale) ** 2)))


def wape(*, y_true: Values, y_pred: Values) -> float:
    """Weighted absolute percentage error: all absolute errors over all absolute truths; NaN where all are zero."""
    import numpy as np

    size = float(np.nansum(np.abs(y_true)))
    return float(np.sum(np.abs(_error(y_true, y_pred)))) / size if size else float("nan")


def bias(*, y_true: Values, y_pred: Values) -> float:
    """Mean of prediction less truth, in the unit of the truth: above 0 means forecast too high."""
    return _mean(_error(y_true, y_pred))


def smape(*, y_true: Values, y_pred: Values) -> float:
    """Symmetric mean absolute percentage error, from 0 to 2; a row where both are zero counts as 0.

    Makridakis (1993) in the form of the M4 competition, without the factor 100.
    """
    import numpy as np

    error = np.abs(_error(y_true, y_pred))
    known = ~np.isnan(y_true)
    size = np.abs(y_true[known]) + np.abs(y_pred[known])
    return _mean(2.0 * np.divide(error, size, out=error.copy(), where=size != 0.0))


def cost(*, y_true: Values, y_pred: Values, overstock_price: float, stockout_price: float) -> float:
    """Mean cost in money of one forecast value; times the number of rows it is the bill.

    A unit forecast above the truth costs ``overstock_price``, one below it ``stockout_price``.
    """
    import numpy as np

    error = _error(y_true, y_pred)
    return _mean(np.where(error > 0.0, error * overstock_price, -error * stockout_price))


def _error(y_true: Values, y_pred: Values) -> Values:
    import numpy as np

    known = ~np.isnan(y_true)
    return np.asarray(y_pred, dtype=np.float64)[known] - np.asarray(y_true, dtype=np.float64)[known]


def _relative(y_true: Values, y_pred: Values) -> tuple[Values, Values]:
    """Return the known truths that are not near zero, and their errors."""
    import numpy as np

    kept = np.abs(y_true) > NEAR_ZERO
    return y_true[kept], _error(y_true[kept], y_pred[kept])


def _scaled_error(y_true: Values, y_pred: Values, scale: float | Values) -> Values:
    import numpy as np

    scales = np.broadcast_to(np.asarray(scale, dtype=np.float64), y_true.shape)
    kept = ~np.isnan(y_true) & (scales > 0.0)
    return _error(y_true[kept], y_pred[kept]) / scales[kept]


def _mean(values: Values) -> float:
    return float(values.mean()) if values.size else float("nan")
