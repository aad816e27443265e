"""Fits one automatic model of statsforecast for every series; run as a program of its own, so that it can be stopped.

Reads an ``.npz`` from stdin and writes one to stdout; it needs numpy and statsforecast only. In: ``kind`` (a class of
``statsforecast.models``), ``season``, ``horizon``, ``train`` (S, K), the values to fit on, and ``known`` (S, O, K), the
values known at each of O cutoffs; NaN before the start of a series, and all NaN where nothing is to be forecast. Out:
``forecast`` (S, O, horizon), ``fit_seconds`` and ``predict_seconds``.
"""

from __future__ import annotations

import io
import sys
import time
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


def main() -> None:
    """Answer one request."""
    import numpy as np

    warnings.simplefilter("ignore")
    with np.load(io.BytesIO(sys.stdin.buffer.read())) as request:
        answer = forecast_all(dict(request))
    out = io.BytesIO()
    np.savez(out, **answer)
    sys.stdout.buffer.write(out.getvalue())


def forecast_all(request: dict[str, NDArray[Any]]) -> dict[str, Any]:
    """Fit every series once and forecast it after each of its cutoffs, the parameters as fitted."""
    import numpy as np
    from statsforecast import models

    kinds = {
        "AutoETS": models.AutoETS,
        "AutoTheta": models.AutoTheta,
        "AutoARIMA": models.AutoARIMA,
    }
    horizon, season, known = int(request["horizon"]), int(request["season"]), request["known"]
    forecast = np.full((*known.shape[:2], horizon), np.nan)
    seconds = {"fit_seconds": 0.0, "predict_seconds": 0.0}
    for place, train in enumerate(request["train"]):
        asked = [cutoff for cutoff in range(known.shape[1]) if not np.isnan(known[place, cutoff]).all()]
        if not asked:
            continue
        # What began after the end of training is fitted on what was known at its first cutoff.
        learned = known[place, asked[0]] if np.isnan(train).all() else train
        values = learned[~np.isnan(learned)]
        if np.ptp(values) == 0:
            forecast[place, asked] = values[-1]
            continue
        started = time.perf_counter()
        fitted = kinds[str(request["kind"])](season_length=season).fit(y=values)
        seconds["fit_seconds"] += time.perf_counter() - started
        started = time.perf_counter()
        for cutoff in asked:
            seen = known[place, cutoff]
            forecast[place, cutoff] = fitted.forward(y=seen[~np.isnan(seen)], h=horizon)["mean"]
        seconds["predict_seconds"] += time.perf_counter() - started
    return {"forecast": forecast, **seconds}


if __name__ == "__main__":
    main()
