"""Source of the sample systems that the proofs run."""

from __future__ import annotations

from typing import Final

HEAD: Final = '''\
from __future__ import annotations

import hashlib
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from penstock.domain.results import Summary
from penstock.engine import effect, pipeline, step
from penstock.engine.context import scratch_dir
from penstock.systems.shared.system import System


def note(log: str, name: str) -> None:
    """Append a line to a file outside the workspace: a step that begins can never hide it."""
    with open(Path(log) / name, "ab", buffering=0) as file:
        file.write(f"{os.getpid()}\\n".encode())


def chewed(text: str, seconds: float) -> str:
    """Keep the processor busy for a while and return a digest that does not depend on how long."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        hashlib.sha256(text.encode() * 1000).hexdigest()
    return hashlib.sha256(text.encode()).hexdigest()
'''

TAIL: Final = """

SYSTEM = System(name="sample", title="A sample", folder=Path(__file__).parent, config=Config, train=train)
"""

EIGHT: Final = (
    HEAD
    + """

class Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    log: str
    seconds: float = 0.02
    seed: int = 7


@step(stage="acquire")
def source(log: str, seconds: float, seed: int) -> list[str]:
    note(log, "source")
    return [chewed(f"{seed} {number}", seconds / 4) for number in range(4)]


@step(stage="validate")
def checked(rows: list[str], log: str, seconds: float) -> dict[str, int]:
    note(log, "checked")
    chewed("checked", seconds)
    return {row[:8]: len(row) for row in rows}


@step(stage="prepare")
def threaded(rows: list[str], log: str, seconds: float) -> dict[str, str]:
    note(log, "threaded")
    with ThreadPoolExecutor(4) as pool:
        return dict(zip(rows, pool.map(lambda row: chewed(row, seconds / 4), rows), strict=True))


@step(stage="prepare")
def large(rows: list[str], log: str, seconds: float) -> bytes:
    note(log, "large")
    chewed("large", seconds)
    return "".join(rows).encode() * 4000


@step(stage="train")
def tree(table: dict[str, str], log: str, seconds: float) -> Path:
    note(log, "tree")
    folder = scratch_dir() / "tree"
    for number, (name, text) in enumerate(sorted(table.items())):
        (folder / str(number)).mkdir(parents=True, exist_ok=True)
        (folder / str(number) / name[:8]).write_text(text)
        chewed(name, seconds / 4)
    return folder


@step(stage="train")
def resumed(rows: list[str], log: str, seconds: float) -> list[int]:
    note(log, "resumed")
    done = scratch_dir() / "done.txt"
    count = len(done.read_text().split()) if done.exists() else 0
    for number in range(count, 4):
        chewed(rows[number], seconds / 4)
        with done.open("a") as file:
            file.write(f"{number}\\n")
    return [int(number) for number in done.read_text().split()]


@step(stage="evaluate")
def judged(
    checks: dict[str, int], blob: bytes, files: Path, steps: list[int], log: str, seconds: float
) -> dict[str, str]:
    note(log, "judged")
    chewed("judged", seconds)
    names = sorted(str(path.relative_to(files)) for path in files.rglob("*") if path.is_file())
    text = repr((sorted(checks.items()), names, steps)).encode() + blob
    return {"digest": hashlib.sha256(text).hexdigest()}


@step(stage="report")
def told(judgement: dict[str, str], log: str, seconds: float) -> Summary:
    note(log, "told")
    return Summary(headline=judgement["digest"])


@pipeline(name="sample")
def train(cfg: Config) -> dict[str, object]:
    log, seconds = cfg.log, cfg.seconds
    rows = source(log, seconds, cfg.seed)
    files = tree(threaded(rows, log, seconds), log, seconds)
    judgement = judged(
        checked(rows, log, seconds),
        large(rows, log, seconds),
        files,
        resumed(rows, log, seconds),
        log,
        seconds,
    )
    return {"summary": told(judgement, log, seconds)}
"""
    + TAIL
)
"""Eight steps, of which some start threads, write trees or go on from what a killed attempt left."""

STEPS: Final = ("source", "checked", "threaded", "large", "tree", "resumed", "judged", "told")
