from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from pydantic import ValidationError

from penstock.domain.errors import ConfigError, DataError
from penstock.evaluation.scales import naive_scales
from penstock.evaluation.scores import overall
from penstock.evaluation.splits import SplitConfig, panel_times, parts, plan_split, up_to
from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.folds import Fold
from penstock.forecasting.journal import JOURNAL_FILE
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.training import fit
from penstock.forecasting.tuning import Search, TuneConfig, tune

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from penstock.evaluation.splits import Split
    from penstock.forecasting.study import FoldScore, Study

FEATURES = FeatureConfig(lags=(1, 2, 24), means=(24,), deviations=(), calendar=("hour",), ids=())
SPACE = {
    "num_leaves": {"low": 4, "high": 31},
    "learning_rate": {"low": 0.05, "high": 0.4, "log": True},
    "objective": {"choices": ["l1", "l2"]},
}
BASE = ModelConfig.model_validate(
    {"n_estimators": 12, "min_child_samples": 5, "learning_rate": 0.2, "targets": "auto/lag24+auto/mean24"}
)


@pytest.fixture(scope="module")
def split(panel: pl.DataFrame) -> Split:
    config = SplitConfig(origins=3, every=24, fold_origins=2, fold_every=24)
    return plan_split(panel_times(panel), frequency="1h", horizon=12, config=config)


@pytest.fixture(scope="module")
def training(panel: pl.DataFrame, split: Split) -> pl.DataFrame:
    return parts(panel, split)[0]


def search(**config: Any) -> Search:
    body = {"trials": 8, "round_size": 3, "workers": 1, "space": SPACE} | config
    return Search(features=FEATURES, model=BASE, config=TuneConfig.model_validate(body), seed=3, threads=1)


def essence(study: Study) -> list[tuple[Any, ...]]:
    return [(each.number, each.params, each.state, each.fold_scores, each.score) for each in study.trials]


@pytest.fixture(scope="module")
def study(training: pl.DataFrame, split: Split, tmp_path_factory: pytest.TempPathFactory) -> Study:
    return tune(training, split, search(), tmp_path_factory.mktemp("study"))


def test_a_study_is_complete(study: Study) -> None:
    assert [record.number for record in study.trials] == list(range(8))
    counts = study.counts
    assert (counts.trials, counts.distinct, counts.failed, counts.folds) == (8, 8, 0, 3)
    assert counts.complete + counts.pruned == 8
    assert counts.pruned > 0
    full = [record for record in study.trials if record.score is not None]
    best = min(full, key=lambda record: record.score or 0.0)
    assert (study.best_number, study.best_score) == (best.number, best.score)
    assert study.best == ModelConfig.model_validate(BASE.model_dump() | best.params)
    assert study.base_score == study.trials[0].score
    assert counts.fits == sum(score is not None for each in study.trials for score in each.fold_scores)
    assert sum(study.importances.values()) == pytest.approx(1.0)
    assert study.fold_weights == pytest.approx((1 / 14, 4 / 14, 9 / 14))
    assert study.seconds > 0


def test_pruned_trials_stopped_after_the_last_fold_or_two(study: Study) -> None:
    for record in study.trials:
        scored = [score is not None for score in record.fold_scores]
        assert scored in ([True] * 3, [False, False, True], [False, True, True])
        assert (record.state == "complete") == all(scored)
        assert record.number >= 3 or record.state == "complete"  # nothing is pruned in the first round


def test_a_fold_score_is_that_of_a_model_trained_on_the_fold(
    training: pl.DataFrame, split: Split, study: Study
) -> None:
    record = study.trials[0]
    model = ModelConfig.model_validate(BASE.model_dump() | record.params | {"targets": "auto/lag24"})
    for cutoffs, score in zip(split.folds, record.fold_scores, strict=True):
        fitted = fit(up_to(training, cutoffs[0]), FEATURES, model, seed=3, threads=1)
        predicted = fitted.predict_origins(training, cutoffs, split.horizon)
        assert overall(predicted, None, ["mape"])["mape"] == pytest.approx(score, rel=1e-9)


def test_the_table_of_folds_is_that_of_the_best_trial(study: Study, split: Split) -> None:
    assert [row.fold for row in study.folds] == [1, 2, 3]
    assert [row.train_end for row in study.folds] == [cutoffs[0] for cutoffs in split.folds]
    assert [row.last for row in study.folds] == [cutoffs[-1] + timedelta(hours=12) for cutoffs in split.folds]
    assert [(row.rows, row.weight) for row in study.folds] == list(
        zip(study.rows, study.fold_weights, strict=True)
    )
    best = study.trials[study.best_number]
    assert tuple(row.metrics["mape"] for row in study.folds) == best.fold_scores
    assert sum(row.weight * (row.metrics["mape"] or 0.0) for row in study.folds) == pytest.approx(
        study.best_score
    )
    for row in study.folds:
        assert list(row.metrics) == ["mape", "mase", "wape", "mae", "rmse", "bias"]
        assert row.fit_seconds > 0
        assert row.predict_seconds > 0


def test_folds_have_every_metric_of_a_model_trained_on_them(
    training: pl.DataFrame, split: Split, study: Study
) -> None:
    model = study.best.model_copy(update={"targets": study.best.members[:1]})
    row, cutoffs = study.folds[0], split.folds[0]
    known = up_to(training, cutoffs[0])
    predicted = fit(known, FEATURES, model, seed=3, threads=1).predict_origins(
        training, cutoffs, split.horizon
    )
    expected = overall(predicted, naive_scales(known, 24, cutoffs[0]), list(row.metrics))
    assert row.metrics == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("workers", [2, 5])
def test_workers_change_nothing(
    training: pl.DataFrame, split: Split, study: Study, workers: int, tmp_path: Path
) -> None:
    assert essence(tune(training, split, search(workers=workers), tmp_path)) == essence(study)


def test_the_better_half_of_a_heat_goes_on_whoever_runs_it(
    training: pl.DataFrame, split: Split, tmp_path: Path
) -> None:
    raced = [
        tune(training, split, search(racing=0.3, workers=workers), tmp_path / str(workers))
        for workers in (1, 3)
    ]
    assert essence(raced[0]) == essence(raced[1])
    lost = [record for record in raced[0].trials if "fell behind its round" in record.reason]
    assert [record.state for record in lost] == ["pruned"] * len(lost)
    assert 2 <= len(lost) <= 3  # of rounds of 3, 3 and 2; the base of the first is never lost
    assert raced[0].trials[0].score is not None
    assert raced[0].best_score <= raced[0].trials[0].score
    again = tune(training, split, search(racing=0.3), tmp_path / "1")
    assert essence(again) == essence(raced[0])


def test_threads_change_nothing(training: pl.DataFrame, split: Split, study: Study, tmp_path: Path) -> None:
    """Workers share the threads of the call, so trees must not depend on how many each gets."""
    assert essence(tune(training, split, replace(search(), threads=2), tmp_path)) == essence(study)


def test_a_killed_study_goes_on(training: pl.DataFrame, split: Split, study: Study, tmp_path: Path) -> None:
    """Keep the journal as it was after any line, or half of the next, and end with the same trials."""
    tune(training, split, search(), tmp_path / "whole")
    lines = (tmp_path / "whole" / JOURNAL_FILE).read_bytes().splitlines(keepends=True)
    for kept in (1, 4, 7):
        folder = tmp_path / str(kept)
        folder.mkdir()
        (folder / JOURNAL_FILE).write_bytes(b"".join(lines[:kept]) + lines[kept][:20])
        assert essence(tune(training, split, search(), folder)) == essence(study)


def test_finished_trials_are_not_run_again(
    training: pl.DataFrame, split: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tune(training, split, search(trials=4), tmp_path)
    scored: list[ModelConfig] = []
    score = Fold.score

    def counted(self: Fold, model: ModelConfig, horizon: int, metrics: Sequence[str]) -> FoldScore:
        scored.append(model)
        return score(self, model, horizon, metrics)

    monkeypatch.setattr(Fold, "score", counted)
    longer = tune(training, split, search(trials=6), tmp_path)
    assert essence(longer)[:3] == essence(first)[:3]
    assert 2 <= len(scored) <= 6


def test_another_search_in_the_same_folder_starts_afresh(
    training: pl.DataFrame, split: Split, tmp_path: Path
) -> None:
    mape = tune(training, split, search(trials=3), tmp_path)
    mae = tune(training, split, search(trials=3, metric="mae"), tmp_path)
    assert (mape.metric, mae.metric) == ("mape", "mae")
    assert mae.best_score > 1 > mape.best_score


@pytest.mark.parametrize("method", ["tpe", "random", "grid"])
def test_methods(training: pl.DataFrame, split: Split, method: str, tmp_path: Path) -> None:
    space = {"objective": {"choices": ["l1", "l2"]}, "num_leaves": {"choices": [4, 8, 16]}}
    study = tune(training, split, search(method=method, trials=6, space=space), tmp_path)
    assert (study.method, study.counts.distinct) == (method, 6)


def test_the_objective_that_was_asked_for_is_the_one_that_is_found(
    training: pl.DataFrame, split: Split, tmp_path: Path
) -> None:
    asked = search(trials=2)
    base = asked.model.model_copy(update={"objective": "quantile", "quantile": 0.9, "strategy": "direct"})
    whole = replace(asked, model=base, config=TuneConfig(trials=2))
    study = tune(training, split, whole, tmp_path)
    assert (study.best.objective, study.best.quantile) == ("quantile", 0.9)
    assert all("objective" not in record.params for record in study.trials)
    assert len({record.params["num_leaves"] for record in study.trials}) == 2


def test_every_member_and_searched_targets(training: pl.DataFrame, split: Split, tmp_path: Path) -> None:
    every = tune(training, split, search(trials=2, members="all"), tmp_path)
    first = tune(training, split, search(trials=2), tmp_path)
    assert every.trials[0].score != first.trials[0].score
    assert len(first.best.members) == 2
    space = {"targets": {"choices": ["log/lag24", "standardise"]}}
    found = tune(training, split, search(trials=2, space=space), tmp_path)
    assert str(found.best.members[0]) == "log/lag24"


def test_strategies_losses_and_targets_are_searched(
    training: pl.DataFrame, split: Split, tmp_path: Path
) -> None:
    """Every point of such a space is scored as a model of that kind, trained on the fold alone, is."""
    space = {
        "strategy": {"choices": ["recursive", "direct", "mixed"]},
        "objective": {"choices": ["l1", "quantile"]},
        "targets": {"choices": ["auto/lag24", "mean"]},
    }
    asked = search(space=space, method="grid", trials=12, pruning=False, max_rows=100_000)
    base = asked.model.model_copy(update={"n_estimators": 4})
    study = tune(training, split, replace(asked, model=base), tmp_path)
    assert [record.state for record in study.trials] == ["complete"] * 12
    assert len({record.score for record in study.trials}) == 12
    record = next(each for each in study.trials if each.params["strategy"] == "mixed")
    model = ModelConfig.model_validate(base.model_dump() | record.params)
    last = split.folds[-1]
    fitted = fit(up_to(training, last[0]), FEATURES, model, seed=3, threads=1, horizon=split.horizon)
    predicted = fitted.predict_origins(training, last, split.horizon)
    assert overall(predicted, None, ["mape"])["mape"] == pytest.approx(record.fold_scores[-1], rel=1e-9)


def test_rows_are_bounded(training: pl.DataFrame, split: Split, tmp_path: Path) -> None:
    study = tune(training, split, search(trials=1, max_rows=200), tmp_path)
    assert study.rows == (200, 200, 200)


def test_no_trial_starts_after_the_time_is_up(training: pl.DataFrame, split: Split, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none of 0 trials was scored on all 3 folds \(the time was up\)"):
        tune(training, split, search(timeout_s=1e-6), tmp_path)


def test_a_search_that_ends_early_says_after_how_many_trials_and_why(
    training: pl.DataFrame, split: Split, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tune(training, split, search(trials=3), tmp_path)
    tune(training, split, search(trials=8, cpu_s=1e-6), tmp_path)
    assert "the search ended after 3 of 8 trials: 1e-06 processor seconds are spent" in caplog.text


def test_a_metric_whose_direction_is_zero_is_brought_to_zero(
    training: pl.DataFrame, split: Split, tmp_path: Path
) -> None:
    study = tune(training, split, search(metric="bias", trials=6, pruning=False), tmp_path)
    scores = [abs(record.score or 0.0) for record in study.trials]
    assert abs(study.best_score) == min(scores)


def test_a_trial_that_fails_is_kept_with_its_reason(
    training: pl.DataFrame, split: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    score = Fold.score

    def failing(self: Fold, model: ModelConfig, horizon: int, metrics: Sequence[str]) -> FoldScore:
        if model.objective == "l2":
            raise MemoryError("no room for histograms")
        return score(self, model, horizon, metrics)

    monkeypatch.setattr(Fold, "score", failing)
    study = tune(training, split, search(), tmp_path)
    failed = [record for record in study.trials if record.state == "failed"]
    assert failed
    assert {record.reason for record in failed} == {"MemoryError: no room for histograms"}
    assert study.best.objective == "l1"


def test_trials_are_told(
    training: pl.DataFrame, split: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, Any]] = []
    steps: list[tuple[Any, ...]] = []
    monkeypatch.setattr("penstock.forecasting.tuning.trial", lambda **fields: told.append(fields))
    monkeypatch.setattr("penstock.forecasting.tuning.progress", lambda *fields: steps.append(fields))
    tune(training, split, search(trials=3), tmp_path)
    assert [each["number"] for each in told] == [0, 1, 2]
    assert set(told[0]["metrics"]) == {"fold_1", "fold_2", "fold_3"}
    assert steps[-1] == (3, 3, "trial 2 complete")


def test_the_final_window_is_refused(panel: pl.DataFrame, split: Split, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"tuning was given 240 rows after .* the end of the training part"):
        tune(panel, split, search(), tmp_path)


def test_a_fold_that_is_too_short(panel: pl.DataFrame, tmp_path: Path) -> None:
    short = panel.filter(pl.col("time").rank("dense").over("series") <= 120)
    split = plan_split(panel_times(short), frequency="1h", horizon=12, config=SplitConfig(origins=1))
    with pytest.raises(DataError, match=r"fold 1 is too short: it ends at .* 24 rows, but .* model need 25"):
        tune(parts(short, split)[0], split, search(), tmp_path)


def test_series_too_short_for_a_fold_are_left_out_of_it(
    training: pl.DataFrame, split: Split, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    start = split.folds[0][0]
    late = training.filter((pl.col("series") != "s02") | (pl.col("time") > start))
    study = tune(late, split, search(trials=1), tmp_path)
    assert "left out of it: fold 1: s02" in caplog.text
    assert study.counts.complete == 1


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"metric": "mapee"}, "cannot judge point forecasts; did you mean 'mape'"),
        ({"metric": "coverage"}, "cannot judge point forecasts"),
        ({"trials": 0}, "greater than or equal to 1"),
        ({"method": "bayes"}, "'tpe', 'random' or 'grid'"),
        ({"goal": "maximise"}, "Extra inputs are not permitted"),
    ],
)
def test_wrong_configurations(change: dict[str, Any], match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        search(**change)


def test_a_space_the_model_does_not_have(training: pl.DataFrame, split: Split, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no field 'leaves'"):
        tune(training, split, search(space={"leaves": {"low": 1, "high": 2}}), tmp_path)


def test_automatic_features_are_worked_out_once(training: pl.DataFrame, split: Split, tmp_path: Path) -> None:
    auto = Search(
        features=FeatureConfig(),
        model=ModelConfig(n_estimators=3),
        config=TuneConfig(trials=1),
        seed=1,
        threads=1,
    )
    study = tune(training, split, auto, tmp_path)
    assert [str(target) for target in study.best.members] == ["auto/mean24", "auto/lag24"]


def test_a_study_is_plain_values(study: Study) -> None:
    assert type(study).model_validate(study.model_dump(mode="json")) == study


def test_real_load_beats_the_naives(real_data: Callable[[str], Path]) -> None:
    raw = pl.read_csv(real_data("pjm_zones_2023.csv.gz"), try_parse_dates=True)
    panel = raw.rename({"unique_id": "series", "ds": "time"}).tail(8784 * 5)
    panel = panel.with_columns(pl.col("time").dt.cast_time_unit("us"))
    split = plan_split(
        panel_times(panel), frequency="1h", horizon=24, config=SplitConfig(origins=30, every=72)
    )
    training = parts(panel, split)[0]
    model = fit(
        training, FeatureConfig(), ModelConfig(n_estimators=120, learning_rate=0.12), seed=1, threads=2
    )
    naive = seasonal_naive_errors(panel, split)
    ratios = errors(model.predict_origins(panel, split.final, 24)).join(naive, on="series")
    assert (ratios["error"] / ratios["naive"]).mean() <= 0.70  # type: ignore[operator]  # a number


def errors(predictions: pl.DataFrame) -> pl.DataFrame:
    absolute = (pl.col("y") - pl.col("prediction")).abs().mean()
    return predictions.group_by("series").agg(error=absolute)


def seasonal_naive_errors(panel: pl.DataFrame, split: Split) -> pl.DataFrame:
    from penstock.forecasting.naive import SeasonalNaive

    found = [
        errors(SeasonalNaive(season=season, frequency="1h").predict_origins(panel, split.final, 24))
        for season in (24, 168)
    ]
    return pl.concat(found).group_by("series").agg(naive=pl.col("error").min())
