"""Effects: carried out again after a kill inside one, never twice once their key is committed."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from penstock.engine.journal import Journal

if TYPE_CHECKING:
    from tests.proof.harness import Harm, Project
    from tests.proof.samples import HEAD, TAIL
else:
    from proof.harness import Harm
    from proof.samples import HEAD, TAIL

SYSTEM = (
    HEAD
    + """

class Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    log: str
    text: str = "one"
    seconds: float = 0.05
    aside: int = 1


@step(stage="prepare")
def made(text: str) -> dict[str, str]:
    return {"text": text}


@effect(stage="register", once_per=["message"])
def sent(message: dict[str, str], log: str, seconds: float, aside: int) -> str:
    note(log, "sent")
    place = Path(log).parent / "outbox" / message["text"]
    place.parent.mkdir(exist_ok=True)
    place.write_text(message["text"])
    chewed("sent", seconds)
    note(log, "arrived")
    return f"sent {message['text']}"


@step(stage="report")
def told(receipt: str) -> Summary:
    return Summary(headline=receipt)


@pipeline(name="sample")
def train(cfg: Config) -> dict[str, object]:
    return {"summary": told(sent(made(cfg.text), cfg.log, cfg.seconds, cfg.aside))}
"""
    + TAIL
)
EVERY_RUN = SYSTEM.replace(', once_per=["message"]', "")


@pytest.fixture
def make(make_project: Callable[..., Project], tmp_path: Path) -> Callable[..., Project]:
    def make(source: str = SYSTEM, name: str = "project") -> Project:
        place = tmp_path / name
        (place / "log").mkdir(parents=True)
        return make_project({"system.py": source, "config.yaml": f"log: {place / 'log'}\n"}, place)

    return make


def journal(project: Project) -> list[str]:
    """Return what the journals of all runs say about effects, in order."""
    folders = sorted((project.home / "runs").iterdir(), key=lambda folder: folder.stat().st_mtime_ns)
    lines = [line for folder in folders for line in Journal(path=folder / "journal.jsonl").read()]
    return [f"{line['event']} {line['key']}" for line in lines if line["event"] == "effect_begins"]


def test_an_effect_killed_inside_is_carried_out_again_under_the_same_key(
    make: Callable[..., Project],
) -> None:
    project = make()
    killed = project.run("seconds=1", harm=Harm(kill_when=project.log / "sent"))
    assert killed.code == -9
    assert project.committed("effect") == set()
    assert project.run().result.headline == "sent one"
    assert project.begun() == {"sent": 2, "arrived": 1}
    first, second = journal(project)
    assert first == second
    assert [path.name for path in (project.place / "outbox").iterdir()] == ["one"]


def test_a_committed_key_is_never_carried_out_again(make: Callable[..., Project]) -> None:
    project = make()
    project.run()
    project.run("--force")
    project.run("aside=2")
    project.write(
        {
            "system.py": SYSTEM.replace('f"sent {', 'f"Sent {'),
            "config.yaml": (project.folder / "config.yaml").read_text(),
        }
    )
    again = project.run("seconds=0.01")
    assert again.states == {"made": "reused", "sent": "reused", "told": "reused"}
    assert project.begun()["sent"] == 1
    assert project.run("text=two").result.headline == "Sent two"
    assert project.begun()["sent"] == 2


def test_an_effect_without_a_key_is_carried_out_in_every_run(make: Callable[..., Project]) -> None:
    project = make(EVERY_RUN)
    for number in (1, 2, 3):
        assert project.run().states["sent"] == "ran"
        assert project.begun()["sent"] == number


def test_effects_killed_at_random_moments(make: Callable[..., Project]) -> None:
    chance = random.Random(20261121)
    seconds = make(name="undisturbed").run().seconds
    kills = 0
    for number in range(100):
        if kills < 10:
            kills += run_until_done(make(name=str(number)), chance, seconds)
    assert kills >= 10


def run_until_done(project: Project, chance: random.Random, seconds: float) -> int:
    kills = 0
    while True:
        kept, begun = project.committed("effect"), project.begun()
        moment = chance.uniform(0.3, 1.0) * seconds if kills < 3 else None
        done = project.run(harm=Harm(kill_after_s=moment))
        assert not kept or project.begun() == begun
        if done.code != -9:
            assert done.result.headline == "sent one"
            assert [path.name for path in (project.place / "outbox").iterdir()] == ["one"]
            return kills
        kills += 1


def test_eight_processes_carry_an_effect_out_once(make: Callable[..., Project]) -> None:
    project = make()
    all_done = project.runs("seconds=0.2", harm=Harm(copies=8))
    assert {done.result.headline for done in all_done} == {"sent one"}
    assert project.begun() == {"sent": 1, "arrived": 1}
