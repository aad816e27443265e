"""The rungs by name: what each is for data with these seasons, and the sets of them."""

from __future__ import annotations

from importlib.resources import files

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from penstock.forecasting.classical import is_classical
from penstock.forecasting.models import ModelConfig
from penstock.systems.shared.ladders import (
    COURSE_FEATURES,
    COURSE_MODEL,
    FULL_LADDER,
    LADDERS,
    PRESETS,
    RungName,
    Rungs,
    ensemble_members,
    rung_config,
)

MODELS: tuple[RungName, ...] = ("seasonal_linear", "course")


@pytest.mark.parametrize(
    ("seasons", "steps"),
    [
        (
            (24, 168),
            {"seasonal_naive_short": 24, "seasonal_naive_long": 168, "moving_average": 24, "drift": 169},
        ),
        ((7,), {"seasonal_naive_short": 7, "seasonal_naive_long": None, "moving_average": 7, "drift": 8}),
        ((), {"seasonal_naive_short": 1, "seasonal_naive_long": None, "moving_average": 4, "drift": 5}),
    ],
)
def test_rungs_follow_the_seasons(seasons: tuple[int, ...], steps: dict[RungName, int | None]) -> None:
    for rung, expected in steps.items():
        config = rung_config(rung, seasons)
        assert (config.steps if config else None) == expected


def test_the_rungs_that_learn_are_models() -> None:
    linear, course = (rung_config(name, (24, 168)) for name in MODELS)
    assert linear is not None
    assert linear.model is not None
    assert [str(target) for target in linear.model.members] == ["standardise/lag24"]
    assert course is not None
    assert (course.features, course.model) == (COURSE_FEATURES, COURSE_MODEL)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_the_same_as_model_and_as_rung(name: str) -> None:
    preset = files("penstock.systems.shared").joinpath("presets", "model", f"{name}.yaml")
    assert ModelConfig.model_validate(yaml.safe_load(preset.read_text(encoding="utf-8"))) == PRESETS[name]
    rung = rung_config(f"lightgbm_{name}", (24,))  # type: ignore[arg-type]  # one of its names
    assert rung is not None
    assert rung.model == PRESETS[name]


@pytest.mark.parametrize("name", LADDERS)
def test_a_set_of_rungs_has_a_name(name: str) -> None:
    assert TypeAdapter(Rungs).validate_python(name) == LADDERS[name]


def test_every_rung_of_the_full_ladder_is_known() -> None:
    others = [rung for rung in FULL_LADDER if not is_classical(rung) and rung != "ensemble"]
    assert all(rung_config(rung, (24, 168)) is not None for rung in others)


def test_the_ensemble_leaves_out_what_the_data_have_no_season_for() -> None:
    names = [[member.name for member in ensemble_members(seasons)] for seasons in ((24, 168), ())]
    assert names[0] == ["seasonal_naive_24", "seasonal_naive_168", "seasonal_linear", "lightgbm_default"]
    assert names[1] == ["seasonal_naive_1", "seasonal_linear", "lightgbm_default"]


@pytest.mark.parametrize(
    ("rungs", "match"),
    [
        (["drift", "drift"], "drift stands there more than once; name each rung once"),
        ("ful", "Input should be 'seasonal_naive_short'"),
        ([], "at least 1 item"),
    ],
)
def test_wrong_ladders(rungs: object, match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        TypeAdapter(Rungs).validate_python(rungs)
