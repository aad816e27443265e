from __future__ import annotations

import os
import py_compile
import subprocess
import sys
import time
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from penstock.engine.freshness import discard_stale_bytecode, edited_since_start, process_started_at


def test_a_process_started_before_its_first_statement() -> None:
    before = time.time()
    script = (
        "import time; first = time.time(); from penstock.engine.freshness import process_started_at; "
        "print(process_started_at(), first)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    started, first_statement = map(float, done.stdout.split())
    assert before - 0.05 <= started <= first_statement
    assert process_started_at() < before


def test_what_was_written_or_removed_since_is_named(tmp_path: Path) -> None:
    new, dated_back = tmp_path / "new.py", tmp_path / "old.py"
    for path in (new, dated_back):
        path.write_text("")
    os.utime(dated_back, (1, 1))
    gone = tmp_path / "gone.py"
    assert edited_since_start([new, gone, dated_back, Path(__file__)]) == (gone, new, dated_back)


def test_a_time_in_the_future_is_no_edit(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from penstock.engine.freshness import edited_since_start; "
        "print(edited_since_start([Path(sys.argv[1])]))"
    )
    path = tmp_path / "ahead.py"
    path.write_text("")
    os.utime(path, (4e9, 4e9))
    time.sleep(0.05)
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "()"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A module with its bytecode."""
    path = tmp_path / "module.py"
    path.write_text("VALUE = 1\n")
    py_compile.compile(str(path))
    return path


def rewrite(path: Path, text: str) -> None:
    """Write a file and set its old time again."""
    facts = path.stat()
    path.write_text(text)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def test_bytecode_that_python_would_trust_though_it_is_old_is_removed(source: Path) -> None:
    rewrite(source, "VALUE = 2\n")
    assert discard_stale_bytecode([source]) == (source,)
    assert not Path(cache_from_source(str(source))).exists()


@pytest.mark.parametrize("text", ["VALUE = 1\n", "VALUE = 22\n"])
def test_bytecode_that_is_right_or_that_python_sees_through_stays(source: Path, text: str) -> None:
    rewrite(source, text)
    assert discard_stale_bytecode([source]) == ()
    assert Path(cache_from_source(str(source))).exists()


def test_absent_and_damaged_bytecode_is_left_to_python(source: Path) -> None:
    bytecode = Path(cache_from_source(str(source)))
    bytecode.write_bytes(b"damaged")
    rewrite(source, "VALUE = 2\n")
    assert discard_stale_bytecode([source]) == ()
    bytecode.unlink()
    assert discard_stale_bytecode([source, source.with_name("absent.py")]) == ()
