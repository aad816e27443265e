"""How much of history and predictions the page carries: everything, or the newest part that fits the budget."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.reporting.numbers import count

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl

BUDGET = 500_000
"""Numbers of four bytes in one page: less than 3 MB of text."""

_LEAD_HORIZONS = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class Material:
    """The frames a chooser draws from; ``baseline`` and ``forecast`` may be absent. ``names`` come in order of need."""

    names: Sequence[str]
    history: pl.DataFrame
    predictions: pl.DataFrame
    baseline: pl.DataFrame | None
    forecast: pl.DataFrame | None
    horizon: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What was kept: the first names, the newest cutoffs, the history around them; ``note`` says what was left out."""

    material: Material
    cutoffs: tuple[datetime, ...]
    note: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wish:
    """How much to keep: the newest ``cutoffs``, history of ``lead`` horizons before them, and the baseline or not."""

    cutoffs: int
    lead: int
    baseline: bool


def scoped(material: Material, budget: int = BUDGET) -> Scope:
    """Return the largest scope within ``budget`` numbers.

    What gives way first: the baseline's lines, then the older half of the origins again and again, then history,
    then names from the end of the list. The newest origin of the first name always stays.
    """
    cutoffs = tuple(material.predictions["cutoff"].unique().sort().to_list())
    scope = Scope(material=material, cutoffs=cutoffs, note="")
    for wish in _wishes(len(cutoffs)):
        scope = _cut(material, cutoffs, wish)
        if _size(scope.material) <= budget:
            return scope
    return _fewer_names(scope, budget)


def _wishes(cutoffs: int) -> Iterator[_Wish]:
    if cutoffs == 0:
        return
    yield _Wish(cutoffs=cutoffs, lead=_LEAD_HORIZONS, baseline=True)
    while cutoffs > 0:
        yield _Wish(cutoffs=cutoffs, lead=_LEAD_HORIZONS, baseline=False)
        cutoffs //= 2
    yield _Wish(cutoffs=1, lead=1, baseline=False)


def _cut(material: Material, cutoffs: tuple[datetime, ...], wish: _Wish) -> Scope:
    import polars as pl

    chosen = cutoffs[len(cutoffs) - wish.cutoffs :]
    recent = pl.col("cutoff") >= chosen[0]
    baseline = material.baseline if wish.baseline else None
    smaller = Material(
        names=material.names,
        history=_since(material.history, chosen[0], material.horizon * wish.lead),
        predictions=material.predictions.filter(recent),
        baseline=None if baseline is None else baseline.filter(recent),
        forecast=material.forecast,
        horizon=material.horizon,
    )
    return Scope(material=smaller, cutoffs=chosen, note=_note(wish.cutoffs, len(cutoffs)))


def _since(history: pl.DataFrame, first: datetime, lead_steps: int) -> pl.DataFrame:
    import polars as pl

    after = (pl.col("time") > first).sum().over("series")
    rank = pl.int_range(pl.len(), 0, -1).over("series")
    return history.filter(rank <= after + lead_steps)


def _size(material: Material) -> int:
    frames = [material.history, material.predictions, material.baseline, material.forecast]
    return sum(frame.height * _width(frame) for frame in frames if frame is not None)


def _width(frame: pl.DataFrame) -> int:
    return 1 + sum(name.startswith(("lower_", "upper_")) for name in frame.columns)


def _note(kept: int, all_: int) -> str:
    return (
        ""
        if kept == all_
        else f"To keep the page small it shows the last {count(kept)} of {count(all_)} origins."
    )


def _fewer_names(scope: Scope, budget: int) -> Scope:
    import polars as pl

    material = scope.material
    size = _size(material)
    if size <= budget:
        return scope
    kept = max(1, len(material.names) * budget // size)
    names = material.names[:kept]

    def only(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.filter(pl.col("series").is_in(names))

    smaller = Material(
        names=names,
        history=only(material.history),
        predictions=only(material.predictions),
        baseline=None,
        forecast=None if material.forecast is None else only(material.forecast),
        horizon=material.horizon,
    )
    note = f"{scope.note} It shows the {count(kept)} worst series, of {count(len(material.names))}.".strip()
    return Scope(material=smaller, cutoffs=scope.cutoffs, note=note)
