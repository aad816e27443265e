"""Ridge regression on the feature table, for each series or for all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.forecasting.models import Ridge, one_hot

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_LEVELS = 60
"""A column of ids or stamps with more distinct values than this enters as a number."""


def fit_ridge(
    matrix: NDArray[np.float32],
    label: NDArray[np.float32],
    series: NDArray[np.int64] | None,
    *,
    known: int,
    alpha: float,
) -> Ridge:
    """Solve the normal equations of each group.

    Parameters
    ----------
    matrix
        Features (R, D) float32; the first ``known`` columns are ids, calendar, holidays and transformers.
    label
        Target (R,).
    series
        Code of each row's series (R,), codes 0 … S-1 without gaps, rows sorted by it; ``None`` fits one model of all.
    known
        Number of leading columns whose values count as levels where they are few. Covariates are not among them: a
        number that training has not seen lies between those that it has.
    alpha
        Penalty on standardised columns for each row.
    """
    import numpy as np

    levels = tuple((column, tuple(np.unique(matrix[:, column]).tolist())) for column in range(known))
    levels = tuple((column, values) for column, values in levels if len(values) <= MOST_LEVELS)
    ends = np.cumsum(np.bincount(series)) if series is not None else np.array([len(label)])
    fitted = []
    for start, end in zip(np.concatenate([[0], ends[:-1]]), ends, strict=True):
        design = one_hot(matrix[start:end], levels)
        fitted.append(_solve(design, label[start:end].astype(np.float64), alpha))
    weights, intercept, centre, spread = (np.array(each) for each in zip(*fitted, strict=True))
    return Ridge(weights=weights, intercept=intercept, centre=centre, spread=spread, levels=levels)


def _solve(
    design: NDArray[np.float64], label: NDArray[np.float64], alpha: float
) -> tuple[NDArray[np.float64], np.float64, NDArray[np.float64], NDArray[np.float64]]:
    import numpy as np

    centre, spread = design.mean(axis=0), design.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    standard = (design - centre) / spread
    intercept = label.mean()
    # Not by matrix products: those are threaded, and so slower on small blocks and different with other threads.
    gram = np.einsum("ri,rj->ij", standard, standard) / len(label)
    gram[np.diag_indices_from(gram)] += max(alpha, 1e-9)
    moment = np.einsum("ri,r->i", standard, label - intercept) / len(label)
    return np.linalg.solve(gram, moment), intercept, centre, spread
