"""The leak detector: looks across every split, and at the features of the model, in every training run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.domain.covariates import known_in, plain
from penstock.domain.results import CheckResult
from penstock.evaluation.splits import Split, truths, up_to

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl

    from penstock.forecasting.forecaster import ForecastModel
    from penstock.quality.leaks import Leak


def leak_checks(
    panel: pl.DataFrame, split: Split, model: ForecastModel, history: pl.DataFrame, *, seed: int
) -> tuple[CheckResult, ...]:
    """Ask whether the model could have known what it was judged on.

    Parameters
    ----------
    panel
        All rows, those of the final window among them.
    split
        Where training ended, and the windows after.
    model
        The model that was fitted on the training part.
    history
        A short piece of few series up to ``split.train_end``, for the features.
    seed
        Seed of the values that stand in for the future.
    """
    from penstock.proving.leaks import covariates_check, overlap_check

    return (
        feature_check(history, split.horizon, model, seed=seed),
        overlap_check(split_looks(panel, split, model)),
        covariates_check(covariate_looks(panel, split, model)),
    )


def covariate_looks(panel: pl.DataFrame, split: Split, model: ForecastModel) -> Leak | None:
    """Look for covariates that the forecasts of the final window used before they were known.

    A past covariate is known at its time, a known one a whole horizon before; ``features.known_ahead`` may say
    otherwise. ``None`` where the model has none.
    """
    import polars as pl

    from penstock.quality.leaks import known_too_late

    columns = model.features.covariates
    if not columns:
        return None
    times = panel["time"].unique().sort()
    places = times.search_sorted(pl.Series(split.final, dtype=times.dtype)).to_list()
    used, moments = [], []
    for each in columns:
        ahead = split.horizon if each.ahead is None and known_in([each.name]) else each.ahead or 0
        for place in places:
            last = min(place + split.horizon, len(times) - 1) - each.base
            used.append((plain(each.name), times[last], times[place]))
            moments.append((plain(each.name), times[last], times[max(last - ahead, 0)]))
    names = ("series", "time")
    return known_too_late(
        pl.DataFrame(used, schema=(*names, "cutoff"), orient="row"),
        pl.DataFrame(moments, schema=(*names, "known_at"), orient="row"),
    )


def feature_check(history: pl.DataFrame, horizon: int, model: ForecastModel, *, seed: int) -> CheckResult:
    """Ask whether a feature of the model moves when what comes after it changes."""
    from penstock.forecasting.feature_rows import feature_rows
    from penstock.proving.leaks import features_check

    cutoffs = _cutoffs(history, horizon, model)
    return features_check(lambda rows: feature_rows(model, rows), history, cutoffs, seed=seed)


def split_looks(panel: pl.DataFrame, split: Split, model: ForecastModel) -> list[tuple[str, Leak]]:
    """Look across the final window and every fold for rows that are learnt from and scored on, each with its name."""
    from penstock.quality.leaks import shared_keys

    parts = [("final window", split.train_end, split.final)]
    parts += [(f"fold {number}", fold[0], fold) for number, fold in enumerate(split.folds, start=1)]
    keys = panel.select("series", "time")
    looks = [
        (name, shared_keys(up_to(keys, end), truths(keys, cutoffs, split.horizon)))
        for name, end, cutoffs in parts
    ]
    return [("rows of the training", learnt_too_much(up_to(keys, split.train_end), model)), *looks]


def learnt_too_much(train: pl.DataFrame, model: ForecastModel) -> Leak:
    """Count the rows that the model was fitted on beyond those that the training part can give."""
    from penstock.forecasting.table import plan_lags
    from penstock.quality.leaks import Leak

    target = model.model.members[0]
    lost = plan_lags(model.features, model.model.members).history + target.difference
    possible = sum(max(length - lost, 0) for length in train.group_by("series").len()["len"])
    possible *= max(target.ahead, 1)  # a value is learned at several steps
    extra = max(model.rows - possible, 0)
    said = f"fitted on {model.rows:,} rows, the training part gives {possible:,}"
    return Leak(count=extra, looked_at=model.rows, examples=(said,) if extra else ())


def _cutoffs(history: pl.DataFrame, horizon: int, model: ForecastModel) -> list[datetime]:
    """Return the earliest stamp with features and the last one before a whole horizon, where they differ."""
    times: list[datetime] = history["time"].unique().sort().to_list()
    places = {max(len(times) - 1 - horizon, 0), min(model.history, len(times) - 2)}
    return [times[place] for place in sorted(places)]
