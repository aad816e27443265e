from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from penstock.sources.simulators.chance import keys, normals, uniforms

_MASK = 2**64 - 1


def _split_mix(state: int) -> int:
    """SplitMix64's output function in plain integers, as published."""
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
    return state ^ (state >> 31)


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**40))
def test_uniform_is_split_mix_of_key_and_counter(seed: int, counter: int) -> None:
    key = keys(seed, "test", ["a"])
    mixed = _split_mix((int(key[0]) + _split_mix(counter * 0x9E3779B97F4A7C15 & _MASK)) & _MASK)
    expected = ((mixed >> 12) + 0.5) * 2.0**-52
    assert uniforms(key, np.array([counter]))[0] == expected
    assert 0.0 < expected < 1.0


def test_numbers_do_not_depend_on_what_is_drawn_beside_them() -> None:
    key = keys(1, "noise", ["a", "b"])[:, None]
    all_of_them = normals(key, np.arange(1000))
    assert np.array_equal(normals(key[1:], np.arange(500, 600)), all_of_them[1:, 500:600])


def test_seed_purpose_and_name_each_change_the_key() -> None:
    given_keys = {
        int(keys(*of)[0]) for of in ((1, "a", ["x"]), (2, "a", ["x"]), (1, "b", ["x"]), (1, "a", ["y"]))
    }
    assert len(given_keys) == 4


def test_normals_have_the_moments_of_a_standard_normal() -> None:
    draws = normals(keys(3, "moments", ["a", "b"])[:, None], np.arange(200_000))
    assert abs(draws.mean()) < 0.01
    assert abs(draws.std() - 1.0) < 0.01
    assert abs((draws**3).mean()) < 0.03
    assert abs((draws**4).mean() - 3.0) < 0.06


def test_normals_are_white_and_independent_between_keys() -> None:
    first, second = normals(keys(4, "white", ["a", "b"])[:, None], np.arange(100_000))
    assert abs(np.corrcoef(first[1:], first[:-1])[0, 1]) < 0.015
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.015
