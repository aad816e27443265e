"""Intervals: what they promise is held on exchangeable windows, they never cross, and few errors say so."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from penstock.forecasting.conformal import MIN_ORIGINS, PRIOR_WINDOWS, Errors, calibrated, windows_needed
from penstock.forecasting.intervals import Calibration, bound_names

LEVELS = (0.5, 0.8, 0.9)
STEPS = 6


def drawn(
    rng: np.random.Generator, series: int, origins: int, *, together: float = 0.4
) -> NDArray[np.float64]:
    """Draw absolute errors (S, O, H) that grow with the step, differ by series, and share a fate within a window."""
    sizes = np.exp(np.linspace(-2, 2, series))[:, None, None]
    growth = np.linspace(1.0, 2.0, STEPS)
    fate = np.exp(rng.normal(0.0, together, (series, origins, 1)))
    return np.asarray(sizes * growth * fate * np.abs(rng.normal(size=(series, origins, STEPS))))


def errors_of(absolute: NDArray[np.float64], units: Sequence[float] | None = None) -> Errors:
    names = tuple(f"s{number}" for number in range(len(absolute)))
    return Errors(series=names, units=np.array(units or [1.0] * len(absolute)), absolute=absolute)


def half_widths(made: Calibration, level: float) -> NDArray[np.float64]:
    """Return half the width of each series and step (S, H)."""
    width = made.widths[made.levels.index(level)]
    return np.asarray(width * np.array(list(made.scales.values()))[:, None] * np.array(made.spread))


@pytest.mark.parametrize(("series", "origins"), [(1, 14), (1, 28), (4, 10), (20, 10), (20, 28)])
def test_exchangeable_windows_are_covered_as_promised(series: int, origins: int) -> None:
    rng = np.random.default_rng([series, origins])
    shares = []
    for _ in range(150):
        made = calibrated(errors_of(drawn(rng, series, origins)), (0.9,))
        later = drawn(rng, series, 40)
        shares.append(float((later <= half_widths(made, 0.9)[:, None]).mean()))
    assert 0.895 <= np.mean(shares) <= 0.905 + 1.2 / (series * origins)


def test_units_from_the_same_errors_would_promise_too_much() -> None:
    """The reason for leaving an origin out of its own units: with few origins the difference is plain."""
    rng, naive, ours = np.random.default_rng(5), [], []
    for _ in range(150):
        absolute, later = drawn(rng, 30, 4, together=1.0), drawn(rng, 30, 40, together=1.0)
        made = calibrated(errors_of(absolute), (0.9,))
        unit = np.array(list(made.scales.values()))[:, None] * np.array(made.spread)
        scores = np.sort((absolute / unit[:, None]).ravel())
        width = scores[math.ceil(0.9 * (len(scores) + 1)) - 1]
        naive.append((later <= width * unit[:, None]).mean())
        ours.append((later <= half_widths(made, 0.9)[:, None]).mean())
    assert np.mean(ours) >= 0.89
    assert np.mean(naive) < np.mean(ours) - 0.01


def slow(
    absolute: NDArray[np.float64], units: Sequence[float], level: float
) -> tuple[float, list[list[float]]]:
    """Return the width and the units of each series and step, by loops as the docstring of the module says it."""
    places = [
        (s, o, h) for s, o, h in np.ndindex(*absolute.shape) if not math.isnan(float(absolute[s, o, h]))
    ]
    series, steps = range(absolute.shape[0]), range(absolute.shape[2])

    def relative(place: tuple[int, int, int]) -> float:
        return float(absolute[place]) / units[place[0]]

    def mean(values: Iterator[float]) -> float:
        listed = list(values)
        return sum(listed) / len(listed)

    pooled = float(np.median([mean(relative(p) for p in places if p[0] == s) for s in series]))

    def unit_of(used: list[tuple[int, int, int]]) -> list[list[float]]:
        prior = PRIOR_WINDOWS * len(steps)
        own = {s: [relative(p) for p in used if p[0] == s] for s in series}
        sizes = [(sum(own[s]) + prior * pooled) / (len(own[s]) + prior) for s in series]
        even = [(p[2], relative(p) / sizes[p[0]]) for p in used]
        middle = mean(value for _, value in even)
        spread = []
        for step in steps:
            here = [value for h, value in even if h == step]
            spread.append((sum(here) + PRIOR_WINDOWS * middle) / (len(here) + PRIOR_WINDOWS) / middle)
        return [[sizes[s] * spread[h] for h in steps] for s in series]

    scores = []
    for place in places:
        unit = unit_of([p for p in places if p[1] != place[1]])
        scores.append(relative(place) / unit[place[0]][place[2]])
    windows = len({(s, o) for s, o, _ in places})
    rank = math.ceil(round(level * (windows + 1) / windows * len(scores), 9))
    final = [[units[s] * value for value in row] for s, row in enumerate(unit_of(places))]
    return sorted(scores)[rank - 1], final


@given(
    seed=st.integers(0, 10_000), series=st.integers(1, 3), origins=st.integers(3, 5), holes=st.integers(0, 4)
)
def test_a_slow_loop_says_the_same(seed: int, series: int, origins: int, holes: int) -> None:
    rng = np.random.default_rng(seed)
    absolute = drawn(rng, series, origins)[:, :, :3]
    for _ in range(holes):
        absolute[rng.integers(series), rng.integers(origins), rng.integers(3)] = np.nan
    assume(
        int(np.isfinite(absolute).any(axis=(0, 2)).sum()) >= MIN_ORIGINS
    )  # fewer: no intervals, told elsewhere
    units = rng.uniform(0.1, 10.0, series).tolist()
    made = calibrated(errors_of(absolute, units), (0.6,))
    width, unit = slow(absolute, units, 0.6)
    assert made.widths == pytest.approx((width,), rel=1e-9)
    found = np.array(list(made.scales.values()))[:, None] * np.array(made.spread)
    np.testing.assert_allclose(found, unit, rtol=1e-9)


@given(
    seed=st.integers(0, 10_000),
    series=st.integers(1, 4),
    origins=st.integers(3, 12),
    levels=st.sets(st.sampled_from((0.05, 0.3, 0.5, 0.75, 0.8, 0.9, 0.95, 0.99, 0.999)), min_size=1),
)
def test_bounds_never_cross(seed: int, series: int, origins: int, levels: set[float]) -> None:
    rng = np.random.default_rng(seed)
    made = calibrated(errors_of(drawn(rng, series, origins)), sorted(levels))
    values = made.with_bounds(forecasts(series, rng))
    inner = values["prediction"], values["prediction"]
    for level in made.levels:
        lower, upper = (values[name] for name in bound_names(level))
        assert (lower <= inner[0]).all()
        assert (inner[1] <= upper).all()
        inner = lower, upper
    assert set(levels) - set(made.levels) == {
        level for level in levels if windows_needed(level) > series * origins
    }


def forecasts(series: int, rng: np.random.Generator, steps: int = STEPS) -> pl.DataFrame:
    rows = [
        (f"s{number}", step, rng.normal(0, 10)) for number in range(series) for step in range(1, steps + 1)
    ]
    schema = {"series": pl.String, "step": pl.Int32, "prediction": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_a_higher_level_is_wider_and_a_later_step_too() -> None:
    made = calibrated(errors_of(drawn(np.random.default_rng(1), 10, 40)), LEVELS)
    assert list(made.widths) == sorted(set(made.widths))
    assert made.spread[-1] > 1.5 * made.spread[0]
    assert (made.residuals, made.windows, made.origins) == (10 * 40 * STEPS, 400, 40)


def test_levels_that_few_windows_cannot_tell_are_left_out_and_named() -> None:
    rng = np.random.default_rng(2)
    few = calibrated(errors_of(drawn(rng, 1, 8)), (0.5, 0.9))
    assert few.levels == (0.5,)
    said = "no interval of level 0.9: it needs errors of at least 9 windows that are not infinite, and there are 8; "
    assert few.notes == (said + "raise intervals.origins, or ask for a lower level",)
    assert calibrated(errors_of(drawn(rng, 1, 9)), (0.9,)).levels == (0.9,)
    assert [windows_needed(level) for level in (0.5, 0.8, 0.9, 0.99)] == [1, 4, 9, 99]


def test_two_days_are_no_sample_however_many_series_they_have() -> None:
    made = calibrated(errors_of(drawn(np.random.default_rng(3), 50, 2)), (0.9,))
    assert made.levels == ()
    assert "of 2 origins and at least 3 are needed" in made.notes[-1]
    frame = forecasts(2, np.random.default_rng(0))
    assert made.with_bounds(frame).equals(frame)


def test_a_series_without_a_unit_has_no_bounds_and_moves_no_others() -> None:
    absolute = drawn(np.random.default_rng(4), 3, 20)
    absolute[1] = 0.0
    made = calibrated(errors_of(absolute, [1.0, float("nan"), 1.0]), (0.9,))
    assert "no intervals for 1 series whose seasonal naive never errs" in made.notes[0]
    assert made.notes[0].endswith(": s1")
    without = calibrated(Errors(series=("s0", "s2"), units=np.ones(2), absolute=absolute[[0, 2]]), (0.9,))
    assert (made.widths, made.scales) == (without.widths, without.scales)
    bounds = made.with_bounds(forecasts(3, np.random.default_rng(0)))
    missing = bounds.filter(pl.col("lower_90").is_null() | pl.col("upper_90").is_null())
    assert missing["series"].unique().to_list() == ["s1"]


def test_a_series_that_began_too_late_takes_the_unit_of_the_others() -> None:
    absolute = drawn(np.random.default_rng(4), 3, 20)
    absolute[2] = np.nan
    made = calibrated(errors_of(absolute, [1.0, 1.0, 7.0]), (0.9,))
    assert made.windows == 40
    assert made.scales["s2"] == pytest.approx(7.0 * np.mean(absolute[:2].mean(axis=(1, 2))))


def test_a_model_that_never_errs_has_intervals_without_width() -> None:
    made = calibrated(errors_of(np.zeros((2, 9, STEPS))), (0.9,))
    frame = made.with_bounds(forecasts(2, np.random.default_rng(0)))
    assert (frame["lower_90"] == frame["prediction"]).all()
    assert (frame["upper_90"] == frame["prediction"]).all()
