from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import ValidationError

from penstock.forecasting.models import ModelConfig
from penstock.forecasting.recursion import rebuilt
from penstock.forecasting.scaling import fit_scaling, scaling_of
from penstock.forecasting.targets import SCALES, Target, resolve_targets

if TYPE_CHECKING:
    from numpy.typing import NDArray


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


@settings(max_examples=60, deadline=None)
@given(
    values=arrays(
        np.float64, st.tuples(st.integers(1, 3), st.integers(60, 90)), elements=st.floats(0.1, 1e6)
    ),
    scale=st.sampled_from(SCALES),
    difference=st.sampled_from([0, 1, 7, 24]),
)
def test_scales_and_differences_are_undone_exactly(
    values: NDArray[np.float64], scale: str, difference: int
) -> None:
    """Who knows the scaled differences of the future knows the future."""
    names = [f"s{place}" for place in range(len(values))]
    scaling = scaling_of(fit_scaling(values, names, scale), scale, names)
    scaled = scaling.forward(values)
    changes = scaled.copy()
    if difference:
        changes[:, difference:] -= scaled[:, :-difference]
    found = scaling.inverse(rebuilt(scaled[:, :40], changes[:, 40:], difference))
    np.testing.assert_allclose(found, values[:, 40:], rtol=1e-6, atol=1e-9 * values.max())
