from __future__ import annotations

import polars as pl
import pytest
from pydantic import ValidationError

from penstock.domain.errors import ConfigError, UnknownNameError
from penstock.evaluation.bootstrap import BootstrapConfig
from penstock.evaluation.ladder import Ladder, RungRequest, RungScores, beats_all, score_rung
from penstock.evaluation.metrics import POINT_METRICS
from penstock.testing.panels import random_predictions, scales_of

REQUEST = RungRequest(bootstrap=BootstrapConfig(resamples=50))


def rung(name: str, mae: float | None) -> RungScores:
    return RungScores(
        rung=name, metrics={} if mae is None else {"mae": mae}, undefined=("mae",) if mae is None else ()
    )


RUNGS = (rung("naive_24", 3.0), rung("empty", None), rung("naive_168", 2.0), rung("drift", 2.0))


def test_a_rung_is_scored_with_intervals_counts_and_times() -> None:
    frame = random_predictions(3, 6, 4)
    found = score_rung("naive", frame, scales_of(frame), REQUEST, (1.5, 0.5))
    assert set(found.metrics) == set(found.intervals) == set(POINT_METRICS)
    assert all(one.lower <= one.upper for one in found.intervals.values())
    assert (found.rows, found.near_zero_rows, found.unscaled_rows) == (72, 0, 0)
    assert (found.fit_seconds, found.predict_seconds) == (1.5, 0.5)
    assert RungScores.model_validate_json(found.model_dump_json()) == found


def test_what_is_undefined_is_named() -> None:
    frame = random_predictions(1, 2, 2).with_columns(y=pl.lit(0.0))
    found = score_rung("naive", frame, None, REQUEST)
    assert found.undefined == ("mape", "rmspe", "mase", "rmsse", "wape")
    assert found.near_zero_rows == found.unscaled_rows == found.rows == 4
    holes = frame.with_columns(prediction=pl.lit(None, dtype=pl.Float64))
    assert score_rung("naive", holes, None, REQUEST).metrics == {}


def test_rungs_are_ranked_by_the_metric() -> None:
    ladder = Ladder(metric="mae", rungs=RUNGS)
    assert [one.rung for one in ladder.ranked()] == ["drift", "naive_168", "naive_24", "empty"]
    assert ladder.best().rung == "drift"
    assert ladder.rung("naive_24").metrics == {"mae": 3.0}
    with pytest.raises(UnknownNameError, match="no rung 'naive_25'; did you mean 'naive_24'"):
        ladder.rung("naive_25")


def test_a_ladder_needs_rungs_with_names_of_their_own() -> None:
    with pytest.raises(ValidationError, match="no name twice, got a, a"):
        Ladder(metric="mae", rungs=(rung("a", 1.0), rung("a", 2.0)))
    with pytest.raises(ValidationError, match="at least one rung"):
        Ladder(metric="mae", rungs=())


@pytest.mark.parametrize(
    ("value", "passed", "beaten_by"),
    [
        (1.9, True, ()),
        (2.0, False, ("naive_168", "drift")),
        (2.5, False, ("naive_168", "drift")),
        (None, False, ("naive_24", "empty", "naive_168", "drift")),
    ],
)
def test_a_candidate_must_be_strictly_better_than_all(
    value: float | None, passed: bool, beaten_by: tuple[str, ...]
) -> None:
    found = beats_all(rung("model", value), RUNGS, "mae")
    assert (found.passed, found.number, found.rung, found.threshold) == (passed, value, "drift", 2.0)
    assert found.beaten_by == beaten_by


def test_the_verdict_reads_as_a_sentence() -> None:
    better, worse = (beats_all(rung("model", mae), RUNGS, "mae").describe() for mae in (1.9, 2.5))
    assert better == "model has mae 1.9, better than every rung; the best, drift, has 2"
    assert worse == "model has mae 2.5, not better than naive_168, drift; the best, drift, has 2"


def test_nothing_to_beat_is_an_error() -> None:
    with pytest.raises(ConfigError, match="add at least one to the ladder"):
        beats_all(rung("model", 1.0), (rung("model", 2.0),), "mae")
