"""How the panel system is told of covariates."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from penstock.systems.panel.config import PanelConfig
from penstock.systems.panel.feed import rows_of

GIVEN = {"data": "ice.csv", "target": "sold", "time": "hour", "known": "temperature", "past": ["visitors"]}


def _faults(**fields: object) -> str:
    with pytest.raises(ValidationError) as caught:
        PanelConfig.model_validate({**GIVEN, **fields})
    return str(caught.value)


def test_they_become_columns_of_the_panel() -> None:
    config = PanelConfig.model_validate(GIVEN)
    assert config.columns.covariates == {"known:temperature": "temperature", "past:visitors": "visitors"}
    assert rows_of(config).names == ("time", "series", "y", "known:temperature", "past:visitors")
    assert config.looks_ahead


def test_what_is_known_too_late_is_told_before_anything_runs() -> None:
    told = _faults(horizon=48, features={"known_ahead": {"temperature": 24, "wind": 3}})
    assert "temperature is known 24 steps ahead (features.known_ahead), and the horizon is 48" in told
    assert "features.known_ahead: wind is no covariate" in told
    late = PanelConfig.model_validate({**GIVEN, "features": {"known_ahead": {"visitors": -2}}})
    assert late.features.known_ahead == {"visitors": -2}


def test_a_past_covariate_is_not_known_ahead() -> None:
    told = _faults(features={"known_ahead": {"visitors": 3}})
    assert (
        "visitors is named under past= and known 3 steps ahead (features.known_ahead): say 0 or less" in told
    )


def test_parts_that_do_not_go_together() -> None:
    assert "more than one part to play: visitors" in _faults(known=["visitors"])
    assert "future= needs known=" in _faults(known=[], future="ahead.csv")
