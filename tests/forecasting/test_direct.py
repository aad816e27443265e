from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from penstock.domain.errors import ConfigError, DataError
from penstock.evaluation.predictor import Forecaster
from penstock.forecasting.direct import STEP, DirectTable, Drawing, direct_table, distance
from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.forecaster import ForecastModel
from penstock.forecasting.importances import importances
from penstock.forecasting.models import ModelConfig, Trees
from penstock.forecasting.table import FeatureTable, member_matrix
from penstock.forecasting.training import fit, prepare, resolve
from penstock.testing.forecasters import ForecasterContract
from penstock.testing.loads import load_panel
from penstock.testing.panels import START

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

FEATURES = FeatureConfig(
    lags=(1, 2, 24, 25, 48), means=(24,), deviations=(12,), calendar=("hour",), ids=("area",)
)
ENSEMBLE = "auto/mean12+log/lag24+standardise/difference24"
STEPS = 30


def asked(strategy: str, targets: str = ENSEMBLE, **fields: Any) -> ModelConfig:
    body = {"n_estimators": 12, "min_child_samples": 5, "learning_rate": 0.2, "steps": STEPS}
    return ModelConfig.model_validate(body | {"strategy": strategy, "targets": targets} | fields)


@pytest.fixture(scope="module")
def direct(panel: pl.DataFrame) -> ForecastModel:
    return fit(panel, FEATURES, asked("direct"), seed=1, threads=1)


@pytest.fixture(scope="module")
def mixed(panel: pl.DataFrame) -> ForecastModel:
    return fit(panel, FEATURES, asked("mixed"), seed=1, threads=1)


class TestDirect(ForecasterContract):
    def forecaster(self) -> Forecaster:
        short = FEATURES.model_copy(update={"lags": (1, 24), "ids": ()})
        return fit(self.history(), short, asked("direct", "auto/lag24", steps=6), seed=1, threads=1)


@dataclass(frozen=True, kw_only=True)
class Watching:
    """Remembers what it is asked, and forecasts nothing but the reference."""

    seen: list[NDArray[np.float32]] = field(default_factory=list)

    def predict(self, matrix: NDArray[np.float32], series: NDArray[np.int64]) -> NDArray[np.float64]:
        self.seen.append(matrix.copy())
        return np.zeros(len(series))


def by_definition(past: Sequence[float], step: int, against: str) -> list[float]:
    """Return lags, mean and deviation ``step`` after the end of ``past``, less the reference of the target."""

    def back(lag: int) -> float:  # from the value to forecast
        return past[len(past) - 1 + step - lag]

    def aligned(lag: int) -> float:
        while lag < step:
            lag += 24
        return back(lag)

    mean = float(np.mean(past[-24:]))
    own, first = {
        "level": (0.0, 0.0),
        "lag24": (aligned(24), past[-24]),
        "mean12": (float(np.mean(past[-12:])),) * 2,
    }[against]
    near = [past[-lag] - first for lag in (1, 2)]
    return [
        *near,
        aligned(24) - own,
        past[-25] - first,
        aligned(48) - own,
        mean - first,
        float(np.std(past[-12:], ddof=1)),
    ]


@pytest.mark.parametrize("target", ["none", "none/lag24", "none/mean12"])
def test_training_and_forecast_see_the_same_columns(panel: pl.DataFrame, target: str) -> None:
    """Both against a slow loop over the definitions, at the same cutoff."""
    model = asked("direct", target)
    features, _ = resolve(panel, FEATURES, model)
    prepared = prepare(panel, features, model.members, history=50, drawing=Drawing(seed=5))
    table = prepared.table(model.members[0])
    assert isinstance(table, DirectTable)
    matrix, label = member_matrix(table, prepared.plan, model.members[0])
    values = panel.filter(pl.col("series") == "s01")["y"].to_list()
    watching = Watching()
    fitted = replace(fit(panel, FEATURES, model, seed=1, threads=1), members=(watching,))  # type: ignore[arg-type]
    cutoff = 400
    forecast = fitted.predict_origins(panel, [START + timedelta(hours=cutoff - 1)], STEPS)
    seen = watching.seen[0].reshape(4, STEPS, -1)[1]
    against = target.partition("/")[2] or "level"
    for step in (1, 2, 3, 23, 24, 25, 30):
        expected = by_definition(values[:cutoff], step, against)
        np.testing.assert_allclose(seen[step - 1][3:], expected, rtol=1e-4, atol=1e-3)
        assert seen[step - 1][1:3].tolist() == [(cutoff - 1 + step) % 24, step]
        place = len(values) + cutoff - 1 + step
        row = np.flatnonzero((table.places == place) & (table.steps == step))
        np.testing.assert_allclose(matrix[row][0], seen[step - 1], rtol=1e-4, atol=1e-3)
        said = forecast.filter((pl.col("series") == "s01") & (pl.col("step") == step))["prediction"][0]
        assert values[cutoff - 1 + step] - label[row][0] == pytest.approx(said, rel=1e-4)


@settings(max_examples=200, deadline=None)
@given(
    lag=st.integers(1, 400),
    step=st.integers(1, 400),
    seasons=st.sampled_from([(), (24, 168), (7,), (48, 336)]),
)
def test_a_lag_is_known_at_the_cutoff_and_no_further_back_than_for_the_first_step(
    lag: int, step: int, seasons: tuple[int, ...]
) -> None:
    found = int(distance(lag, np.array([step]), seasons)[0])
    assert found >= step
    assert found - step + 1 <= lag
    own = [season for season in seasons if lag % season == 0]
    assert not own or (found - lag) % max(own) == 0
    assert step > lag or found == (lag if own else lag + step - 1)


@pytest.mark.parametrize("target", ["standardise/lag24", "none/difference24", "log/lag24"])
@pytest.mark.parametrize("strategy", ["direct", "mixed"])
def test_what_repeats_its_season_is_continued_exactly(target: str, strategy: str) -> None:
    panel = load_panel(series=2, steps=24 * 10)
    day = panel.group_by("series", maintain_order=True).head(24)["y"].to_numpy().reshape(2, 24)
    repeated = panel.with_columns(y=pl.Series(np.tile(day, 10).ravel()))
    model = fit(repeated, FEATURES, asked(strategy, target, steps=60), seed=1, threads=1)
    found = model.predict(repeated, 60)["prediction"].to_numpy().reshape(2, 60)
    np.testing.assert_allclose(found, np.tile(day, 3)[:, :60], rtol=1e-5)


def test_no_row_of_training_reads_beyond_its_cutoff(panel: pl.DataFrame) -> None:
    """Change every value from a place on: no column moves of a row whose cutoff lies before it."""
    model = asked("direct")
    features, _ = resolve(panel, FEATURES, model)
    prepared = prepare(panel, features, model.members, history=74)
    for target in model.members:
        table = prepared.table(target)
        assert isinstance(table, DirectTable)
        ends = table.places - table.steps
        changed = 900
        spoilt = table.values.copy()
        spoilt[changed:] = -1e6
        windows = {
            name: np.where(np.arange(len(values)) > changed, np.float32(-1e6), values)
            for name, values in table.windows.items()
        }
        other = replace(table, values=spoilt, windows=windows)
        before, after = (member_matrix(each, prepared.plan, target)[0] for each in (table, other))
        same = (before == after).all(axis=1)
        assert same[ends < changed].all()
        assert not same[ends >= changed].any()
        assert (ends < changed).any()


def test_nothing_after_the_cutoff_is_read(panel: pl.DataFrame, mixed: ForecastModel) -> None:
    cutoff = START + timedelta(hours=450)
    spoilt = panel.with_columns(y=pl.when(pl.col("time") > cutoff).then(-1e9).otherwise(pl.col("y")))
    before, after = (mixed.predict_origins(each, [cutoff], STEPS) for each in (panel, spoilt))
    assert before["prediction"].to_list() == after["prediction"].to_list()


def test_alone_in_company_and_for_fewer_steps_it_is_the_same(
    panel: pl.DataFrame, direct: ForecastModel
) -> None:
    cutoffs = [START + timedelta(hours=hour) for hour in (400, 424, 457)]
    together = direct.predict_origins(panel, cutoffs, STEPS)
    for cutoff in cutoffs:
        alone = direct.predict(panel.filter((pl.col("time") <= cutoff) & (pl.col("series") == "s02")), STEPS)
        part = together.filter((pl.col("cutoff") == cutoff) & (pl.col("series") == "s02"))
        assert part["prediction"].to_list() == alone["prediction"].to_list()
    few = direct.predict_origins(panel, cutoffs, 7)
    assert few.equals(together.filter(pl.col("step") <= 7))


@pytest.mark.parametrize("strategy", ["direct", "mixed"])
def test_a_saved_model_predicts_the_same_digits(
    panel: pl.DataFrame, tmp_path: Path, strategy: str, request: pytest.FixtureRequest
) -> None:
    model: ForecastModel = request.getfixturevalue(strategy)
    model.save(tmp_path)
    again = ForecastModel.load(tmp_path)
    assert again.predict(panel, STEPS).equals(model.predict(panel, STEPS))
    assert (again.model, again.columns) == (model.model, model.columns)


def test_mixed_is_the_mean_of_both(panel: pl.DataFrame, direct: ForecastModel, mixed: ForecastModel) -> None:
    recursive = fit(panel, FEATURES, asked("recursive"), seed=1, threads=1)
    mean = (recursive.predict(panel, STEPS)["prediction"] + direct.predict(panel, STEPS)["prediction"]) / 2
    np.testing.assert_allclose(mixed.predict(panel, STEPS)["prediction"], mean, rtol=1e-12)


def test_only_the_needed_history_counts(panel: pl.DataFrame, direct: ForecastModel) -> None:
    recent = panel.group_by("series", maintain_order=True).tail(direct.history)
    assert direct.predict(recent, STEPS).equals(direct.predict(panel, STEPS))


def test_the_first_step_ahead_is_a_column_and_counts(direct: ForecastModel, mixed: ForecastModel) -> None:
    assert direct.columns == (
        "area",
        "hour",
        STEP,
        "lag1",
        "lag2",
        "lag24",
        "lag25",
        "lag48",
        "mean24",
        "deviation12",
    )
    assert mixed.columns == direct.columns
    for member, booster in enumerate(each.booster for each in mixed.members if isinstance(each, Trees)):
        assert list(mixed.columns_of(member)) == booster.feature_name()
    assert (direct.longest, mixed.longest) == (STEPS, STEPS)
    for model in (direct, mixed):
        shares = importances(model)
        assert shares[STEP] > 0
        assert sum(shares.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("strategy", ["direct", "mixed"])
def test_a_horizon_longer_than_learned(
    panel: pl.DataFrame, strategy: str, request: pytest.FixtureRequest
) -> None:
    model: ForecastModel = request.getfixturevalue(strategy)
    with pytest.raises(
        DataError,
        match=r"learned 30 steps directly and cannot forecast 31; allowed: horizons from 1 to 30\. Train",
    ):
        model.predict(panel, 31)


def test_how_many_steps_must_be_said(panel: pl.DataFrame) -> None:
    unsaid = asked("direct", "auto/lag24", steps=None, n_estimators=1)
    with pytest.raises(ConfigError, match=r"strategy direct needs to know how many steps.*give model\.steps"):
        fit(panel, FEATURES, unsaid, seed=1, threads=1)
    told = fit(panel, FEATURES, unsaid, seed=1, threads=1, horizon=5)
    assert told.model.steps == 5
    plain = unsaid.model_copy(update={"strategy": "recursive"})
    assert fit(panel, FEATURES, plain, seed=1, threads=1, horizon=5).model.steps is None


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"strategy": "direct", "kind": "linear"}, "strategy direct needs kind lightgbm"),
        ({"strategy": "block"}, "'recursive', 'direct' or 'mixed'"),
        ({"steps": 0}, "greater than or equal to 1"),
    ],
)
def test_wrong_strategies(fields: dict[str, Any], match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        ModelConfig.model_validate(fields)


def table_of(lengths: Sequence[int]) -> FeatureTable:
    count = sum(lengths)
    return FeatureTable(
        values=np.arange(count, dtype=np.float32),
        windows={},
        known=np.zeros((count, 0), dtype=np.float32),
        places=np.arange(count),
        series=np.repeat(np.arange(len(lengths)), lengths),
        columns=(),
    )


@settings(max_examples=50, deadline=None)
@given(lengths=st.lists(st.integers(1, 30), min_size=1, max_size=4), ahead=st.integers(1, 12))
def test_few_values_are_learned_at_every_step(lengths: list[int], ahead: int) -> None:
    found = direct_table(table_of(lengths), ahead, (), Drawing(seed=0))
    expected = [
        (place, step)
        for size in lengths
        for place in range(size)
        for step in range(1, min(place + 1, ahead) + 1)
    ]
    starts = np.cumsum([0, *lengths])[found.series]
    assert list(zip((found.places - starts).tolist(), found.steps.tolist(), strict=True)) == expected
    assert found.known[:, 0].tolist() == found.steps.tolist()


def test_many_values_are_learned_at_some_steps_spread_over_all() -> None:
    found = direct_table(table_of([60_000]), 40, (), Drawing(seed=0))
    later = found.steps[found.places >= 40].reshape(-1, 4)
    assert (np.diff(later, axis=1) > 0).all()
    counts = np.bincount(later.ravel(), minlength=41)[1:]
    assert 0.9 < counts.min() / counts.mean() <= counts.max() / counts.mean() < 1.1
    again = direct_table(table_of([60_000]), 40, (), Drawing(seed=0))
    assert np.array_equal(found.steps, again.steps)
    assert not np.array_equal(found.steps, direct_table(table_of([60_000]), 40, (), Drawing(seed=1)).steps)
    few = direct_table(table_of([60_000]), 40, (), Drawing(seed=0, limit=100_000))
    assert len(few.steps) == 2 * 60_000 - 1  # the first value is known one step before only
    thin = found.thinned(1000, seed=2)
    assert (len(thin.steps), len(thin.places), len(thin.known)) == (1000, 1000, 1000)
    assert thin.known[:, 0].tolist() == thin.steps.tolist()


def test_a_quantile_learned_directly_is_held_at_every_step(panel: pl.DataFrame) -> None:
    """Fed back into itself it would climb from step to step."""
    model = fit(
        panel,
        FEATURES,
        asked("direct", "auto/lag24", objective="quantile", quantile=0.8, n_estimators=60),
        seed=1,
        threads=1,
    )
    cutoffs = panel["time"].unique().sort().to_list()[80:-STEPS:7]
    found = model.predict_origins(panel, cutoffs, STEPS)
    held = found.group_by((pl.col("step") - 1) // 10).agg((pl.col("y") <= pl.col("prediction")).mean())["y"]
    assert held.is_between(0.72, 0.92).all()
