"""A small system on disk, with groups, presets and a secret."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from penstock.app.config import LoadedConfig, SystemFiles, load_config

FROZEN = ConfigDict(frozen=True, extra="forbid")


class Features(BaseModel):
    model_config = FROZEN

    lag_hours: tuple[int, ...]
    use_holidays: bool = False


class Trees(BaseModel):
    model_config = FROZEN

    kind: Literal["trees"] = "trees"
    num_leaves: int = Field(default=31, ge=2)
    learning_rate: float = 0.1


class Linear(BaseModel):
    model_config = FROZEN

    kind: Literal["linear"] = "linear"
    alpha: float = 1.0


class Config(BaseModel):
    model_config = FROZEN

    horizon: int = Field(default=24, ge=1)
    area: str = "DK1"
    data: Path | None = None
    start: date | None = None
    token: SecretStr | None = None
    weights: dict[str, float] = {}
    features: Features
    model: Trees | Linear = Field(discriminator="kind", default_factory=Trees)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "river"
    write(folder / "config.yaml", "defaults:\n  features: slim\n  model: trees\n\nhorizon: 48\n")
    write(folder / "features/slim.yaml", "lag_hours: [1, 24]\nuse_holidays: true\n")
    write(folder / "model/trees.yaml", "kind: trees\nnum_leaves: 15\n")
    write(folder / "model/linear.yaml", "kind: linear\nalpha: 2\n")
    write(tmp_path / "presets/features/course.yaml", "lag_hours: [1, 2, 3]\n")
    return folder


@pytest.fixture
def load(folder: Path) -> Callable[..., LoadedConfig]:
    files = SystemFiles(folder=folder, schema=Config, presets=folder.parent / "presets")

    def load(*overrides: str, **environ: str) -> LoadedConfig:
        return load_config(files, overrides, environ)

    return load


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
