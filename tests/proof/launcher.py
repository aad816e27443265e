"""Runs commands of Penstock, each in a process of its own that begins with everything imported.

Most of a short run is imports. This script imports once and forks for every command it reads, so that hundreds of real
processes, with real locks and real kills, fit into a proof. It reads requests and writes answers, one JSON object a
line.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

import psutil

PRELOADED = (
    "penstock.cli.commands",
    "penstock.app.run",
    "penstock.app.session",
    "penstock.app.tracking",
    "penstock.cli.commands.run",
    "penstock.cli.summary",
    "penstock.storage.codecs.registry",
    "penstock.systems.shared.system",
    "omegaconf",
    "uuid",
)


def main() -> None:
    """Answer requests until the input ends."""
    for name in PRELOADED:
        importlib.import_module(name)
    path = sys.path[1:]  # without the folder of this script
    for line in sys.stdin:
        request = json.loads(line)
        children = [_start(request, path) for _ in range(request["copies"])]
        unharmed = {**request, "kill_after_s": None, "kill_when": None}
        answers = [
            {**_wait(child["pid"], unharmed if number else request), **_said(child)}
            for number, child in enumerate(children)
        ]
        sys.stdout.write(json.dumps(answers) + "\n")
        sys.stdout.flush()


def _start(request: dict[str, Any], path: list[str]) -> dict[str, int]:
    # Pipes, because files are what some proofs leave no room for; what commands say fits into the buffer of a pipe.
    pipes = {name: os.pipe() for name in ("out", "err")}
    pid = os.fork()
    if pid == 0:
        os.dup2(pipes["out"][1], sys.stdout.fileno())
        os.dup2(pipes["err"][1], sys.stderr.fileno())
        for descriptor in (*pipes["out"], *pipes["err"]):
            os.close(descriptor)
        _become(request, path)
    for _, written in pipes.values():
        os.close(written)
    return {"pid": pid, **{name: read for name, (read, _) in pipes.items()}}


def _said(child: dict[str, int]) -> dict[str, str]:
    said = {}
    for name in ("out", "err"):
        with open(child[name], "rb") as pipe:  # noqa: PTH123 - a descriptor
            os.set_blocking(child[name], False)  # a worker that was orphaned may still hold the other end
            said[name] = (pipe.read() or b"").decode(errors="replace")
    return said


def _wait(pid: int, request: dict[str, Any]) -> dict[str, Any]:
    started = time.monotonic()
    watched, workers = request["kill_after_s"] is not None or request["kill_when"] is not None, list[int]()
    while True:
        done, status = os.waitpid(pid, os.WNOHANG if watched else 0)
        seconds = time.monotonic() - started
        if done:
            return {"code": os.waitstatus_to_exitcode(status), "seconds": seconds, "workers": workers}
        if _is_time(request, seconds):
            workers = [child.pid for child in psutil.Process(pid).children(recursive=True)]
            os.kill(pid, signal.SIGKILL)
            watched = False
        else:
            time.sleep(0.001)


def _is_time(request: dict[str, Any], seconds: float) -> bool:
    if request["kill_after_s"] is not None and seconds >= request["kill_after_s"]:
        return True
    return request["kill_when"] is not None and Path(request["kill_when"]).exists()


def _become(request: dict[str, Any], path: list[str]) -> NoReturn:
    os.environ.clear()
    os.environ.update(request["environ"])
    os.chdir(request["folder"])
    extra = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    sys.path[:] = list(dict.fromkeys([*extra, *path]))
    importlib.invalidate_caches()
    sys.argv[:] = ["penstock", *request["arguments"]]
    if request["file_limit_bytes"] is not None:
        limit = request["file_limit_bytes"]
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    os._exit(_command())


def _command() -> int:
    from penstock.cli.main import main

    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - the child must never return
        import traceback

        traceback.print_exc()
        code = 99
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    main()
