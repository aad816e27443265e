"""What a panel is: many series on one regular grid of stamps; its frequency, seasons and gaps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from penstock.domain.covariates import covariates_in, is_covariate
from penstock.domain.errors import DataError, bounded
from penstock.forecasting.stamps import on_month_ends, ranges

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

COLUMNS = ("series", "time", "y")
SEASON_STRENGTH = 0.1
"""Least autocorrelation of the differenced series at a season length for the season to count."""
_WHOLE_UNITS = (
    ("w", 7 * 86_400_000_000),
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("m", 60_000_000),
    ("s", 1_000_000),
    ("us", 1),
)
_CALENDAR_UNITS = (("1mo", 28, 31), ("1q", 90, 92), ("1y", 365, 366))
_SEASONS_US = (86_400_000_000, 7 * 86_400_000_000)
_CALENDAR_SEASONS = {"1mo": (12,), "1q": (4,), "1y": ()}
_WEEKS_A_YEAR = 52
_HOURS_A_DAY = 24


def static_columns(panel: pl.DataFrame) -> tuple[str, ...]:
    """Return the names of the columns that are constant in a series, in the panel's order.

    Those are the columns beside ``series``, ``time`` and ``y`` that are no covariates (``penstock.domain.covariates``).
    """
    return tuple(name for name in panel.columns if name not in COLUMNS and not is_covariate(name))


def covariate_columns(panel: pl.DataFrame) -> tuple[str, ...]:
    """Return the names of the covariates, in the panel's order."""
    return covariates_in(panel.columns)


def useful_covariates(panel: pl.DataFrame) -> tuple[str, ...]:
    """Return the names of the covariates that are not one and the same value everywhere, in the panel's order."""
    return tuple(name for name in covariate_columns(panel) if panel[name].drop_nulls().n_unique() > 1)


def require_panel(panel: pl.DataFrame) -> pl.DataFrame:
    """Return ``panel`` sorted by series and time, or refuse it.

    Raises
    ------
    DataError
        A column is missing, there is no row, a stamp repeats, or ``y`` is null, NaN or infinite: a model never
        guesses what a missing value was. All faults are listed.
    """
    import polars as pl

    lost = [name for name in COLUMNS if name not in panel.columns]
    if lost:
        raise DataError(f"not a panel: columns {bounded(lost)} are missing; it has {bounded(panel.columns)}")
    if panel.is_empty():
        raise DataError("the panel has no rows; give at least one series with its values")
    ordered = panel.sort("series", "time")
    faults = []
    unusable = ordered.filter(~pl.col("y").is_finite().fill_null(value=False))
    if unusable.height:
        faults.append(f"y is missing, NaN or infinite at {unusable.height} rows: {_rows(unusable)}")
    keys = pl.col("series", "time")
    if ordered.select(pl.all_horizontal(keys.eq_missing(keys.shift())).any()).item():
        twice = ordered.filter(pl.struct("series", "time").is_duplicated())
        faults.append(f"{twice.height} rows share series and time: {_rows(twice)}")
    if faults:
        raise DataError("; ".join(faults) + "; clean the rows or fill the gaps first (regularise)")
    return ordered


def detect_frequency(frame: pl.DataFrame) -> str:
    """Find the distance of two stamps as a polars duration, such as ``1h``, ``30m``, ``1d`` or ``1mo``.

    Parameters
    ----------
    frame
        Columns ``series`` and ``time`` (UTC), in any order. Gaps are allowed: the most frequent distance counts, and
        every other must be a multiple of it.

    Raises
    ------
    DataError
        No series has two stamps, or some stamps stand off the grid; the message names series and stamps.
    """
    frequency = usual_frequency(frame)
    if frequency is None:
        raise DataError("no series has two stamps, so the frequency is unknown; give more rows")
    _require_on_grid(_stamps(frame), frequency)
    return frequency


def usual_frequency(frame: pl.DataFrame) -> str | None:
    """Return the most frequent distance of two stamps, whatever the others are; ``None`` if no series has two."""
    gaps = _gaps(_stamps(frame)).drop_nulls()
    if gaps.is_empty():
        return None
    counts = gaps.to_frame("gap").group_by("gap").len()
    usual = int(counts.sort("len", "gap", descending=[True, False])["gap"][0])
    return _calendar_frequency(gaps) or _fixed_frequency(usual)


def season_lengths(frequency: str, panel: pl.DataFrame | None = None) -> tuple[int, ...]:
    """Return the season lengths in steps, shortest first, that ``frequency`` suggests and the data confirm.

    A day and a week for stamps within a day, a week for days, a year for weeks, months and quarters. With a
    ``panel``, a season stays only if the differenced series correlate with themselves one season earlier by at
    least ``SEASON_STRENGTH`` (median over series with two seasons of history that move at all). A season that no
    series is long enough for is left out.
    """
    candidates = _candidate_seasons(frequency)
    if panel is None:
        return candidates
    values = [part["y"].to_numpy() for part in panel.sort("series", "time").partition_by("series")]
    block = _block(min(candidates, default=1))
    return tuple(season for season in candidates if _is_seasonal(values, season, block))


def regularise(frame: pl.DataFrame, frequency: str, max_gap: int) -> tuple[pl.DataFrame, int]:
    """Fill the gaps between each series' first and last stamp from its own past.

    A missing value becomes the value one season earlier (the shortest season of ``frequency``, itself possibly
    filled), or the last known value where there is none. Nothing from after a gap is used.

    Parameters
    ----------
    frame
        Columns ``series``, ``time`` (UTC), ``y``, static columns and covariates; null and NaN in ``y`` count as gaps.
        What is missing beside a value becomes the last known.
    frequency
        Distance of two stamps as a polars duration.
    max_gap
        Longest run of missing steps that may be filled; 0 allows none.

    Returns
    -------
    tuple
        The panel, sorted by series and time, and how many values were filled.

    Raises
    ------
    DataError
        A gap is longer than ``max_gap``; the message names series and stamps.
    """
    import polars as pl

    known = frame.with_columns(pl.col("y").cast(pl.Float64).fill_nan(None)).drop_nulls("y")
    full = _grid_rows(known, frequency).join(known, on=["series", "time"], how="left")
    full = full.sort("series", "time")
    _require_short_gaps(full, max_gap)
    filled_count = full["y"].null_count()
    others = (*static_columns(frame), *covariate_columns(frame))
    panel = full.with_columns(
        *(pl.col(name).forward_fill().over("series") for name in others),
    )
    if filled_count:
        seasons = _candidate_seasons(frequency)
        panel = _fill_from_past(panel, seasons[0] if seasons else 1)
    return panel.select("series", "time", "y", *others), filled_count


def long_enough(panel: pl.DataFrame, steps: int) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Keep the series that have at least ``steps`` rows; also return the names of those left out."""
    import polars as pl

    counts = panel.group_by("series").len().filter(pl.col("len") < steps)
    short = tuple(sorted(counts["series"].to_list()))
    return (panel.filter(~pl.col("series").is_in(short)) if short else panel), short


def require_length(panel: pl.DataFrame, steps: int, why: str) -> None:
    """Refuse series with fewer than ``steps`` rows.

    Raises
    ------
    DataError
        Names the short series with their lengths, what is needed and ``why``.
    """
    counts = panel.group_by("series").len()
    require_lengths(counts["series"], counts["len"].to_numpy(), steps, why)


def require_lengths(series: pl.Series, lengths: NDArray[np.integer], steps: int, why: str) -> None:
    """Refuse series, named in ``series``, of which ``lengths`` (S,) is below ``steps``, as ``require_length`` does."""
    short = [(name, int(length)) for name, length in zip(series, lengths, strict=True) if length < steps]
    if short:
        named = [f"{name} ({length})" for name, length in sorted(short)]
        raise DataError(
            f"{len(short)} series are too short: {bounded(named)}; each needs at least {steps} rows for {why}; "
            "drop them, give more history, or ask for shorter lags, windows or horizon"
        )


def constant_series(panel: pl.DataFrame) -> tuple[str, ...]:
    """Return the names of the series whose value never changes, sorted."""
    import polars as pl

    spans = panel.group_by("series").agg(span=pl.col("y").max() - pl.col("y").min())
    return tuple(sorted(spans.filter(pl.col("span") == 0)["series"].to_list()))


def _stamps(frame: pl.DataFrame) -> pl.DataFrame:
    keys = frame.select("series", "time")
    return keys if _in_order(keys) else keys.unique().sort("series", "time")


def _in_order(keys: pl.DataFrame) -> bool:
    """Tell whether rows are sorted by series and time already and no stamp repeats: much cheaper than sorting."""
    import polars as pl

    series, time = pl.col("series"), pl.col("time")
    later = (series > series.shift()) | ((series == series.shift()) & (time > time.shift()))
    return bool(keys.select(later.slice(1).fill_null(value=False).all()).item())


def _gaps(ordered: pl.DataFrame) -> pl.Series:
    """Return the distance of every stamp from the one before in its series, in microseconds; null for the first."""
    import polars as pl

    same = pl.col("series") == pl.col("series").shift()
    gap = pl.col("time").diff().dt.total_microseconds()
    return ordered.select(gap=pl.when(same).then(gap)).to_series()


def _calendar_frequency(gaps: pl.Series) -> str | None:
    """Recognise months, quarters and years, whose steps differ in length."""
    days = gaps / _SEASONS_US[0]
    if gaps.n_unique() == 1:
        return None
    for name, low, high in _CALENDAR_UNITS:
        if bool(days.is_between(low, high).all()):
            return name
    usual = float(days.median() or 0.0)  # type: ignore[arg-type]  # the median of numbers is a number
    return next((name for name, low, high in _CALENDAR_UNITS if low <= usual <= high), None)


def _fixed_frequency(microseconds: int) -> str:
    unit, size = next((unit, size) for unit, size in _WHOLE_UNITS if microseconds % size == 0)
    return f"{microseconds // size}{unit}"


def _require_on_grid(ordered: pl.DataFrame, frequency: str) -> None:
    off = ordered.filter(~_on_grid(ordered, frequency))
    if off.height:
        raise DataError(
            f"irregular stamps: {off.height} do not stand on a grid of {frequency} (the most frequent distance): "
            f"{_rows(off)}; resample the data or correct the stamps"
        )


def _on_grid(ordered: pl.DataFrame, frequency: str) -> pl.Series:
    """Tell which rows stand a whole number of steps after their series' first stamp."""
    import polars as pl

    step = _step_us(frequency)
    if step is not None and not (_gaps(ordered) % step != 0).any():
        return pl.repeat(value=True, n=ordered.height, eager=True)
    if step is not None:
        since = pl.col("time") - pl.col("time").first().over("series")
        return ordered.select(since.dt.total_microseconds() % step == 0).to_series()
    grid = _grid_rows(ordered, frequency).with_columns(on_grid=True)
    found = ordered.join(grid, on=["series", "time"], how="left", maintain_order="left")
    return found["on_grid"].fill_null(value=False)


def _grid_rows(frame: pl.DataFrame, frequency: str) -> pl.DataFrame:
    """List every stamp between each series' first and last."""
    import polars as pl

    ends = frame.group_by("series").agg(first=pl.col("time").min(), last=pl.col("time").max())
    month_ends = on_month_ends(frame["time"], frequency)
    stamps = ranges(pl.col("first"), pl.col("last"), frequency, month_ends=month_ends)
    return ends.select("series", time=stamps).explode("time").cast({"time": frame.schema["time"]})


def _require_short_gaps(full: pl.DataFrame, max_gap: int) -> None:
    import polars as pl

    runs = (
        full.with_columns(run=pl.col("y").is_not_null().cum_sum().over("series"))
        .filter(pl.col("y").is_null())
        .group_by("series", "run")
        .agg(length=pl.len(), time=pl.col("time").min())
        .filter(pl.col("length") > max_gap)
        .sort("series", "time")
    )
    if runs.height:
        named = [
            f"{row['series']} from {row['time']:%Y-%m-%d %H:%M}: {row['length']}" for row in runs.to_dicts()
        ]
        raise DataError(
            f"{runs.height} gaps are longer than {max_gap} steps: {bounded(named, 6)}; fill them at the source, "
            "start the series after the gap, or raise max_gap"
        )


def _fill_from_past(panel: pl.DataFrame, season: int) -> pl.DataFrame:
    """Fill nulls going forward in time, so that a filled value may serve one season later."""
    import numpy as np
    import polars as pl

    values = panel["y"].to_numpy().copy()
    lengths = panel.group_by("series", maintain_order=True).len()["len"].to_numpy()
    age = np.concatenate([np.arange(length) for length in lengths])
    for row in np.flatnonzero(np.isnan(values)):
        values[row] = values[row - season] if age[row] >= season else values[row - 1]
    return panel.with_columns(y=pl.Series(values))


def _candidate_seasons(frequency: str) -> tuple[int, ...]:
    if frequency in _CALENDAR_SEASONS:
        return _CALENDAR_SEASONS[frequency]
    step = _step_us(frequency)
    if step is None:
        return ()
    if step == _SEASONS_US[1]:
        return (_WEEKS_A_YEAR,)
    return tuple(span // step for span in _SEASONS_US if span % step == 0 and span > step)


def _step_us(frequency: str) -> int | None:
    """Return the length of a step in microseconds, ``None`` where steps differ in length."""
    digits = frequency.rstrip("abcdefghijklmnopqrstuvwxyz")
    sizes = dict(_WHOLE_UNITS)
    unit = frequency[len(digits) :]
    return int(digits) * sizes[unit] if digits.isdigit() and unit in sizes else None


def _block(season: int) -> int:
    """Return how many steps make about an hour of a day of ``season`` steps, such that they fill it evenly."""
    wanted = season // _HOURS_A_DAY
    return next((size for size in range(wanted, 1, -1) if season % size == 0), 1)


def _is_seasonal(values: Sequence[NDArray[np.float64]], season: int, block: int) -> bool:
    import numpy as np

    found = [_seasonal_strength(series, season, block) for series in values if len(series) >= 2 * season + 2]
    strengths = [strength for strength in found if strength is not None]
    return bool(strengths) and float(np.median(strengths)) >= SEASON_STRENGTH


def _seasonal_strength(values: NDArray[np.float64], season: int, block: int) -> float | None:
    """Autocorrelation of the first differences at ``season``; ``None`` for a series that never moves.

    Means of ``block`` steps are compared: from one quarter of an hour to the next, noise moves more than a season.
    """
    import numpy as np

    whole = len(values) // block * block
    moves = np.diff(values[len(values) - whole :].reshape(-1, block).mean(axis=1))
    early, late = moves[: -(season // block)], moves[season // block :]
    spread = float(early.std() * late.std())
    if spread == 0:
        return None
    return float(((early - early.mean()) * (late - late.mean())).mean()) / spread


def _rows(frame: pl.DataFrame, limit: int = 6) -> str:
    """Name the first rows by series and stamp."""
    named = [f"{series} {time:%Y-%m-%d %H:%M}" for series, time in frame.select("series", "time").rows()]
    return bounded(named, limit)
