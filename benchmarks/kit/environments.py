"""Virtual environments of the peers, each from its own pinned requirements, made once."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
ENVIRONMENTS = REPOSITORY / "benchmarks" / ".envs"


def peer_python(name: str, requirements: Path) -> Path:
    """Return the interpreter of an environment that holds exactly ``requirements``."""
    return _made(name, [["--only-binary", ":all:", "-r", str(requirements)]], requirements.read_bytes())


def penstock_python() -> Path:
    """Return the interpreter of an environment with Penstock's locked base installation and this very source."""
    locks = [REPOSITORY / "requirements" / f"{name}.txt" for name in ("build", "base")]
    base = [["--require-hashes", "--only-binary", ":all:", *_files(locks)]]
    python = _made("penstock", base, b"".join(lock.read_bytes() for lock in locks))
    # Installed as users have it: compiled once, and not from the working tree.
    _pip(
        python,
        "--no-build-isolation",
        "--no-deps",
        "--force-reinstall",
        "--no-cache-dir",
        str(REPOSITORY),
    )
    return python


def _files(paths: Sequence[Path]) -> list[str]:
    return [part for path in paths for part in ("-r", str(path))]


def _made(name: str, installs: Sequence[Sequence[str]], described: bytes) -> Path:
    folder = ENVIRONMENTS / name
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / "made-from"
    digest = hashlib.sha256(sys.version.encode() + described).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return python
    print(f"Making the environment of {name} (once) …", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    for arguments in installs:
        _pip(python, *arguments)
    stamp.write_text(digest)
    return python


def _pip(python: Path, *arguments: str) -> None:
    command = [str(python), "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"pip install {' '.join(arguments)} failed:\n{done.stderr[-3000:]}")
