"""A candidate against who serves now, on the candidate's final window: nobody may have seen what is asked there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from penstock.domain.errors import ConfigError, DataError, GateError, StorageError
from penstock.domain.results import CheckResult
from penstock.engine.execute import Execution
from penstock.evaluation.splits import Split, up_to
from penstock.forecasting.forecaster import ForecastModel
from penstock.proving.gates import GateVerdict, checks_gate, ladder_gate
from penstock.proving.promotion import (
    PromotionConfig,
    Yardstick,
    age_gate,
    better_gate,
    harm_gate,
    horizon_gate,
    incomparable,
    series_gate,
)
from penstock.release.bundle import Bundle
from penstock.release.registry import Release
from penstock.storage.datasets import DatasetVersion
from penstock.systems.shared.checking import prove
from penstock.systems.shared.conversion import compare, exported_files, parity_gate
from penstock.systems.shared.judging import judge
from penstock.systems.shared.values import Climb, Conversion, Judgement

if TYPE_CHECKING:
    import polars as pl

    from penstock.engine.records import RunRecord
    from penstock.storage.artifacts import ArtifactStore

KEYS = ("series", "cutoff", "step")
AS_IT_SERVES = "as it serves: it had seen nothing of these windows"
AS_JUDGED = "by its judged model, which was fitted on the same training part"
FITTED_AGAIN = (
    "by its configuration, fitted again on the candidate's training part, for it had seen these windows"
)
FITTED_LONGER = (
    "by its configuration, fitted again on the candidate's training part, for it had learned fewer steps"
)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What a training run keeps of how its candidate was judged.

    ``predictions`` are those of the judged model, which had not seen the final window of ``split``.
    """

    release: Release
    dataset: DatasetVersion
    split: Split
    judgement: Judgement
    checks: tuple[CheckResult, ...]
    predictions: pl.DataFrame
    conversion: Conversion | None = None

    @classmethod
    def of(cls, record: RunRecord, store: ArtifactStore) -> Self:
        """Read it from the outputs of a run, every byte verified.

        Raises
        ------
        GateError
            The run keeps no such thing: it was no training, or what it made is gone or was changed.
        """
        outputs = Execution(record=record, store=store)
        tried = _read(outputs, "test_predictions", Climb)
        return cls(
            release=_read(outputs, "release", Release),
            dataset=_read(outputs, "dataset", DatasetVersion),
            split=_read(outputs, "split", Split),
            judgement=_read(outputs, judge.name, Judgement),
            checks=_read(outputs, prove.name, tuple),
            predictions=tried.predictions,
            conversion=_read(outputs, compare.name, Conversion) if record.step(compare.name) else None,
        )

    def own_gates(self, bundle: Bundle) -> tuple[GateVerdict, ...]:
        """Ask what needs no champion: asserted checks passed, ONNX equals native, better than every rung of the ladder."""
        ladder = self.judgement.ladder
        return (
            checks_gate(self.checks),
            parity_gate(self.conversion, exported_files(bundle)),
            ladder_gate(self.judgement.candidate, ladder.rungs, ladder.metric),
        )


@dataclass(frozen=True, kw_only=True)
class Champion:
    """Who serves now.

    ``seen_until`` is the last stamp (UTC) that it has seen, ``None`` where that is unknown; ``kept`` is how it was judged,
    where its run is still there.
    """

    name: str
    model: ForecastModel
    horizon: int
    seen_until: datetime | None
    kept: Kept | None = None


def gates_against(
    champion: Champion, kept: Kept, panel: pl.DataFrame, config: PromotionConfig
) -> tuple[GateVerdict, ...]:
    """Ask whether the candidate may take the champion's place.

    Parameters
    ----------
    champion
        Who serves now.
    kept
        How the candidate was judged.
    panel
        The candidate's dataset version: both forecast from it, and its values are the truth for both.
    config
        What is asked for.
    """
    name = champion.name
    lost = sorted(set(champion.model.series) - set(kept.predictions["series"].unique().to_list()))
    gates = [
        series_gate(name, lost, config),
        horizon_gate(name, kept.split.horizon, champion.horizon),
        *([age_gate(name, kept.split.last, champion.seen_until)] if champion.seen_until else []),
    ]
    try:
        theirs, how = _recorded(champion, kept) or rematch(champion, kept.split, panel)
        ours, theirs = on_common_rows(kept.predictions, theirs)
    except (DataError, ConfigError) as error:
        return (*gates, incomparable(name, str(error)))
    yardstick = yardstick_of(kept, panel)
    better = better_gate(name, ours, theirs, yardstick, config)
    gates.append(better.model_copy(update={"detail": f"{better.detail}; {name} forecasts {how}"}))
    gates.append(harm_gate(name, ours, theirs, yardstick, config))
    return tuple(gates)


def _recorded(champion: Champion, kept: Kept) -> tuple[pl.DataFrame, str] | None:
    """Return what the champion's judged model said on the same ground: fitting it again would give just that."""
    theirs = champion.kept
    if theirs is None or theirs.dataset.facts.digest != kept.dataset.facts.digest:
        return None
    same = all(
        getattr(theirs.split, name) == getattr(kept.split, name) for name in ("train_end", "final", "horizon")
    )
    return (theirs.predictions, AS_JUDGED) if same else None


def rematch(champion: Champion, split: Split, panel: pl.DataFrame) -> tuple[pl.DataFrame, str]:
    """Let the champion forecast the final window of ``split``, and say what stood for it.

    A champion that was fitted on any of the window would be judged on what it has seen, and its own judged model
    knows less than it does. Such a champion is stood for by its configuration, fitted again on exactly what the
    candidate's judged model was fitted on.

    Raises
    ------
    DataError
        It cannot forecast from this panel: other stamps, no common series, too little history.
    ConfigError
        It cannot forecast so many steps: a covariate is not known so far ahead.
    """
    import polars as pl

    model = champion.model
    if model.frequency != split.frequency:
        raise DataError(f"it forecasts every {model.frequency}, the candidate every {split.frequency}")
    reaches = (model.longest is None or model.longest >= split.horizon) and all(
        each.reaches(split.horizon) for each in model.covariates
    )
    known, how = panel, FITTED_AGAIN if reaches else FITTED_LONGER
    if reaches and champion.seen_until is not None and champion.seen_until <= split.train_end:
        known, how = panel.filter(pl.col("series").is_in(model.series)), AS_IT_SERVES
    else:
        model = _fitted_again(model, panel, split)
    if known.is_empty():
        raise DataError("it knows none of the candidate's series")
    from penstock.forecasting.backtest import backtest

    return backtest(model, known, split.final, split.horizon), how


def on_common_rows(ours: pl.DataFrame, theirs: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return both sets of predictions on the rows that both hold, truths and other columns as in ``ours``.

    Raises
    ------
    DataError
        There are none.
    """
    import polars as pl

    both = ours.join(theirs.select(*KEYS, pl.col("prediction").alias("_theirs")), on=KEYS, how="inner").sort(
        KEYS
    )
    if both.is_empty():
        raise DataError("there is no value that both of them forecast")
    return both.drop("_theirs"), both.with_columns(prediction=pl.col("_theirs")).drop("_theirs")


def yardstick_of(kept: Kept, panel: pl.DataFrame) -> Yardstick:
    """Return by what the candidate was judged: its metric, the scales of its training part, its slices."""
    from penstock.evaluation.scales import naive_scales
    from penstock.forecasting.panel import season_lengths, static_columns

    split = kept.split
    seasons = season_lengths(split.frequency, up_to(panel, split.train_end)) or (1,)
    statics = tuple(name for name in static_columns(panel) if name in kept.predictions.columns)
    return Yardstick(
        metric=kept.judgement.ladder.metric,
        scales=naive_scales(panel, seasons[0], split.train_end),
        by=("series", *statics),
    )


def _fitted_again(model: ForecastModel, panel: pl.DataFrame, split: Split) -> ForecastModel:
    from penstock.forecasting.training import fit

    training = up_to(panel, split.train_end)
    covariates = tuple(each.for_past(split.horizon) for each in model.covariates)
    features, config = model.features.model_copy(update={"covariates": covariates}), model.model
    if model.longest is not None and model.longest < split.horizon:
        config = config.model_copy(update={"steps": split.horizon})
    return fit(training, features, config, seed=model.seed, threads=model.threads)


def _read(outputs: Execution, name: str, kind: type[Any]) -> Any:
    run_id = outputs.record.run_id
    try:
        found = outputs.output(name)
    except KeyError:
        raise GateError(
            f"Run {run_id} keeps no {name!r}, so nothing proves its model: 0 against 1 needed. Train the model with "
            "`penstock run`; what only a script has registered stays a candidate"
        ) from None
    except StorageError as error:
        raise GateError(
            f"The evidence {name!r} of run {run_id} cannot be read, so nothing proves its model: {error}"
        ) from error
    if not isinstance(found, kind):
        raise GateError(
            f"The output {name!r} of run {run_id} is a {type(found).__name__}, no {kind.__name__}"
        )
    return found
