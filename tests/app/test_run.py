"""What a run says of its model, and how runs that went well or badly are told apart."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from penstock.app.compare import compare_runs
from penstock.app.models import show_model
from penstock.app.pipelines import BatchPredictor, FeaturesExtractor, Trainer
from penstock.app.reproduce import reproduce
from penstock.app.runs import list_runs, result_of
from penstock.app.session import Session
from penstock.cli.commands import run_command_line
from penstock.domain.errors import DataError, UsageError
from penstock.domain.results import ModelRef

COLUMNS = ("target=load", "time=stamp")
TINY = (
    "name=power",
    "horizon=6",
    "threads=1",
    "search=false",
    "features.lags=[1,24]",
    "features.means=[]",
    "features.deviations=[]",
    "ladder=[seasonal_naive_short]",
    "split.folds=1",
    "model.n_estimators=3",
    "checks.names=[finite]",
    "checks.examples=1",
)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Return overrides of the panel system for a series of ten days; nothing is tracked."""
    monkeypatch.setenv("PENSTOCK_TRACKING_URI", "off")
    monkeypatch.chdir(tmp_path)
    start = datetime(2024, 1, 1, tzinfo=UTC)
    rows = [
        f"{(start + timedelta(hours=hour)).isoformat()},{100 + 30 * math.sin(hour * math.tau / 24) + hour % 7}"
        for hour in range(240)
    ]
    (tmp_path / "power.csv").write_text("\n".join(["stamp,load", *rows]) + "\n")
    return (f"data={tmp_path / 'power.csv'}", *COLUMNS, *TINY)


def test_a_training_found_again_does_not_claim_the_alias_that_has_moved_on(
    settings: tuple[str, ...], tmp_path: Path
) -> None:
    def trained(seed: int) -> tuple[int, str | None]:
        model = Trainer("panel", [*settings, f"seed={seed}"], home=tmp_path / "home").run().model
        assert model is not None
        return model.version, model.alias

    assert [trained(1), trained(2), trained(1)] == [(1, "candidate"), (2, "candidate"), (1, None)]


def test_a_prediction_names_the_model_it_used_as_it_was_asked_for(
    settings: tuple[str, ...], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    Trainer("panel", settings, home=home).run()
    for asked, alias in (("power@candidate", "candidate"), ("power@v1", None)):
        predictor = BatchPredictor("panel", settings, model=asked, home=home)
        used = predictor.run().model
        assert used is not None
        assert (used.name, used.version, used.alias) == ("power", 1, alias)
        assert show_model(predictor.session, asked).version == 1


def test_a_run_that_failed_is_compared_with_one_that_went_well(
    settings: tuple[str, ...], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    extractor = FeaturesExtractor("panel", [*settings, "split.origins=2"], home=home)
    extractor.run()
    with pytest.raises(DataError, match="too short to split"):
        FeaturesExtractor("panel", [*settings, "split.origins=999"], home=home).run()
    failed, done = (line.run_id for line in list_runs(extractor.session))
    found = {(one.kind, one.name): one.values for one in compare_runs(extractor.session, [done, failed])}
    assert found["data", "dataset"] == ("power@v1", None)
    assert found["config", "split.origins"] == (2, 999)


def test_only_trainings_are_reproduced(settings: tuple[str, ...], tmp_path: Path) -> None:
    home = tmp_path / "home"
    Trainer("panel", settings, home=home).run()
    predictor = BatchPredictor("panel", settings, model="power@candidate", home=home)
    run_id = predictor.run().run_id
    with pytest.raises(UsageError, match=f"Run {run_id} was asked to predict.*reproduce that one"):
        reproduce(predictor.session, run_id)


def test_the_split_is_told_with_its_sizes_ends_and_columns(settings: tuple[str, ...], tmp_path: Path) -> None:
    split = Trainer("panel", [*settings, "split.origins=2"], home=tmp_path / "home").run().split
    assert split is not None
    assert (split.series, split.train.rows, split.test.rows) == (1, 228, 12)
    ends = [
        part.isoformat()
        for part in (split.train.first, split.train.last, split.test.first, split.test.last)
        if part
    ]
    assert ends == [f"2024-01-{stamp}:00:00+00:00" for stamp in ("01T00", "10T11", "10T12", "10T23")]
    assert split.features == ("series", "hour", "weekday", "lag1", "lag24")


def test_a_forecast_asked_for_and_not_made_ends_badly_and_the_run_stays(
    settings: tuple[str, ...],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PENSTOCK_HOME", str(tmp_path / "home"))
    table = (tmp_path / "power.csv").read_text().splitlines()
    rows = [f"{row},{10 + number % 24}" for number, row in enumerate(table[1:])]
    (tmp_path / "power.csv").write_text("\n".join([f"{table[0]},temperature", *rows]) + "\n")
    words = ("run", "panel", *settings, "known=temperature", "--quiet", "--forecast-to", "out.csv")
    assert run_command_line(words) == DataError.exit_code
    said = capfd.readouterr().err
    assert "There is no forecast to write to out.csv" in said
    assert "no value of temperature for the steps to forecast" in said
    assert "ONNX" not in said
    session = Session.open(tmp_path / "home")
    (line,) = list_runs(session)
    kept = result_of(session, line.run_id)
    assert (kept.model, Path(str(kept.report)).exists()) == (
        ModelRef(name="power", version=1, alias="candidate"),
        True,
    )
    assert not (tmp_path / "out.csv").exists()
