"""Every shipped preset builds what it configures."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import penstock.systems.shared
from penstock.forecasting.features import FeatureConfig, resolve_features
from penstock.forecasting.models import ModelConfig

PRESETS = Path(penstock.systems.shared.__file__).parent / "presets"


def presets(group: str) -> list[Path]:
    return sorted((PRESETS / group).glob("*.yaml"))


@pytest.mark.parametrize("file", presets("features"), ids=lambda file: file.stem)
def test_features(file: Path) -> None:
    config = FeatureConfig.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    assert resolve_features(config, frequency="1h", seasons=(24, 168)).history >= 72


@pytest.mark.parametrize("file", presets("model"), ids=lambda file: file.stem)
def test_models(file: Path) -> None:
    config = ModelConfig.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    assert config.kind == ("linear" if file.stem == "linear" else "lightgbm")


def test_the_course_preset_is_the_course() -> None:
    body = yaml.safe_load((PRESETS / "features/course.yaml").read_text(encoding="utf-8"))
    features = resolve_features(FeatureConfig.model_validate(body), frequency="1h", seasons=(24, 168))
    assert features.lags == tuple(range(1, 73))
    assert features.means == features.deviations == (24, 48, 72)
    assert features.calendar == ("hour", "weekday")
