from __future__ import annotations

import pytest

from penstock.domain.errors import PipelineError
from penstock.engine import Effect, Step, effect, pipeline, step


@step(stage="prepare")
def double(x: int) -> int:
    return 2 * x


@step(stage="train", cpu=2)
def add(left: int, right: int = 1) -> int:
    return left + right


@effect(stage="register", once_per=["value"])
def note(value: int) -> int:
    return value


@pipeline
def train(x: int) -> int:
    return note(add(double(x), double(x + 1)))


def test_a_step_outside_a_pipeline_is_the_function_itself() -> None:
    assert double(4) == 8
    assert train(1) == 6


def test_a_pipeline_draws_its_calls_in_order_with_unique_names() -> None:
    graph = train.plan(1)
    assert [node.name for node in graph.nodes] == ["double", "double.2", "add", "note"]
    assert graph.node("add").parents == ("double", "double.2")
    assert graph.outputs == {"result": "note"}
    assert graph.children()["double"] == ("add",)


def test_defaults_are_bound_so_that_they_count() -> None:
    @pipeline
    def one() -> int:
        return add(1)

    assert one.plan().node("add").arguments == {"left": 1, "right": 1}


def test_a_named_step_keeps_everything_but_its_name() -> None:
    renamed = double.named("twice")
    assert isinstance(renamed, Step)
    assert (renamed.name, renamed.stage, renamed(2)) == ("twice", "prepare", 4)


@step(stage="evaluate")
def total(parts: dict[str, list[int]]) -> int:
    return sum(sum(part) for part in parts.values())


def test_references_travel_inside_lists_and_dictionaries() -> None:
    @pipeline
    def nested(x: int) -> int:
        return total({"a": [double(x), 1], "b": [double(x + 1)]})

    assert nested.plan(1).node("total").parents == ("double", "double.2")
    assert nested(1) == 7


@pytest.mark.parametrize(
    ("look", "name"),
    [
        (lambda ref: ref > 1, "compare"),
        (bool, "truth"),
        (lambda ref: ref.value, "attribute"),
        (list, "iterate"),
        (lambda ref: ref + 1, "add"),
        (lambda ref: ref[0], "index"),
    ],
)
def test_a_pipeline_never_branches_on_results(look: object, name: str) -> None:
    @pipeline
    def looks(x: int) -> object:
        return look(double(x))  # type: ignore[operator] # a function by parametrisation

    with pytest.raises(PipelineError, match="never on results"):
        looks.plan(1)


def test_a_reference_of_another_pipeline_is_refused() -> None:
    kept: list[int] = []

    @pipeline
    def first() -> int:
        kept.append(double(1))
        return kept[0]

    @pipeline
    def second() -> int:
        return add(kept[0])

    first.plan()
    with pytest.raises(PipelineError, match="belongs to another pipeline"):
        second.plan()


def test_a_wrong_call_names_the_signature() -> None:
    @pipeline
    def wrong() -> int:
        return double(y=1)  # type: ignore[call-arg] # the fault under test

    with pytest.raises(PipelineError, match=r"double\(x: 'int'\)"):
        wrong.plan()


def test_lambdas_closures_and_variadic_functions_are_no_steps() -> None:
    outside = 1

    def closure(x: int) -> int:
        return x + outside

    with pytest.raises(PipelineError, match="inside another function"):
        step(stage="train")(closure)
    with pytest.raises(PipelineError, match="lambda"):
        step(stage="train")(lambda x: x)
    with pytest.raises(PipelineError, match="not a plain function"):
        step(stage="train")(print)


def many(*values: int) -> int:
    return sum(values)


async def later(x: int) -> int:
    return x


def test_variadic_and_asynchronous_functions_are_no_steps() -> None:
    with pytest.raises(PipelineError, match="any number of arguments"):
        step(stage="train")(many)
    with pytest.raises(PipelineError, match="asynchronous"):
        step(stage="train")(later)


def test_an_unknown_stage_names_the_nearest() -> None:
    with pytest.raises(PipelineError, match="did you mean 'train'"):
        step(stage="trian")(many)  # type: ignore[arg-type] # the fault under test


def test_an_effect_key_must_name_parameters() -> None:
    with pytest.raises(PipelineError, match="did you mean 'values'"):
        effect(stage="register", once_per=["valeus"])(sum_of)


def sum_of(values: list[int]) -> int:
    return sum(values)


def test_an_effect_says_what_makes_its_key() -> None:
    assert isinstance(note, Effect)
    assert note.once_per == ("value",)
    assert double.once_per is None
