"""Hypothesis as a search engine: look for a case that breaks a property and shrink it.

Cases are drawn from booleans alone. Hypothesis mixes constants of the modules that happen to be loaded into numbers and
texts, and keeps them in a folder beside the working directory; booleans are free of both, so that a check gives the
same verdict and the same example everywhere and writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hypothesis.strategies import SearchStrategy

C = TypeVar("C")
P = TypeVar("P")

PATIENCE = 10
"""How many times more cases are drawn to find a small one when a large one is known to fail."""


class Draw(Protocol):
    """Gives the next random bit; ``False`` is the simpler one."""

    def __call__(self) -> bool:
        """Draw one bit."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """How long one check may look: at most ``examples`` drawn cases.

    After ``deadline`` on ``clock`` no case is begun but the first, so that every verdict rests on one.
    """

    examples: int
    deadline: float
    clock: Callable[[], float]

    def spent(self) -> bool:
        """Tell whether the time is over."""
        return self.clock() >= self.deadline


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding(Generic[C, P]):
    """The outcome of a search: the smallest failing case met and what was wrong, or ``None``; and how far it went."""

    case: C | None
    problem: P | None
    tried: int
    cut_short: bool


def draw_number(draw: Draw, top: int) -> int:
    """Draw a whole number from 0 to ``top``, both included, bit by bit; 0 is the simplest."""
    number = 0
    for _ in range(top.bit_length()):
        number = 2 * number + draw()
    return min(number, top)


def draw_subset(draw: Draw, names: Sequence[str], at_least: int = 1) -> tuple[str, ...]:
    """Draw some of ``names`` in their order; the first ``at_least`` are the simplest choice."""
    chosen = [name for name in names if draw()]
    missing = [name for name in names if name not in chosen][: max(0, at_least - len(chosen))]
    return tuple(name for name in names if name in chosen or name in missing)


def draw_order(draw: Draw, names: Sequence[str]) -> tuple[str, ...]:
    """Draw an order of ``names`` by swapping neighbours, twice along; the given order is the simplest."""
    order = list(names)
    for position in [*range(len(order) - 1)] * 2:
        if draw():
            order[position], order[position + 1] = order[position + 1], order[position]
    return tuple(order)


def search(
    build: Callable[[Draw], C], violation: Callable[[C], P | None], budget: Budget, first: Sequence[C] = ()
) -> Finding[C, P]:
    """Look for a case that violates a property.

    Parameters
    ----------
    build
        Makes a case from bits; equal bits must give equal cases with equal ``repr``.
    violation
        Says what is wrong with a case, ``None`` if nothing.
    budget
        Number of cases and time.
    first
        Cases to try before any drawn one. When one of them fails, drawn cases are only used to find a smaller one.

    Returns
    -------
    Finding
        Each distinct case is judged once, so that a property that fails only now and then is found all the same.
    """
    judge = _Judge(violation, budget)
    known = any(judge(case) is not None for case in first)
    _hunt(build, judge, budget.examples * (PATIENCE if known else 1))
    smallest = judge.failures[-1:]
    return Finding(
        case=next((case for case, _ in smallest), None),
        problem=next((problem for _, problem in smallest), None),
        tried=len(judge.seen),
        cut_short=judge.cut_short,
    )


class _Falsified(Exception):  # noqa: N818  # never leaves this module
    """A case failed."""


class _Judge(Generic[C, P]):
    """Remembers the verdict on each case, and the failing ones in the order they were met."""

    def __init__(self, violation: Callable[[C], P | None], budget: Budget) -> None:
        self.seen: dict[str, P | None] = {}
        self.failures: list[tuple[C, P]] = []
        self.cut_short = False
        self._violation = violation
        self._budget = budget

    def __call__(self, case: C) -> P | None:
        key = repr(case)
        if key not in self.seen:
            if self.seen and self._budget.spent():
                self.cut_short = True
                return None
            self.seen[key] = self._violation(case)
        problem = self.seen[key]
        if problem is not None:
            self.failures.append((case, problem))
        return problem


def _hunt(build: Callable[[Draw], C], judge: _Judge[C, P], examples: int) -> None:
    """Let Hypothesis draw cases; when it ends with a failure, the last one judged is the smallest."""
    from hypothesis import HealthCheck, Phase, Verbosity, given, settings
    from hypothesis.errors import Flaky

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.quiet,
    )
    @given(case=_cases(build))
    def attempt(case: C) -> None:
        if judge(case) is not None:
            raise _Falsified

    try:
        attempt()
    except (_Falsified, Flaky):
        return


def _cases(build: Callable[[Draw], C]) -> SearchStrategy[C]:
    from hypothesis import strategies as st

    bit = st.booleans()

    @st.composite
    def cases(draw: Callable[[SearchStrategy[bool]], bool]) -> C:
        return build(lambda: draw(bit))

    return cases()
