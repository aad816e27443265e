"""``@step``, ``@effect`` and ``@pipeline``: how a user declares work."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FunctionType
from typing import Generic, ParamSpec, TypeVar, cast, overload

from penstock.domain.errors import PipelineError, did_you_mean
from penstock.domain.values import STAGES, Resources, Stage
from penstock.engine.graph import Drawing, Graph, building

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Step(Generic[P, R]):
    """A pure function whose result is stored; called inside a pipeline it draws a node, elsewhere it just runs.

    Attributes
    ----------
    reads
        Files the function opens, relative to the folder of its module; their content counts.
    env
        Environment variables the function reads; their values count.
    once_per
        ``None`` for a pure step. For an effect: the parameters that make its key.
    """

    function: Callable[P, R]
    name: str
    stage: Stage
    reads: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    resources: Resources = field(default_factory=Resources)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Draw a node inside a pipeline; run the function elsewhere."""
        builder = building()
        if builder is None:
            return self.function(*args, **kwargs)
        return cast("R", builder.add(self, self._bind(args, kwargs)))

    def named(self, name: str) -> Step[P, R]:
        """Return the same step under another name, for a pipeline that calls it more than once."""
        return dataclasses.replace(self, name=name)

    @property
    def qualified(self) -> str:
        """``module:function``, by which a worker finds the function again."""
        return f"{self.function.__module__}:{self.function.__qualname__}"

    @property
    def once_per(self) -> tuple[str, ...] | None:
        """Parameters that make the key of an effect; ``None`` for a pure step."""
        return None

    def _bind(self, args: Sequence[object], kwargs: Mapping[str, object]) -> dict[str, object]:
        try:
            bound = inspect.signature(self.function).bind(*args, **kwargs)
        except TypeError as error:
            raise PipelineError(
                f"Step {self.name!r} is called wrongly: {error}. Its signature is "
                f"{self.name}{inspect.signature(self.function)}."
            ) from error
        bound.apply_defaults()
        return dict(bound.arguments)


@dataclass(frozen=True, kw_only=True)
class Effect(Step[P, R]):
    """A function that touches the world: never reused, idempotent by its declared key, journalled."""

    key_parameters: tuple[str, ...] | None = None

    @property
    def is_keyed(self) -> bool:
        """Whether the same key is never carried out twice."""
        return self.key_parameters is not None

    @property
    def once_per(self) -> tuple[str, ...] | None:
        """Parameters that make the key; empty where the effect is carried out in every run."""
        return self.key_parameters or ()


@dataclass(frozen=True, kw_only=True)
class Pipeline(Generic[P, R]):
    """A function that calls steps and so draws their graph."""

    function: Callable[P, R]
    name: str

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run every step in order, in this process, without storing anything; inside a pipeline, draw."""
        return self.function(*args, **kwargs)

    def plan(self, *args: P.args, **kwargs: P.kwargs) -> Graph:
        """Draw the graph without running any step.

        Raises
        ------
        PipelineError
            If a step is called wrongly, or the function looks into a result.
        """
        with Drawing(self.name) as builder:
            returned = self.function(*args, **kwargs)
        return builder.finish(returned)


def step(
    *,
    stage: Stage,
    reads: Sequence[str] = (),
    env: Sequence[str] = (),
    resources: Resources | None = None,
    cpu: int = 1,
) -> Callable[[Callable[P, R]], Step[P, R]]:
    """Declare a pure step.

    Parameters
    ----------
    stage
        The heading the step stands under.
    reads
        Files the function opens, relative to the folder of its module. Files passed as ``Path`` arguments
        need no declaration: their content counts already.
    env
        Environment variables the function reads.
    resources, cpu
        What the step needs; ``cpu`` is the short form.

    Examples
    --------
    >>> @step(stage="prepare")
    ... def double(x: int) -> int:
    ...     return 2 * x
    >>> double(2)
    4
    """

    def declare(function: Callable[P, R]) -> Step[P, R]:
        return Step(
            function=_checked(function, stage),
            name=function.__name__,
            stage=stage,
            reads=tuple(reads),
            env=tuple(env),
            resources=resources or Resources(cpu=cpu),
        )

    return declare


def effect(
    *,
    stage: Stage,
    once_per: Sequence[str] | None = None,
    env: Sequence[str] = (),
) -> Callable[[Callable[P, R]], Effect[P, R]]:
    """Declare an effect.

    ``once_per`` names the parameters whose values make its key: the effect is carried out once for each key and
    its recorded result stands afterwards. Without it the effect is carried out in every run.
    """

    def declare(function: Callable[P, R]) -> Effect[P, R]:
        known = inspect.signature(_checked(function, stage)).parameters
        for name in once_per or ():
            if name not in known:
                raise PipelineError(
                    f"Effect {function.__name__!r}: once_per names {name!r}, which is no parameter of it"
                    f"{did_you_mean(name, known)}"
                )
        return Effect(
            function=function,
            name=function.__name__,
            stage=stage,
            env=tuple(env),
            key_parameters=None if once_per is None else tuple(once_per),
        )

    return declare


@overload
def pipeline(function: Callable[P, R], /) -> Pipeline[P, R]: ...
@overload
def pipeline(*, name: str) -> Callable[[Callable[P, R]], Pipeline[P, R]]: ...
def pipeline(
    function: Callable[P, R] | None = None, /, *, name: str | None = None
) -> Pipeline[P, R] | Callable[[Callable[P, R]], Pipeline[P, R]]:
    """Declare a pipeline: a function that calls steps; it may branch on configuration, never on results."""

    def declare(drawn: Callable[P, R]) -> Pipeline[P, R]:
        return Pipeline(function=drawn, name=name or drawn.__name__)

    return declare if function is None else declare(function)


def _checked(function: Callable[P, R], stage: str) -> Callable[P, R]:
    faults = []
    if stage not in STAGES:
        faults.append(f"stage {stage!r} is unknown{did_you_mean(stage, STAGES)}")
    if not isinstance(function, FunctionType):
        faults.append(f"{function!r} is not a plain function")
    elif function.__name__ == "<lambda>":
        faults.append("it is a lambda")
    elif "<locals>" in function.__qualname__ or function.__closure__:
        faults.append("it is defined inside another function")
    elif inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        faults.append("it is asynchronous or a generator")
    else:
        faults += _variadic(function)
    if faults:
        name = getattr(function, "__qualname__", repr(function))
        raise PipelineError(
            f"{name} cannot be a step: {'; '.join(faults)}. Declare a plain function at the top level of a module."
        )
    return function


def _variadic(function: FunctionType) -> list[str]:
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [
        f"parameter {parameter} takes any number of arguments: name them"
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind in kinds
    ]
