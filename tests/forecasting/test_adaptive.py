"""Intervals that follow the errors: what is held when errors change, and that no cutoff knows what came after it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from penstock.forecasting import adaptive
from penstock.forecasting.adaptive import GAIN, MOST_SCORES, SLOW, Followed, Trail, follow
from penstock.forecasting.conformal import PRIOR_WINDOWS, Errors, calibrated

STEPS, BEFORE = 4, 12


def drawn(rng: np.random.Generator, series: int, origins: int) -> NDArray[np.float64]:
    """Draw absolute errors (S, O, H) of series of unlike size that grow with the step."""
    sizes = np.exp(np.linspace(-1, 2, series))[:, None, None]
    fate = np.exp(rng.normal(0.0, 0.3, (series, origins, 1)))
    return np.asarray(
        sizes * np.linspace(1, 2, STEPS) * fate * np.abs(rng.normal(size=(series, origins, STEPS)))
    )


def trail(absolute: NDArray[np.float64], every: int = STEPS, before: int = BEFORE) -> Trail:
    """Lay origins ``every`` steps apart; those of the calibration end before the next one."""
    names = tuple(f"s{number}" for number in range(len(absolute)))
    places = np.arange(absolute.shape[1], dtype=np.int64) * every
    places[before:] += max(STEPS - every, 0)
    return Trail(
        errors=Errors(series=names, units=np.ones(len(names)), absolute=absolute),
        places=places,
        before=before,
    )


def held(found: Followed, absolute: NDArray[np.float64], level: int = 0) -> float:
    """Return the share of the later errors that lie within."""
    half = found.half_widths[:, :-1, :, level]
    return float((absolute[:, BEFORE:] <= half).mean())


@pytest.mark.parametrize("series", [1, 5])
@pytest.mark.parametrize("change", [0.4, 1.0, 2.5])
def test_the_promise_is_held_when_errors_grow_or_shrink(series: int, change: float) -> None:
    rng = np.random.default_rng([series, 3])
    absolute = drawn(rng, series, BEFORE + 300)
    absolute[:, BEFORE + 40 :] *= change
    found = follow(trail(absolute), (0.9,), 14)
    assert held(found, absolute) == pytest.approx(0.9, abs=0.02)
    if change != 1.0:
        still = calibrated(
            Errors(
                series=tuple(f"s{one}" for one in range(series)),
                units=np.ones(series),
                absolute=absolute[:, :BEFORE],
            ),
            (0.9,),
        )
        half = still.widths[0] * np.array(list(still.scales.values()))[:, None] * np.array(still.spread)
        assert abs((absolute[:, BEFORE:] <= half[:, None]).mean() - 0.9) > 0.04


@settings(max_examples=25)
@given(seed=st.integers(0, 1000), every=st.integers(1, 6), changed=st.integers(0, 9))
def test_no_cutoff_knows_what_came_after_it(seed: int, every: int, changed: int) -> None:
    """Errors that end after a cutoff, also those of windows that began before it, leave its intervals as they are."""
    rng = np.random.default_rng(seed)
    absolute = drawn(rng, 2, BEFORE + 10)
    walked = trail(absolute, every)
    now = int(walked.places[BEFORE + changed])
    later = walked.places[:, None] + np.arange(1, STEPS + 1) > now
    other = np.where(later, 1e3 * rng.random(absolute.shape), absolute)
    ours, theirs = (follow(trail(one, every), (0.5, 0.9), 5) for one in (absolute, other))
    issued = slice(0, changed + 1)
    np.testing.assert_array_equal(ours.half_widths[:, issued], theirs.half_widths[:, issued])


@settings(max_examples=25)
@given(
    seed=st.integers(0, 1000),
    levels=st.sets(st.sampled_from((0.1, 0.5, 0.75, 0.8, 0.9, 0.95)), min_size=2),
    memory=st.floats(0.5, 50),
)
def test_levels_never_cross(seed: int, levels: set[float], memory: float) -> None:
    absolute = drawn(np.random.default_rng(seed), 3, BEFORE + 8)
    widths = follow(trail(absolute), sorted(levels), memory).widths
    assert (np.diff(widths, axis=1) >= 0).all()


def slow(
    absolute: NDArray[np.float64], origins: int, memory: float
) -> tuple[list[list[float]], list[list[float]]]:
    """Return levels and spreads issued after the calibration, for windows side by side, as the module says it."""
    series, steps = range(absolute.shape[0]), range(STEPS)
    levels = {(s, o): own[o] for s, own in enumerate(calibration_levels(absolute)) for o in range(BEFORE)}
    spreads = []
    for now in range(BEFORE, origins + 1):
        past = range(now)

        def weight(o: int, h: int, half: float, now: int = now) -> float:
            age = (now - o) * STEPS - (h + 1)
            return float(0.5 ** (age / STEPS / half))

        whole = [sum(absolute[s, o, h] for o in past for h in steps) / (len(past) * STEPS) for s in series]
        middle = float(np.median(whole))

        def leaning(s: int, half: float, towards: float, past: range = past) -> float:
            weights = {(o, h): weight(o, h, half) for o in past for h in steps}
            total = sum(absolute[s, o, h] * value for (o, h), value in weights.items())
            prior = PRIOR_WINDOWS * STEPS
            return float((total + prior * towards) / (sum(weights.values()) + prior))

        for s in series:
            long = leaning(s, SLOW * memory, middle)
            levels[s, now] = leaning(s, memory, long)
        total = [
            sum(absolute[s, o, h] / levels[s, o] * weight(o, h, SLOW * memory) for s in series for o in past)
            for h in steps
        ]
        count = [sum(weight(o, h, SLOW * memory) for s in series for o in past) for h in steps]
        mean = sum(total) / sum(count)
        spreads.append([(total[h] / mean + PRIOR_WINDOWS) / (count[h] + PRIOR_WINDOWS) for h in steps])
    return [[levels[s, now] for now in range(BEFORE, origins + 1)] for s in series], spreads


def calibration_levels(absolute: NDArray[np.float64]) -> list[list[float]]:
    """Return the level of each series and origin of the calibration, which all of its origins share."""
    part = absolute[:, :BEFORE]
    made = calibrated(
        Errors(series=tuple(f"s{one}" for one in range(len(part))), units=np.ones(len(part)), absolute=part),
        (0.5,),
    )
    return [[scale] * BEFORE for scale in made.scales.values()]


@settings(max_examples=25)
@given(seed=st.integers(0, 1000), series=st.integers(1, 3), later=st.integers(1, 4))
def test_a_slow_loop_has_the_same_levels_and_spreads(seed: int, series: int, later: int) -> None:
    absolute = drawn(np.random.default_rng(seed), series, BEFORE + later)
    found = follow(trail(absolute), (0.5,), 3.0)
    levels, spreads = slow(absolute, BEFORE + later, 3.0)
    np.testing.assert_allclose(found.scales, levels, rtol=1e-9)
    np.testing.assert_allclose(found.spread, spreads, rtol=1e-9)


def test_a_window_outside_widens_the_next_and_one_inside_narrows_it() -> None:
    """The factor alone: with errors forgotten never, one window of five hundred moves the quantile little."""
    absolute = drawn(np.random.default_rng(1), 1, 501)
    ends = []
    for error in (1e-9, 1e3):
        absolute[:, -1] = error
        found = follow(trail(absolute, before=500), (0.9,), 1e9)
        ends.append(found.widths[1] / found.widths[0])
    assert ends[0] == pytest.approx(np.exp(-0.1 * GAIN), rel=0.02)
    assert ends[1] == pytest.approx(np.exp(0.9 * GAIN), rel=0.05)


def test_a_series_without_a_unit_has_no_width_and_moves_no_others() -> None:
    absolute = drawn(np.random.default_rng(4), 3, BEFORE + 5)
    names = ("a", "b", "c")
    places = trail(absolute).places
    some = Errors(series=names, units=np.array([1.0, np.nan, 1.0]), absolute=absolute)
    two = Errors(series=("a", "c"), units=np.ones(2), absolute=absolute[[0, 2]])
    found, without = (
        follow(Trail(errors=errors, places=places, before=BEFORE), (0.9,), 14) for errors in (some, two)
    )
    assert np.isnan(found.scales[1]).all()
    np.testing.assert_array_equal(found.half_widths[[0, 2]], without.half_widths)


def test_a_level_that_few_windows_cannot_tell_is_told_once_there_are_enough() -> None:
    absolute = drawn(np.random.default_rng(5), 1, BEFORE + 10)
    widths = follow(trail(absolute), (0.5, 0.95), 14).widths
    assert np.isinf(widths[:7, 1]).all()
    assert np.isfinite(widths[7:]).all()


def test_an_interval_that_cannot_be_told_has_no_width_and_holds_nothing() -> None:
    """A window without an interval was not held by one, so the first interval is as wide as the scores say."""
    alike = follow(trail(np.ones((1, BEFORE + 10, STEPS))), (0.95,), 14)
    assert np.isnan(alike.half_widths[:, :7]).all()
    assert np.isfinite(alike.half_widths[:, 7:]).all()
    assert alike.widths[7, 0] == pytest.approx(1.0)
    never = follow(trail(np.zeros((1, BEFORE + 10, STEPS))), (0.95,), 14)
    assert np.isnan(never.half_widths[:, :7]).all()
    assert (never.half_widths[:, 7:] == 0).all()


def test_a_quantile_of_many_scores_knows_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """More scores than a quantile is taken of: with two steps, every second one would be the first step's alone."""
    rng = np.random.default_rng(6)
    absolute = np.abs(rng.normal(size=(200, 301, 2)))
    absolute[:, :, 0] = np.where(rng.random((200, 301)) < 0.02, 50.0, 0.01)
    assert absolute[:, :300].size > MOST_SCORES
    some, again = (follow(trail(absolute, before=300), (0.9,), 14).widths for _ in range(2))
    monkeypatch.setattr(adaptive, "MOST_SCORES", absolute.size)
    np.testing.assert_allclose(some, follow(trail(absolute, before=300), (0.9,), 14).widths, rtol=0.02)
    np.testing.assert_array_equal(some, again)
