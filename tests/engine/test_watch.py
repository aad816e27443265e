from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from penstock.engine.records import Undeclared
from penstock.engine.watch import Declared, Touched, Watch, observed_value, undeclared


def watched(work: Callable[[], object], declared: Declared | None = None) -> tuple[Undeclared, ...]:
    with Watch() as touched:
        work()
    return undeclared(touched, declared or Declared())


def files(found: tuple[Undeclared, ...]) -> set[str]:
    return {item.name for item in found if item.kind == "file"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.csv"
    path.write_text("1\n")
    return path


@pytest.mark.parametrize(
    "read",
    [
        lambda path: path.read_text(),
        lambda path: path.open().close(),
        lambda path: open(path).close(),  # noqa: PTH123 - this way too
        lambda path: open(os.fsencode(path)).close(),  # noqa: PTH123 - bytes too
        lambda path: os.close(os.open(path, os.O_RDONLY)),
        lambda path: path.open("r+").close(),
        lambda path: path.open("a+").close(),
    ],
)
def test_a_file_that_was_read_is_named_unless_declared(read: Callable[[Path], object], data: Path) -> None:
    assert files(watched(lambda: read(data))) == {str(data)}
    assert watched(lambda: read(data), Declared(data_files=frozenset({data}))) == ()
    assert watched(lambda: read(data), Declared(folders=(data.parent,))) == ()


def test_files_below_a_declared_folder_are_declared(tmp_path: Path, data: Path) -> None:
    assert watched(data.read_text, Declared(data_files=frozenset({tmp_path}))) == ()


def test_a_source_among_results_is_data(tmp_path: Path) -> None:
    source = tmp_path / "loader.py"
    source.write_text("x = 1\n")
    assert watched(source.read_text, Declared(folders=(tmp_path,)))[0].kind == "source"
    assert watched(source.read_text, Declared(folders=(tmp_path,), results=(tmp_path,))) == ()


def test_a_listed_folder_is_named(tmp_path: Path, data: Path) -> None:
    assert files(watched(lambda: list(tmp_path.iterdir()))) == {str(tmp_path)}


def test_links_are_followed(tmp_path: Path, data: Path) -> None:
    link = tmp_path / "link.csv"
    link.symlink_to(data)
    assert files(watched(link.read_text)) == {str(data)}


def test_what_a_step_writes_it_may_read(tmp_path: Path) -> None:
    path = tmp_path / "own.txt"

    def work() -> None:
        path.write_text("mine")
        path.read_text()

    assert watched(work) == ()


def test_what_was_read_before_it_was_written_is_named(data: Path) -> None:
    def count() -> None:
        data.write_text(f"{int(data.read_text()) + 1}\n")

    assert files(watched(count)) == {str(data)}


def test_temporary_files_are_the_step_s_own() -> None:
    def work() -> None:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "a").write_text("a")
            assert (Path(folder) / "a").read_text() == "a"
        with tempfile.NamedTemporaryFile("w+") as file:
            file.write("b")
            file.seek(0)
            file.read()

    assert watched(work) == ()


def test_a_file_that_was_looked_for_in_vain_is_named(tmp_path: Path) -> None:
    absent = tmp_path / "absent.csv"

    def work() -> None:
        with pytest.raises(FileNotFoundError):
            absent.read_text()

    assert files(watched(work)) == {str(absent)}
    assert watched(work, Declared(data_files=frozenset({absent}))) == ()


def test_the_interpreter_and_the_system_are_not_named() -> None:
    def work() -> None:
        Path(os.__file__).read_bytes()
        Path("/etc/passwd").read_bytes()

    assert watched(work) == ()


def test_first_party_source_is_named_unless_its_code_counts(tmp_path: Path) -> None:
    module = tmp_path / "late.py"
    module.write_text("")
    assert watched(module.read_text) == (Undeclared(kind="source", name=str(module)),)
    assert watched(module.read_text, Declared(source_files=frozenset({module}))) == ()


@pytest.mark.parametrize(
    "read",
    [
        lambda: os.environ.get("SAMPLE"),
        lambda: os.getenv("SAMPLE"),
        lambda: os.environ["SAMPLE"],
        lambda: "SAMPLE" in os.environ,
        os.environ.copy,
        lambda: os.environ.pop("SAMPLE", None),
        lambda: os.environ.setdefault("SAMPLE", "x"),
    ],
)
def test_a_variable_that_was_read_is_named_unless_declared(
    read: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAMPLE", "1")
    assert Undeclared(kind="variable", name="SAMPLE") in watched(read)
    assert watched(read, Declared(variables=frozenset(os.environ) | {"SAMPLE"})) == ()


def test_a_variable_that_was_asked_for_in_vain_is_named() -> None:
    assert watched(lambda: os.getenv("ABSENT")) == (Undeclared(kind="variable", name="ABSENT"),)


def test_a_variable_that_the_standard_library_reads_is_observed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/anna")
    with Watch() as touched:
        Path.home()
    assert undeclared(touched, Declared()) == ()
    assert touched.library_variables == {"HOME": observed_value("HOME", {"HOME": "/home/anna"})}


def test_the_value_of_an_observed_variable_is_not_kept() -> None:
    assert "secret" not in observed_value("A", {"A": "secret"})
    assert observed_value("A", {}) == "unset"


def test_pinned_variables_are_not_named() -> None:
    assert watched(lambda: (os.getenv("TZ"), os.getenv("PYTHONHASHSEED"))) == ()


def test_threads_that_the_step_starts_are_watched_and_others_are_not(data: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("")
    begin, done = threading.Event(), threading.Event()

    def stranger() -> None:
        begin.wait()
        other.read_text()
        os.getenv("OTHER")
        done.set()

    def work() -> None:
        mine = threading.Thread(target=data.read_text)
        mine.start()
        mine.join()
        begin.set()
        done.wait()

    thread = threading.Thread(target=stranger)
    thread.start()
    assert watched(work) == (Undeclared(kind="file", name=str(data)),)
    thread.join()


def test_a_thread_that_inherits_the_identifier_of_a_stranger_is_watched(data: Path) -> None:
    end = threading.Event()
    strangers = [threading.Thread(target=end.wait) for _ in range(8)]
    for thread in strangers:
        thread.start()
    known = {thread.ident for thread in strangers}
    inherited = []

    def read() -> None:
        if threading.get_ident() in known:
            inherited.append(threading.get_ident())
            data.read_text()

    def work() -> None:
        end.set()
        for thread in strangers:
            thread.join()
        for _ in range(50):
            mine = threading.Thread(target=read)
            mine.start()
            mine.join()

    found = watched(work)
    if not inherited:
        pytest.skip("this platform gave no identifier twice")
    assert found == (Undeclared(kind="file", name=str(data)),)


def test_nothing_is_noted_outside(data: Path) -> None:
    kind = os.environ.__class__
    with Watch() as touched:
        pass
    data.read_text()
    os.getenv("LATER")
    assert touched == Touched()
    assert os.environ.__class__ is kind


def test_an_interpreter_ends_quietly_after_a_step_was_watched() -> None:
    script = """if True:
        import sys
        from penstock.engine import watch
        with watch.Watch():
            pass
        watch._READING_EVENTS = None  # as an ending interpreter does
        open(sys.executable, "rb").close()
    """
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == ""
