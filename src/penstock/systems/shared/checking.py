"""Steps that ask for properties: draw the fixed sample, prove the model that was judged, prove a released one."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.domain.covariates import known_in
from penstock.domain.errors import DataError, UsageError, bounded
from penstock.domain.results import CheckResult, Summary
from penstock.engine import step
from penstock.evaluation.splits import Split, up_to
from penstock.forecasting.forecaster import ForecastModel
from penstock.proving.runner import ChecksConfig
from penstock.proving.samples import Sample
from penstock.release.bundle import load_bundle
from penstock.storage.digests import digest_value
from penstock.systems.shared.leaks import feature_check, leak_checks
from penstock.systems.shared.packaging import FORECASTER
from penstock.systems.shared.serving import regressing

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl

    from penstock.proving.subjects import Subject

DIGEST_CHARACTERS = 12


@step(stage="check")
def draw_sample(
    panel: pl.DataFrame, split: Split, model: ForecastModel, checks: ChecksConfig, seed: int
) -> Sample:
    """Draw from the training part, by a seed, the pieces of history that every check tries first, and keep them."""
    return drawn(up_to(panel, split.train_end), model, split.horizon, checks, seed)


@step(stage="check", cpu=2)
def prove(
    panel: pl.DataFrame, split: Split, model: ForecastModel, sample: Sample, checks: ChecksConfig
) -> tuple[CheckResult, ...]:
    """Ask whether the trained model has the properties that the system declares; looks for leaks come in any case."""
    from penstock.proving.runner import run_checks

    subject = subject_of(model, sample, split.horizon)
    looks = leak_checks(panel, split, model, subject.history, seed=model.seed)
    return (*run_checks(subject, _with_promises(checks, model), time.monotonic), *looks)


@step(stage="check")
def draw_sample_for(
    package: Path, panel: pl.DataFrame, horizon: int, checks: ChecksConfig, seed: int
) -> Sample:
    """Draw the fixed sample for a packaged model from all of a panel.

    Raises
    ------
    DataError
        The model knows none of the series.
    """
    import polars as pl

    model = _packaged(package)
    known = panel.filter(pl.col("series").is_in(model.series))
    if known.is_empty():
        raise DataError(
            f"the model knows none of the {panel['series'].n_unique()} series; it was trained on "
            f"{bounded(model.series)}. Check it on data of those, such as the dataset version of its run"
        )
    return drawn(known, model, horizon, checks, seed)


@step(stage="check", cpu=2)
def prove_release(
    package: Path, sample: Sample, horizon: int, checks: ChecksConfig
) -> tuple[CheckResult, ...]:
    """Ask whether a packaged model has the properties that the system declares, and whether a feature looks ahead."""
    from penstock.proving.runner import run_checks

    model = _packaged(package)
    subject = replace(subject_of(model, sample, horizon), reload=lambda: _packaged(package))
    found = run_checks(subject, _with_promises(checks, model), time.monotonic)
    return (*found, feature_check(subject.history, horizon, model, seed=sample.seed))


@step(stage="evaluate")
def sum_up_checks(checks: tuple[CheckResult, ...], sample: Sample, simulated: bool) -> Summary:
    """Put the verdicts on a packaged model into a run's summary."""
    asserted = [one for one in checks if one.kind == "asserts"]
    passed, skipped = (sum(one.verdict == word for one in asserted) for word in ("passed", "skipped"))
    failed = [one.name for one in asserted if one.verdict == "failed"]
    parts = [f"{passed} asserted checks passed", f"{len(failed)} failed"]
    parts[1] += f" ({bounded(failed)})" if failed else ""
    parts += [f"{skipped} skipped"] if skipped else []
    return Summary(
        simulated=simulated,
        headline=", ".join(parts),
        checks=checks,
        checks_on=tell_sample(sample),
    )


def drawn(known: pl.DataFrame, model: ForecastModel, horizon: int, checks: ChecksConfig, seed: int) -> Sample:
    """Draw a sample of ``known`` whose pieces are long enough for a model and two horizons."""
    from penstock.proving.samples import draw_sample

    spare = horizon if known_in(each.name for each in model.covariates) else 0
    return draw_sample(known, (checks.windows, checks.series, model.history + 2 * horizon + spare), seed)


def subject_of(model: ForecastModel, sample: Sample, horizon: int) -> Subject:
    """Return a model with its sample, as checks take it.

    Of the newest piece those series stay that are long enough for one horizon; where they are too short for two, fewer
    stamps are left out. Where none is long enough, all stay, none is left out, and there is no backtest.
    """
    import polars as pl

    from penstock.forecasting.backtest import backtest
    from penstock.forecasting.panel import long_enough
    from penstock.forecasting.steering import Steering
    from penstock.proving.subjects import Subject

    def from_later(history: pl.DataFrame, cutoff: datetime) -> pl.DataFrame:
        return backtest(model, history, [cutoff], horizon)

    def reload() -> ForecastModel:
        with tempfile.TemporaryDirectory() as folder:
            model.save(Path(folder))
            return ForecastModel.load(Path(folder))

    (newest, *others), later = _with_later(sample.pieces(), model, horizon)
    enough, short = long_enough(newest, model.history + horizon)
    if not enough.is_empty():
        newest, later = enough, tuple(piece.filter(~pl.col("series").is_in(short)) for piece in later)
    room = min(newest.group_by("series").len()["len"].to_list()) - model.history - horizon
    return Subject(
        forecaster=model,
        history=newest,
        horizon=horizon,
        back=max(0, min(horizon, room)),
        fixed=tuple(others),
        reload=reload,
        backtest=from_later if room >= 0 else None,
        known=Steering(model),
        later=later,
    )


def _with_later(
    pieces: tuple[pl.DataFrame, ...], model: ForecastModel, horizon: int
) -> tuple[tuple[pl.DataFrame, ...], tuple[pl.DataFrame, ...]]:
    """Keep the last stamps of each piece aside, where a model needs to know what follows the others."""
    import polars as pl

    if not known_in(each.name for each in model.covariates):
        return pieces, ()
    ends = [
        piece["time"].unique().sort()[-min(horizon, piece["time"].n_unique() - 1) - 1] for piece in pieces
    ]
    both = list(zip(pieces, ends, strict=True))
    return (
        tuple(piece.filter(pl.col("time") <= end) for piece, end in both),
        tuple(piece.filter(pl.col("time") > end) for piece, end in both),
    )


def tell_sample(sample: Sample) -> str:
    """Say which fixed sample it is: its logical digest, its size, its seed."""
    pieces = sample.pieces()
    series = sample.rows["series"].n_unique()
    return (
        f"fixed sample {digest_value(sample)[:DIGEST_CHARACTERS]}: {len(pieces)} pieces of {series} series, "
        f"{sample.rows.height:,} rows, seed {sample.seed}"
    )


def _packaged(package: Path) -> ForecastModel:
    model = regressing(load_bundle(package), {FORECASTER: ForecastModel.load})
    if not isinstance(model, ForecastModel):
        raise UsageError(
            f"the bundle holds a {type(model).__name__}; only models of this package can be checked"
        )
    return model


def _with_promises(checks: ChecksConfig, model: ForecastModel) -> ChecksConfig:
    """Add the directions that the model was told to keep, where they are of columns known ahead."""
    kept = {name: way for name, way in model.model.monotone.items() if name in model.known.names and way}
    return checks.model_copy(update={"monotone": {**kept, **checks.monotone}})
