from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from penstock.domain.errors import ConfigError
from penstock.forecasting.features import FeatureConfig, resolve_features

SLIM = (1, 2, 3, 24, 25, 26, 48, 72, 144, 167, 168, 169, 192, 336)


def test_auto_for_hours() -> None:
    found = resolve_features(FeatureConfig(), frequency="1h", seasons=(24, 168), statics=())
    assert found.lags == SLIM
    assert found.means == found.deviations == (24, 168)
    assert (found.calendar, found.ids, found.history) == (("hour", "weekday"), ("series",), 336)


@pytest.mark.parametrize(
    ("frequency", "seasons", "lags", "calendar"),
    [
        ("1d", (7,), (1, 2, 3, 7, 8, 9, 14, 21), ("weekday", "month")),
        ("1mo", (12,), (1, 2, 3, 12, 13, 14, 24, 36), ("month",)),
        ("30m", (), (1, 2, 3), ("hour", "minute", "weekday")),
        ("1y", (), (1, 2, 3), ()),
    ],
)
def test_auto_elsewhere(
    frequency: str, seasons: tuple[int, ...], lags: tuple[int, ...], calendar: tuple[str, ...]
) -> None:
    found = resolve_features(FeatureConfig(), frequency=frequency, seasons=seasons)
    assert (found.lags, found.calendar) == (lags, calendar)


def test_auto_looks_back_on_a_third_of_the_history_at_most() -> None:
    found = resolve_features(FeatureConfig(), frequency="1h", seasons=(24, 168), steps=300)
    assert max(found.lags) == 72
    assert found.means == (24,)
    tiny = resolve_features(FeatureConfig(), frequency="1h", seasons=(24, 168), steps=2)
    assert tiny.lags == (1,)


def test_what_is_asked_is_kept() -> None:
    asked = FeatureConfig.model_validate(
        {"lags": "1..72", "means": [24, "48..50"], "ids": [], "calendar": "hour"}
    )
    found = resolve_features(asked, frequency="1h", seasons=(24,), steps=10)
    assert found.lags == tuple(range(1, 73))
    assert found.means == (24, 48, 49, 50)
    assert (found.ids, found.calendar) == ((), ("hour",))


def test_statics_become_ids() -> None:
    found = resolve_features(FeatureConfig(), frequency="1h", seasons=(), statics=("area", "kind"))
    assert found.ids == ("area", "kind")
    with pytest.raises(ConfigError, match=r"features.ids: no static column region; allowed: series, area"):
        resolve_features(FeatureConfig(ids=("region",)), frequency="1h", seasons=(), statics=("area",))


def test_column_names_in_order() -> None:
    asked = FeatureConfig(lags=(2, 1), means=(4,), deviations=(5,))
    found = resolve_features(asked, frequency="1h", seasons=())
    assert found.lag_columns == ("lag2", "lag1", "mean4", "deviation5")
    assert found.history == 5


@pytest.mark.parametrize(
    ("body", "match"),
    [
        ({"lags": [0]}, "greater than or equal to 1"),
        ({"means": [1]}, "greater than or equal to 2"),
        ({"lag": [1]}, "Extra inputs are not permitted"),
        ({"lags": "1-72"}, "valid integer"),
    ],
)
def test_wrong_values_are_refused(body: dict[str, Any], match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        FeatureConfig.model_validate(body)


def test_transformers_by_name_or_with_params() -> None:
    body = {"transformers": ["sunset", {"name": "school", "params": {"region": "x"}}]}
    found = FeatureConfig.model_validate(body).transformers
    assert [(each.name, each.params) for each in found] == [("sunset", {}), ("school", {"region": "x"})]
