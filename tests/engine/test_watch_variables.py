from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from penstock.engine.watch import Watch, observed_value

NAME = "PENSTOCK_TEST_OF_WATCH"
UNSET = observed_value(NAME, {})


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Return a module that looks like one of an installed distribution."""
    folder = tmp_path / "penstock" / "site-packages"
    folder.mkdir(parents=True)
    (folder / "watched_library.py").write_text(
        "import os\n"
        "def read(name):\n    return os.environ.get(name)\n"
        "def default(name, value):\n    return os.environ.setdefault(name, value)\n"
        "def drop(name):\n    del os.environ[name]\n"
    )
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv(NAME, "set and unset so that it is put back")
    monkeypatch.delenv(NAME)
    import watched_library  # type: ignore[import-not-found] # written above

    yield watched_library
    del sys.modules["watched_library"]


def test_a_library_reading_a_variable_is_noted_by_the_digest_of_its_value(
    library: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NAME, "secret")
    with Watch() as touched:
        library.read(NAME)
    assert touched.library_variables[NAME] == observed_value(NAME, {NAME: "secret"})
    assert "secret" not in touched.library_variables[NAME]


def test_a_variable_that_a_library_sets_itself_is_noted_as_it_was_before(library: ModuleType) -> None:
    with Watch() as touched:
        library.default(NAME, "1")
        library.read(NAME)
    assert touched.library_variables[NAME] == UNSET


def test_what_a_library_set_in_one_step_is_no_fact_to_the_next(library: ModuleType) -> None:
    with Watch():
        library.default(NAME, "1")
    with Watch() as touched:
        library.read(NAME)
    assert touched.library_variables[NAME] == UNSET


def test_what_a_step_set_is_a_fact_to_the_next_step_only(library: ModuleType) -> None:
    with Watch() as first:
        os.environ[NAME] = "1"
        library.read(NAME)
    with Watch() as second:
        library.read(NAME)
    assert first.library_variables[NAME] == UNSET
    assert second.library_variables[NAME] == observed_value(NAME, {NAME: "1"})


def test_a_change_from_outside_counts_after_a_library_has_set_the_variable(
    library: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Watch():
        library.default(NAME, "1")
    monkeypatch.setenv(NAME, "2")
    with Watch() as touched:
        library.read(NAME)
    assert touched.library_variables[NAME] == observed_value(NAME, {NAME: "2"})


def test_a_variable_that_a_library_removes_is_noted_as_it_was_before(
    library: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NAME, "given")
    with Watch() as touched:
        library.drop(NAME)
        library.read(NAME)
    assert touched.library_variables[NAME] == observed_value(NAME, {NAME: "given"})


def test_an_environment_may_be_called_penstock(library: ModuleType) -> None:
    assert "/penstock/" in Path(library.__file__ or "").as_posix()
    with Watch() as touched:
        library.read(NAME)
    assert touched.first_party_variables == set()


def test_a_library_that_sifts_the_whole_environment_reads_its_own_variables_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from fsspec.config import set_conf_env  # type: ignore[import-untyped] # it has no types

    monkeypatch.setenv(NAME, "a terminal's own")
    monkeypatch.setenv("FSSPEC_PENSTOCK_TEST", "an option of the library")
    with Watch() as touched:
        set_conf_env({})
    assert NAME not in touched.library_variables
    assert "FSSPEC_PENSTOCK_TEST" in touched.library_variables
