from __future__ import annotations

import pytest
from pydantic import ValidationError

from penstock.forecasting.models import ModelConfig
from penstock.forecasting.targets import Target, resolve_targets


@pytest.mark.parametrize("text", ["log", "none/difference24", "auto/lag168", "standardise/mean7"])
def test_text_and_back(text: str) -> None:
    assert str(Target.model_validate(text)) == text
    assert Target.model_validate(Target.model_validate(text).model_dump()) == Target.model_validate(text)


@pytest.mark.parametrize("text", ["logs", "log/lag", "log/mean-3", "log/season24", ""])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(
        ValidationError, match="is not SCALE or SCALE/AGAINST; allowed scales: none, standardise"
    ):
        Target.model_validate(text)


def test_steps_belong_to_a_reference() -> None:
    with pytest.raises(ValidationError, match="against=lag does not go with steps=0"):
        Target(against="lag")


def test_a_model_takes_targets_as_text_or_list() -> None:
    joined = ModelConfig.model_validate({"targets": "log/mean24+log/lag24"})
    listed = ModelConfig.model_validate({"targets": ["log/mean24", "log/lag24"]})
    assert joined == listed
    assert joined == ModelConfig.model_validate(joined.model_dump(mode="json"))


def test_auto_follows_the_seasons() -> None:
    assert [str(each) for each in resolve_targets("auto", (24, 168))] == [
        "auto/mean24",
        "auto/lag24",
        "auto/lag168",
    ]
    assert [str(each) for each in resolve_targets("auto", ())] == ["auto", "auto/lag1"]
    chosen = (Target(scale="log"),)
    assert resolve_targets(chosen, (24,)) == chosen
