"""Where the past ends: the one place that divides a panel into training part, folds and final window.

::

    first ......................................... train_end | .......... last
    |---- fold 1 ----|v|                                      |  final window:
    |---------- fold 2 ----------|v|                          |  every cutoff
    |------------------- fold 3 --------------------------|v| |  forecasts `horizon` steps

Folds expand over the first third, two thirds and all of the training part, and each ends with its own validation
part ``v``. Short data have a smaller final window and fewer folds, unless the configuration says how many. Everything is counted in steps on the grid of stamps, so a month is one step however long it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from penstock.domain.errors import ConfigError, DataError, bounded
from penstock.domain.results import PartFacts, SplitFacts

if TYPE_CHECKING:
    import polars as pl

Positive = Annotated[int, Field(ge=1)]
ORIGINS, FOLDS = 14, 3
FINAL_SHARE = 4
"""The windows that judge take at most one step in so many, unless their number is given."""

SEASONS_OF_A_FOLD = 3
"""A fold should train on so many of the longest season: that is what automatic lags of this season need."""


class SplitConfig(BaseModel):
    """How many windows judge a model, and how far apart they stand; all distances are in steps."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    origins: Positive | None = Field(
        default=None,
        description="Cutoffs of the final window; more make the verdict surer and leave less to train on. None: 14, or as "
        "many as a quarter of the steps holds.",
    )
    every: Positive | None = Field(
        default=None,
        description="Steps between two origins; none: the horizon, so that windows stand side by side.",
    )
    folds: Positive | None = Field(
        default=None,
        description="Expanding folds of the training part; more make tuning surer and slower. None: 3, or fewer where the "
        "first would train on less than three of the longest season.",
    )
    fold_origins: Positive | None = Field(
        default=None,
        description="Cutoffs that each fold validates at; more smooth out a lucky day. None: 1, or 3 where short data "
        "have one fold only.",
    )
    fold_every: Positive | None = Field(
        default=None, description="Steps between the validation origins of a fold; none: the horizon."
    )


@dataclass(frozen=True, kw_only=True)
class _Counts:
    """A configuration with a number for every none."""

    origins: int
    every: int
    folds: int
    fold_origins: int
    fold_every: int

    def steps(self, horizon: int, min_train: int) -> int:
        """Count the steps of a panel whose first fold trains on ``min_train``."""
        fold = min_train + horizon + (self.fold_origins - 1) * self.fold_every
        return self.folds * fold + horizon + (self.origins - 1) * self.every


class Split(BaseModel):
    """The stamps that divide a panel.

    A cutoff is the last stamp a model may know; its window is the ``horizon`` stamps after it. ``train_end`` is the
    first cutoff of the final window and the last stamp of the training part. ``first`` and ``last`` are the ends of
    the grid and belong to it. A fold trains up to and including the first of its cutoffs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    horizon: int
    frequency: str
    first: datetime
    last: datetime
    train_end: datetime
    final: tuple[datetime, ...]
    folds: tuple[tuple[datetime, ...], ...]


def plan_split(  # noqa: PLR0913 - each has its name at the call
    times: pl.Series,
    *,
    frequency: str,
    horizon: int,
    config: SplitConfig,
    min_train: int = 1,
    seasons: Sequence[int] = (),
) -> Split:
    """Divide a grid of stamps into folds and a final window.

    Parameters
    ----------
    times
        Sorted, unique stamps of the whole panel (UTC), without gaps.
    frequency
        Distance of two stamps as a polars duration, such as ``1h`` or ``1mo``.
    horizon
        Steps that every cutoff forecasts.
    config
        How many cutoffs and folds.
    min_train
        Fewest steps that the smallest fold must train on, such as the longest lag.
    seasons
        Season lengths in steps that the folds should be long enough for, where the number of folds is left open.

    Returns
    -------
    Split
        The last final cutoff plus ``horizon`` is the last stamp; no fold reaches into the final window.

    Raises
    ------
    ConfigError
        ``horizon`` or ``min_train`` is below 1.
    DataError
        The stamps are not a regular grid, or there are too few: the message says how many are needed.
    """
    _require_positive(horizon=horizon, min_train=min_train)
    _require_grid(times, frequency)
    counts = _counted(config, len(times), horizon, seasons)
    _require_length(len(times), horizon=horizon, counts=counts, min_train=min_train)
    final = _cutoffs(len(times), horizon, counts.origins, counts.every)
    trained = final[0] + 1
    ends = [trained * fold // counts.folds for fold in range(1, counts.folds + 1)]
    stamps = [_utc(stamp) for stamp in times]
    return Split(
        horizon=horizon,
        frequency=frequency,
        first=stamps[0],
        last=stamps[-1],
        train_end=stamps[final[0]],
        final=tuple(stamps[position] for position in final),
        folds=tuple(
            tuple(
                stamps[position]
                for position in _cutoffs(end, horizon, counts.fold_origins, counts.fold_every)
            )
            for end in ends
        ),
    )


def steps_needed(*, horizon: int, config: SplitConfig, min_train: int = 1) -> int:
    """Return the smallest number of stamps that ``plan_split`` accepts."""
    least = SplitConfig(origins=1, folds=1, fold_origins=1).model_copy(
        update=config.model_dump(exclude_none=True)
    )
    return _counted(least, 0, horizon, ()).steps(horizon, min_train)


def _counted(config: SplitConfig, steps: int, horizon: int, seasons: Sequence[int]) -> _Counts:
    """Put a number in place of every none: what ``steps`` stamps have room for."""
    every = config.every or horizon
    room = steps // FINAL_SHARE // every
    counts = _Counts(
        origins=config.origins or max(min(ORIGINS, room), 1),
        every=every,
        folds=config.folds or FOLDS,
        fold_origins=config.fold_origins or 1,
        fold_every=config.fold_every or horizon,
    )
    for season in sorted(seasons, reverse=True):
        for choice in _fewer_folds(counts, config):
            if choice.steps(horizon, SEASONS_OF_A_FOLD * season) <= steps:
                return choice
    return counts


def _fewer_folds(counts: _Counts, config: SplitConfig) -> Iterator[_Counts]:
    """Yield what may be tried where folds are short, the most folds first; what was asked for stays."""
    if config.folds is not None:
        return
    yield from (replace(counts, folds=folds) for folds in range(FOLDS, 1, -1))
    if config.fold_origins is None:
        yield replace(counts, folds=1, fold_origins=FOLDS)
    yield replace(counts, folds=1)


def panel_times(panel: pl.DataFrame) -> pl.Series:
    """Return the sorted, unique stamps of ``panel``."""
    return panel["time"].unique().sort()


def up_to(panel: pl.DataFrame, cutoff: datetime) -> pl.DataFrame:
    """Return the rows up to and including ``cutoff``."""
    import polars as pl

    return panel.filter(pl.col("time") <= cutoff)


def parts(panel: pl.DataFrame, split: Split) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the training part (up to and including ``train_end``) and the final window (everything after)."""
    import polars as pl

    return up_to(panel, split.train_end), panel.filter(pl.col("time") > split.train_end)


def windows(times: pl.Series, cutoffs: tuple[datetime, ...], horizon: int) -> pl.DataFrame:
    """List the stamps to forecast: ``cutoff``, ``step`` (1 … ``horizon``, Int32) and ``time``.

    Parameters
    ----------
    times
        Sorted, unique stamps of the panel. Steps that run past its end are left out.
    cutoffs
        Last stamps known; each must stand in ``times``.
    horizon
        Steps after each cutoff.

    Raises
    ------
    DataError
        A cutoff does not stand in ``times``.
    """
    import polars as pl

    grid = pl.DataFrame({"time": times}).with_row_index("position").cast({"position": pl.Int64})
    starts = pl.DataFrame({"cutoff": pl.Series(cutoffs, dtype=times.dtype)}).join(
        grid, left_on="cutoff", right_on="time", how="left", maintain_order="left"
    )
    lost = starts.filter(pl.col("position").is_null())["cutoff"].to_list()
    if lost:
        raise DataError(
            f"no such stamp in the panel: cutoffs {bounded(lost)}; a cutoff must be a stamp of the grid"
        )
    steps = pl.DataFrame({"step": pl.Series(range(1, horizon + 1), dtype=pl.Int32)})
    return (
        starts.join(steps, how="cross")
        .with_columns(pl.col("position") + pl.col("step"))
        .join(grid, on="position", how="inner", maintain_order="left")
        .select("cutoff", "step", "time")
    )


def truths(panel: pl.DataFrame, cutoffs: tuple[datetime, ...], horizon: int) -> pl.DataFrame:
    """Return what became of the windows after ``cutoffs``: the panel's rows with ``cutoff`` and ``step`` beside.

    Only evaluation may read it: a model never does. Sorted by ``series``, ``cutoff``, ``step``; a series that has
    no row at a stamp has none here.

    Raises
    ------
    DataError
        A cutoff does not stand in the panel.
    """
    targets = windows(panel_times(panel), cutoffs, horizon)
    found = targets.join(panel, on="time", how="inner")
    front = ["series", "cutoff", "time", "step"]
    rest = [name for name in panel.columns if name not in front]
    return found.select(*front, *rest).sort("series", "cutoff", "step")


def summarise(panel: pl.DataFrame, split: Split, features: Sequence[str] = ()) -> SplitFacts:
    """Count rows and name the first and last stamp of the training part and of the final window.

    ``features`` are the columns that a model of this split sees.
    """
    train, test = (_part(frame) for frame in parts(panel, split))
    return SplitFacts(series=panel["series"].n_unique(), train=train, test=test, features=tuple(features))


def _cutoffs(end: int, horizon: int, origins: int, every: int) -> list[int]:
    """Return the positions of the cutoffs in a part of ``end`` stamps, ascending; the last window ends the part."""
    last = end - 1 - horizon
    return [last - back * every for back in reversed(range(origins))]


def _require_positive(**values: int) -> None:
    wrong = [f"{name}={value}" for name, value in values.items() if value < 1]
    if wrong:
        raise ConfigError(f"cannot plan the split with {bounded(wrong)}; allowed: whole numbers from 1 up")


def _require_length(steps: int, *, horizon: int, counts: _Counts, min_train: int) -> None:
    needed = counts.steps(horizon, min_train)
    if steps < needed:
        spare = counts.origins - 1 - (needed - steps - 1) // counts.every
        fits = f": split.origins={spare} would do" if 1 <= spare < counts.origins else ""
        raise DataError(
            f"the panel is too short to split: {needed} steps are needed and there are {steps} (horizon {horizon}, "
            f"{counts.origins} origins every {counts.every} steps, {counts.folds} folds of at least {min_train} "
            f"training steps); give more data, or lower horizon, split.origins, split.every or split.folds{fits}"
        )


def _require_grid(times: pl.Series, frequency: str) -> None:
    """Refuse stamps that are missing, unsorted, repeated or, where a step has a fixed length, not one step apart."""
    if times.null_count():
        raise DataError(f"{times.null_count()} stamps are missing; give every row a time")
    gaps = times.diff(null_behavior="drop")
    wrong = gaps.dt.total_microseconds() <= 0
    if bool(wrong.any()):
        raise DataError(
            f"stamps must rise; they do not after {bounded(_before(times, wrong))}; sort them and drop repeats"
        )
    if frequency.endswith(("mo", "q", "y")) or gaps.is_empty():
        return
    step = times.head(1).dt.offset_by(frequency)[0] - times[0]
    wrong = gaps != step
    if bool(wrong.any()):
        raise DataError(
            f"stamps must stand {frequency} apart; they do not after {bounded(_before(times, wrong))}; "
            "fill the gaps of the panel or name the right frequency"
        )


def _before(times: pl.Series, wrong: pl.Series) -> list[str]:
    return [stamp.isoformat() for stamp in times.head(len(wrong)).filter(wrong)]


def _part(frame: pl.DataFrame) -> PartFacts:
    return PartFacts(rows=frame.height, first=_end(frame, "min"), last=_end(frame, "max"))


def _end(frame: pl.DataFrame, which: str) -> datetime | None:
    value = frame["time"].min() if which == "min" else frame["time"].max()
    return _utc(value) if isinstance(value, datetime) else None


def _utc(stamp: datetime) -> datetime:
    return stamp if stamp.tzinfo is None else stamp.astimezone(UTC)
