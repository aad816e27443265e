"""What all tests share: how properties are searched, and where real data lie."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Generator
from pathlib import Path

import hypothesis
import pytest

DATA = Path(os.environ.get("PENSTOCK_TEST_DATA", Path(__file__).parents[2] / "shared/data"))

# Machines differ in speed, so no example has a deadline; in a service, the same examples are tried every time.
hypothesis.settings.register_profile(
    "penstock", deadline=None, derandomize=bool(os.environ.get("CI")), database=None
)
hypothesis.settings.load_profile("penstock")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep what importing the tests makes out of every later search for garbage: all of it stays to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.fixture(scope="session")
def real_data() -> Callable[[str], Path]:
    """Return a function from a file's name to its path; it skips the test where the file is absent."""

    def find(name: str) -> Path:
        if not (DATA / name).is_file():
            pytest.skip(
                f"real data {name} not found in {DATA}; set PENSTOCK_TEST_DATA to the folder that holds it"
            )
        return DATA / name

    return find
