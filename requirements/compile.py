"""Compile the hash-locked requirement files from ``pyproject.toml``; run it by ``make lock``.

``build.txt`` holds the build backend, ``base.txt`` what a user needs, ``dev.txt`` the same and the tools of
development, ``lock.txt`` the compiler itself. Versions already locked are kept unless ``--upgrade`` is given.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
COMMON = (
    "uv",
    "pip",
    "compile",
    "--quiet",
    "--universal",
    "--generate-hashes",
    "--no-header",
    "--no-emit-index-url",
    "--python-version=3.11",
)

EDITABLE = "editables>=0.5"
"""What hatchling asks for on top when it installs in place; builds run without isolation, from the lock."""


def compile_lock(name: str, sources: Sequence[str], options: Sequence[str]) -> None:
    """Resolve ``sources`` into ``requirements/<name>.txt``."""
    subprocess.run(
        [*COMMON, *options, "--output-file", f"requirements/{name}.txt", *sources],
        cwd=PROJECT,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def main(options: Sequence[str]) -> None:
    """Compile all four files; the development lock may not differ from the base lock."""
    with (PROJECT / "pyproject.toml").open("rb") as file:
        backend = tomllib.load(file)["build-system"]["requires"]
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "build-system.in"
        source.write_text("\n".join([*backend, EDITABLE]) + "\n", encoding="utf-8")
        compile_lock("base", ["pyproject.toml"], options)
        compile_lock(
            "dev", ["pyproject.toml"], ["--group=dev", "--constraint=requirements/base.txt", *options]
        )
        constrained = ["--constraint=requirements/dev.txt", "--no-annotate", *options]
        compile_lock("build", [str(source)], constrained)
        compile_lock("lock", [], ["--group=lock", *options])


if __name__ == "__main__":
    main(sys.argv[1:])
