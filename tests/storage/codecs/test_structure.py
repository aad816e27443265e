from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from penstock.domain.errors import PipelineError
from penstock.storage.codecs.structure import digest_structure


class Thing:
    def __init__(self, value: object) -> None:
        self.value = value


class Reluctant:
    def __reduce_ex__(self, _protocol: Any) -> Any:
        raise TypeError("cannot be taken apart")


class Items(list[int]):
    pass


def test_equal_structure_gives_an_equal_digest() -> None:
    value = {"a": [1, np.arange(3)], "b": (Thing(1), np.array([None, "x"], dtype=object))}
    again = {"b": (Thing(1), np.array([None, "x"], dtype=object)), "a": [1, np.arange(3)]}
    assert digest_structure(Thing(value)) == digest_structure(Thing(again))


def test_every_part_counts() -> None:
    things = [
        Thing(1),
        Thing(1.0),
        Thing([1]),
        Thing(Thing(1)),
        Thing(len),
        Thing(sum),
        Thing(np.log),
        Thing(Thing),
        Thing(np.arange(3)),
        Thing(np.array([0, 1, 2], dtype=object)),
        Thing(np.array([[0], [1], [2]], dtype=object)),
        Items([1]),
        Items([2]),
        Thing(slice(1, 2)),
        np.random.RandomState(1),
        np.random.RandomState(2),
        np.random.default_rng(1),
        np.random.PCG64(2),
    ]
    assert len({digest_structure(thing) for thing in things}) == len(things)


@pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng, np.random.PCG64])
def test_generators_count_by_what_was_drawn(make: Any) -> None:
    one, other = make(1), make(1)
    assert digest_structure(one) == digest_structure(other)
    (other.random_raw if hasattr(other, "random_raw") else other.normal)()
    assert digest_structure(one) != digest_structure(other)


def test_what_contains_itself_is_refused() -> None:
    thing = Thing(None)
    thing.value = [thing]
    with pytest.raises(PipelineError, match=r"Thing'.*contains itself"):
        digest_structure(thing)


def test_what_cannot_be_taken_apart_is_refused() -> None:
    with pytest.raises(PipelineError, match=r"Reluctant'.*cannot be taken apart"):
        digest_structure([Reluctant()])
