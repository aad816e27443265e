from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from penstock.domain.errors import ConfigError
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.space import (
    DEFAULT_SPACE,
    Dimension,
    Method,
    Sampler,
    Space,
    base_params,
    check_space,
    configured,
    default_space,
    grid_points,
    suited,
)

BASE = ModelConfig()


def space(**dimensions: dict[str, Any]) -> Space:
    return {name: Dimension.model_validate(body) for name, body in dimensions.items()}


SMALL = space(num_leaves={"low": 8, "high": 64}, learning_rate={"low": 0.01, "high": 0.2, "log": True})


def test_the_default_space_holds_the_default_model() -> None:
    whole = space(**{name: dict(body) for name, body in DEFAULT_SPACE.items()})
    check_space(whole, BASE)
    params = base_params(whole, BASE)
    assert params is not None
    assert configured(BASE, params) == BASE


@pytest.mark.parametrize(
    ("model", "left_out"),
    [
        ({}, set()),
        ({"objective": "quantile", "quantile": 0.95}, {"objective"}),
        ({"n_estimators": 800, "learning_rate": 0.03}, {"n_estimators", "learning_rate"}),
        ({"objective": "l2", "monotone": {"price": -1}}, {"objective"}),
    ],
)
def test_what_the_model_sets_outside_the_default_space_stays(
    model: dict[str, Any], left_out: set[str]
) -> None:
    base = ModelConfig.model_validate(model)
    found = suited(default_space(), base)
    assert set(DEFAULT_SPACE) - set(found) == left_out
    check_space(found, base)
    assert configured(base, base_params(found, base) or {}) == base


def test_a_dimension_that_was_given_is_searched_whatever_the_model_sets() -> None:
    base = ModelConfig(n_estimators=800, objective="huber")
    given = default_space() | space(n_estimators={"low": 10, "high": 20})
    found = suited(given, base)
    assert found["n_estimators"] == given["n_estimators"]
    assert "objective" not in found
    alone = space(objective={"choices": ["l1", "l2"]})
    assert suited(alone, base) == alone


def test_a_linear_model_has_a_space_of_its_own() -> None:
    base = ModelConfig(kind="linear")
    assert set(suited(default_space(), base)) == {"alpha"}
    assert suited(SMALL, base) == SMALL
    assert set(base_params(suited(default_space(), base), base) or {}) == {"alpha"}


def test_nothing_to_search_is_one_configuration() -> None:
    sampler = Sampler({}, BASE, "tpe", seed=1)
    assert sampler.available(24) == 1
    assert sampler.draw([0], []) == [{}]


@pytest.mark.parametrize(
    ("body", "match"),
    [
        ({"low": 3}, "a range needs low and high"),
        ({"low": 3, "high": 2}, "low first; got low=3 high=2"),
        ({"low": 0, "high": 2, "log": True}, "log needs low above 0"),
        ({"choices": []}, "at least one value"),
        ({"choices": [1], "low": 1}, "stand alone"),
        ({"low": 1, "high": 2, "steps": 1}, "Extra inputs are not permitted"),
    ],
)
def test_dimensions_that_mean_nothing(body: dict[str, Any], match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        Dimension.model_validate(body)


def test_all_faults_of_a_space_are_listed() -> None:
    wrong = space(
        num_leafs={"low": 2, "high": 3},
        learning_rate={"low": 0.1, "high": 3.0},
        objective={"choices": ["l1", "l3"]},
    )
    with pytest.raises(ConfigError, match="no field 'num_leafs'; did you mean 'num_leaves'") as caught:
        check_space(wrong, BASE)
    assert "learning_rate cannot be 3.0" in str(caught.value)
    assert "objective cannot be 'l3'" in str(caught.value)


def test_a_base_outside_the_space_is_no_point_of_it() -> None:
    assert base_params(space(num_leaves={"low": 40, "high": 50}), BASE) is None
    assert base_params(space(objective={"choices": ["l2"]}), BASE) is None
    assert base_params(space(objective={"choices": ["l2", "l1"]}), BASE) == {"objective": "l1"}


def test_a_grid_is_every_point_once() -> None:
    small = space(num_leaves={"low": 10, "high": 30, "step": 10}, objective={"choices": ["l1", "l2"]})
    points = grid_points(small)
    assert points[0] == {"num_leaves": 10, "objective": "l1"}
    assert len({tuple(point.items()) for point in points}) == len(points) == 6
    assert space(colsample={"low": 0.2, "high": 1.0, "step": 0.4})["colsample"].values() == (0.2, 0.6, 1.0)
    with pytest.raises(
        ConfigError, match=r"a grid needs choices or a step; the range 0.01 … 0.2 has neither"
    ):
        grid_points(SMALL)


@pytest.mark.parametrize("method", ["tpe", "random"])
def test_draws_depend_on_seed_and_number_only(method: Method) -> None:
    first, again, other = (Sampler(SMALL, BASE, method, seed).draw(range(6), []) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert len({tuple(sorted(each.items())) for each in first}) == 6
    late = Sampler(SMALL, BASE, method, 1).draw(range(3, 6), [])
    assert late == first[3:]


def test_the_first_draw_is_the_base() -> None:
    drawn = Sampler(SMALL, BASE, "tpe", 3).draw(range(2), [])
    assert drawn[0] == {"num_leaves": BASE.num_leaves, "learning_rate": BASE.learning_rate}


def test_draws_stay_inside() -> None:
    for params in Sampler(SMALL, BASE, "random", 5).draw(range(30), []):
        assert 8 <= params["num_leaves"] <= 64  # type: ignore[operator]  # a number
        assert 0.01 <= params["learning_rate"] <= 0.2  # type: ignore[operator]  # a number
        configured(BASE, params)


def test_a_grid_has_no_more_points_than_it_has() -> None:
    sampler = Sampler(space(objective={"choices": ["l1", "l2"]}), BASE, "grid", 1)
    assert sampler.available(10) == 2
    assert sampler.draw(range(2), []) == [{"objective": "l1"}, {"objective": "l2"}]
