from __future__ import annotations

import os

from penstock.engine.surroundings import PINNED, pin, surroundings


def test_pinning_tells_whether_the_interpreter_must_start_again() -> None:
    environ = {"TZ": "CET", "OTHER": "1"}
    assert pin(environ)
    assert environ == {**PINNED, "OTHER": "1"}
    assert not pin(environ)


def test_surroundings_come_from_the_given_environment() -> None:
    found = surroundings({"TZ": "CET"})
    assert found["timezone"] == "CET"
    assert surroundings({})["timezone"] == "local"
    assert found == surroundings({**os.environ, "TZ": "CET", "PYTHONHASHSEED": ""}) | {
        "hash_seed": found["hash_seed"]
    }
