"""Covariates as columns of a model: values, lags and rolling means of what is known at a step to forecast.

Shapes: ``N`` values of one covariate, series after series, each without gaps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from penstock.domain.covariates import KNOWN, is_covariate, plain
from penstock.domain.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NOT_IN_A_NAME = re.compile(r"\W+")


class CovariateColumns(BaseModel):
    """The columns that a model makes of one covariate.

    ``name`` is its column in the panel. The newest value that any column uses stands ``base`` steps before the step to
    forecast. ``ahead`` says how many steps beyond the newest value of its series the covariate is known; ``None``: as
    far as anybody asks. ``lags`` and ``means`` count back from the base.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    base: int
    ahead: int | None
    lags: tuple[int, ...]
    means: tuple[int, ...]

    @property
    def reach(self) -> int:
        """Number of steps before the step to forecast that the columns look back on."""
        return self.base + max((0, *self.lags, *(window - 1 for window in self.means)))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns: the covariate's, and with ``_lag24`` or ``_mean24`` behind."""
        stem = _NOT_IN_A_NAME.sub("_", plain(self.name))
        lags = (f"{stem}_lag{self.base + lag}" for lag in (0, *self.lags) if self.base + lag)
        return (*(() if self.base else (stem,)), *lags, *(f"{stem}_mean{window}" for window in self.means))

    def reaches(self, horizon: int) -> bool:
        """Tell whether every value that the columns use is known at each step of a horizon."""
        return self.ahead is None or horizon <= self.base + self.ahead

    def for_past(self, horizon: int) -> CovariateColumns:
        """Return the columns of a past covariate that use only what is known at each step of a longer horizon."""
        if self.name.startswith(KNOWN) or self.ahead is None or self.reaches(horizon):
            return self
        return self.model_copy(update={"base": horizon - self.ahead})

    def require(self, horizon: int) -> None:
        """Refuse a horizon at which a column would need a value that is not known yet.

        Raises
        ------
        ConfigError
            Names the covariate, how far ahead it is known, and the horizon.
        """
        if self.ahead is None or self.reaches(horizon):
            return
        raise ConfigError(
            f"the covariate {plain(self.name)} is known {self.ahead} steps ahead, and the model uses it {self.base} steps "
            f"before each step of the horizon, so {self.base + self.ahead} steps can be forecast and not {horizon}; "
            "train for this horizon, or ask for a shorter one"
        )

    def columns(self, values: NDArray[np.float64], first: NDArray[np.int64]) -> Iterator[NDArray[np.float64]]:
        """Make the columns, each (N,), in the order of ``names``.

        Parameters
        ----------
        values
            The covariate (N,); what is missing is NaN, and so is every column that would need it.
        first
            For each value the place of its series' first (N,). What lies before it counts as equal to it.
        """
        import numpy as np

        at = np.arange(len(values))
        for lag in (0, *self.lags):
            yield values[np.maximum(at - self.base - lag, first)]
        for window in self.means:
            sums = moving_sums(values, first, window)
            yield sums[np.maximum(at - self.base, first)] / window


def moving_sums(values: NDArray[np.float64], first: NDArray[np.int64], window: int) -> NDArray[np.float64]:
    """Sum the last ``window`` values up to each place (N,); before its series' first value, that value stands.

    Sums of two, four, eight … values are put together, so that a sum depends on its own values only and not on where
    the frame begins, as a running sum would.
    """
    import numpy as np

    at = np.arange(len(values))
    total, done = np.zeros(len(values)), 0
    part, size = values, 1
    while True:
        if window & size:
            total = total + part[np.maximum(at - done, first)]
            done += size
        if size * 2 > window:
            return total
        part = part + part[np.maximum(at - size, first)]
        size *= 2


def resolve_covariates(
    asked: Sequence[str] | None,
    there: Sequence[str],
    *,
    ahead: Mapping[str, int],
    horizon: int | None,
    back: tuple[Sequence[int], Sequence[int]],
) -> tuple[CovariateColumns, ...]:
    """Work out which columns come of the covariates of a panel.

    Parameters
    ----------
    asked
        Names of covariates to use; ``None``: all.
    there
        Columns of the panel that are covariates.
    ahead
        How many steps ahead a covariate is known, by its own name, where that is said.
    horizon
        Steps to forecast; ``None`` where nobody says: then a past covariate is refused.
    back
        Lags and windows.

    Raises
    ------
    ConfigError
        A name is not that of a covariate, a known covariate is known for less than the horizon, or a past one is said to
        be known ahead. All faults are told.
    """
    names = {plain(name): name for name in there if is_covariate(name)}
    wanted = list(names) if asked is None else list(asked)
    faults = [
        f"no covariate {name!r}{did_you_mean(name, names)}"
        for name in dict.fromkeys((*wanted, *ahead))
        if name not in names
    ]
    made = []
    for name in (name for name in wanted if name in names):
        known = names[name].startswith(KNOWN)
        lead = ahead.get(name, None if known else 0)
        faults += _late(name, lead, horizon) if known else _past(name, lead, horizon)
        base = 0 if known or horizon is None or lead is None else max(horizon - lead, 0)
        lags, means = back
        made.append(
            CovariateColumns(name=names[name], base=base, ahead=lead, lags=tuple(lags), means=tuple(means))
        )
    if faults:
        raise ConfigError("features.covariates: " + "; ".join(faults))
    return tuple(made)


def _late(name: str, lead: int | None, horizon: int | None) -> list[str]:
    if lead is None or horizon is None or lead >= horizon:
        return []
    told = (
        f"{name} is known {lead} steps ahead (features.known_ahead), the horizon is {horizon}: a model would use values "
        f"before they are known; name it under past= (then its values from {horizon - lead} steps before are used), or "
        "shorten the horizon"
    )
    return [told]


def _past(name: str, lead: int | None, horizon: int | None) -> list[str]:
    faults = []
    if lead is not None and lead > 0:
        faults.append(
            f"{name} is known only for the past, and features.known_ahead says {lead} steps ahead; say 0 or less, or name "
            "it under known= with the values of the whole horizon"
        )
    if horizon is None:
        faults.append(
            f"{name} is known only for the past, so the horizon must be given when its columns are worked out"
        )
    return faults
