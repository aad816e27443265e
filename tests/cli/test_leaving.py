from __future__ import annotations

import subprocess
import sys
import textwrap


def ended(code: str) -> subprocess.CompletedProcess[str]:
    script = f"from penstock.cli.main import _leave\n{textwrap.dedent(code)}"
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)


def test_the_exit_code_and_what_is_still_buffered_survive() -> None:
    done = ended("import sys; print('out', end=''); sys.stderr.write('err'); _leave(4)")
    assert (done.returncode, done.stdout, done.stderr) == (4, "out", "err")


def test_exit_functions_run_and_may_print() -> None:
    done = ended("import atexit; atexit.register(print, 'late', flush=False); _leave(0)")
    assert (done.returncode, done.stdout) == (0, "late\n")


def test_threads_are_awaited() -> None:
    done = ended(
        """
        import threading, time
        threading.Thread(target=lambda: (time.sleep(0.2), print("waited"))).start()
        _leave(0)
        """
    )
    assert (done.returncode, done.stdout) == (0, "waited\n")


def test_workers_of_a_pool_that_was_not_closed_are_ended() -> None:
    done = ended(
        """
        from concurrent.futures import ThreadPoolExecutor
        pool = ThreadPoolExecutor(1)
        pool.submit(print, "done")
        _leave(3)
        """
    )
    assert (done.returncode, done.stdout) == (3, "done\n")


def test_nothing_that_is_left_in_memory_is_freed() -> None:
    done = ended(
        """
        class Loud:
            def __del__(self):
                print("freed")
        loud = Loud()
        _leave(0)
        """
    )
    assert done.stdout == ""
