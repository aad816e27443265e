"""The three classes: each can be subclassed, runs its part, and returns a typed result."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from penstock.app.pipelines import BatchPredictor, FeaturesExtractor, Trainer
from penstock.domain.errors import UsageError
from penstock.domain.results import RunResult

SETTINGS = (
    "name=power",
    "target=load",
    "time=stamp",
    "horizon=6",
    "threads=1",
    "search=false",
    "features.lags=[1,24]",
    "features.means=[]",
    "features.deviations=[]",
    "ladder=[seasonal_naive_short]",
    "split.origins=2",
    "split.folds=1",
    "model.n_estimators=3",
    "checks.names=[finite]",
    "checks.examples=1",
)


class Louder(Trainer):
    """Trains what a file says, and remembers what it was told."""

    told: RunResult | None = None

    def run(self) -> RunResult:
        self.told = super().run()
        return self.told


class UpToSplit(FeaturesExtractor):
    """Stops before the split."""

    def steps(self) -> tuple[str, ...]:
        return ("publish",)


class OfFirst(BatchPredictor):
    """Predicts with the first version, whatever stands as candidate."""

    def model(self) -> str:
        return "power@v1"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    monkeypatch.setenv("PENSTOCK_TRACKING_URI", "off")
    start = datetime(2024, 1, 1, tzinfo=UTC)
    rows = [
        {"stamp": (start + timedelta(hours=hour)).isoformat(), "load": 100.0 + hour % 24}
        for hour in range(240)
    ]
    pl.DataFrame(rows).write_csv(tmp_path / "power.csv")
    return (f"data={tmp_path / 'power.csv'}", *SETTINGS)


def test_each_does_its_part(settings: tuple[str, ...], tmp_path: Path) -> None:
    home = tmp_path / "home"
    prepared = UpToSplit("panel", settings, home=home).run()
    assert (prepared.dataset, prepared.model) == ("power@v1", None)
    assert "split" not in [step.name for step in prepared.steps]

    trainer = Louder("panel", settings, home=home)
    trained = trainer.run()
    assert trainer.told is trained
    assert trained.model is not None
    assert (trained.model.name, trained.model.version) == ("power", 1)
    states = {step.name: step.state for step in trained.steps}
    assert states["prepare"] == "reused"

    predictor = OfFirst("panel", settings, home=home)
    predicted = predictor.run()
    assert predicted.forecast is not None
    assert pl.read_parquet(predicted.forecast).height == 6
    assert {step.stage for step in predicted.steps}.isdisjoint({"train", "tune", "register"})


def test_a_registered_model_predicts_rows_in_memory(settings: tuple[str, ...], tmp_path: Path) -> None:
    home = tmp_path / "home"
    Trainer("panel", settings, home=home).run()
    predictor = BatchPredictor("panel", settings, model="power@candidate", home=home)
    times = [datetime(2024, 2, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in range(72)]
    history = pl.DataFrame(
        {"series": ["all"] * 72, "time": times, "y": [100.0 + hour % 24 for hour in range(72)]},
        schema_overrides={"time": pl.Datetime("us", "UTC")},
    )
    future = predictor.predict(history, 3)
    assert future["time"].to_list() == [times[-1] + timedelta(hours=step) for step in (1, 2, 3)]
    assert future["prediction"].is_finite().all()


def test_a_system_without_preparing_steps_says_so(tmp_path: Path) -> None:
    (tmp_path / "system.py").write_text(
        "from pathlib import Path\n"
        "from pydantic import BaseModel, ConfigDict\n"
        "from penstock.engine import pipeline\n"
        "from penstock.systems.shared.system import System\n\n\n"
        "class Config(BaseModel):\n"
        "    model_config = ConfigDict(frozen=True, extra='forbid')\n\n\n"
        "@pipeline(name='bare')\n"
        "def train(cfg: Config) -> None:\n"
        "    return None\n\n\n"
        "SYSTEM = System(name='bare', title='', folder=Path(__file__).parent, config=Config, train=train)\n"
    )
    (tmp_path / "config.yaml").write_text("")
    with pytest.raises(UsageError, match="names no preparing steps"):
        FeaturesExtractor(str(tmp_path), home=tmp_path / "home").run()
