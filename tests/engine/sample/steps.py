"""Steps that the engine's tests run. The file must not be younger than the process that runs them."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from penstock.domain.errors import DataError
from penstock.domain.values import Digest
from penstock.engine import effect, step
from penstock.engine.context import log_metrics, progress, scratch_dir, shelf, time_ran_out, trial, world


@dataclass(frozen=True)
class Size:
    """An argument of a first-party class."""

    width: int
    place: Path | None = None


@step(stage="acquire")
def numbers(count: int) -> list[int]:
    return list(range(count))


@step(stage="prepare")
def doubled(values: list[int]) -> list[int]:
    return [2 * value for value in values]


@step(stage="train")
def total(values: list[int], extra: int = 0) -> int:
    return sum(values) + extra


@step(stage="train")
def together(parts: dict[str, int], data: list[Path] | None = None) -> int:
    return sum(parts.values())


@step(stage="acquire", reads=["data.txt"])
def declared() -> str:
    return (Path(__file__).parent / ("data" + ".txt")).read_text()


@step(stage="acquire", reads=["absent.txt"])
def wrongly_declared() -> None:
    pass


@step(stage="acquire")
def given(path: Path) -> str:
    return path.read_text()


@step(stage="acquire")
def peeking(folder: str) -> str:
    return (Path(folder) / "peeked.txt").read_text()


@step(stage="train")
def hurried(limit: str) -> list[int]:
    time_ran_out(limit)
    return []


@step(stage="acquire", env=["SAMPLE_LEVEL"])
def level() -> str:
    return os.environ.get("SAMPLE_LEVEL", "none")


@step(stage="acquire")
def sized(size: Size) -> int:
    return size.width


@step(stage="acquire")
def validated(count: int) -> int:
    from pydantic import TypeAdapter

    return TypeAdapter(int).validate_python(count)


@step(stage="train")
def failing(values: list[int]) -> int:
    raise ValueError(f"no luck with {len(values)} values")


@step(stage="train")
def refusing(values: list[int]) -> int:
    raise DataError("these data are bad")


@step(stage="train")
def interrupted(values: list[int]) -> int:
    raise KeyboardInterrupt


@step(stage="train")
def dying(values: list[int]) -> int:
    os._exit(9)


@step(stage="train")
def lingering(pid: str) -> int:
    """Write the number of this process, and stay until it is ended."""
    Path(pid).write_text(str(os.getpid()))
    while True:
        time.sleep(0.05)


@step(stage="train")
def failing_beside(pid: str) -> int:
    """Fail once the other step has begun."""
    while not (Path(pid).is_file() and Path(pid).read_text()):
        time.sleep(0.05)
    raise DataError("failed beside another")


@step(stage="train")
def unsaveable() -> object:
    return object()


@step(stage="tune")
def telling(rounds: int) -> int:
    for number in range(rounds):
        progress(number, rounds, "telling")
        trial(number=number, state="complete", params={"a": number}, score=float(number))
    log_metrics("model", {"mae": 1.5})
    return rounds


@step(stage="tune")
def resuming(folder: str) -> str:
    """Fail the first time, leaving something behind; end the second time with what was left."""
    left = scratch_dir() / "left.txt"
    if left.exists():
        return left.read_text()
    left.write_text("left behind")
    raise ValueError("first time")


@effect(stage="register", once_per=["value"])
def sent(value: int, folder: str, aside: int = 0) -> str:
    path = Path(folder) / "sent.txt"
    before = path.read_text() if path.exists() else ""
    path.write_text(f"{before}{value} by {world().run_id}\n")
    return f"sent {value}"


@effect(stage="register")
def noted(value: int, folder: str) -> str:
    return sent.function(value, folder)


@step(stage="acquire")
def fetched(digest: str) -> list[str]:
    return sorted(path.name for path in shelf().store.get(Digest(digest)).iterdir())
