"""A recorded run is executed again from its own copies of source and data: equal digests, or the first that differs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.proof.harness import Done, Project
    from tests.proof.samples import HEAD, TAIL
else:
    from proof.samples import HEAD, TAIL

SYSTEM = (
    HEAD
    + """
from aside.helper import helped

HERE = Path(__file__).parent


class Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path
    tables: tuple[Path, ...]
    factor: int = 1


@step(stage="acquire", reads=["holidays.csv"])
def read(data: Path, tables: tuple[Path, ...]) -> list[str]:
    holidays = (HERE / "holidays.csv").read_text()
    return [holidays, data.name, data.read_text(), *(table.read_text() for table in tables)]


@step(stage="prepare")
def noted() -> str:
    return Path("notes.txt").read_text()


@step(stage="train")
def counted(rows: list[str], note: str, factor: int) -> int:
    return factor * sum(map(len, [*rows, note])) + helped()


@step(stage="report")
def told(count: int) -> Summary:
    return Summary(headline=str(count))


@effect(stage="register")
def sent(count: int) -> str:
    return str(os.getpid())


@pipeline(name="sample")
def train(cfg: Config) -> dict[str, object]:
    count = counted(read(cfg.data, cfg.tables), noted(), cfg.factor)
    return {"summary": told(count), "receipt": sent(count)}
"""
    + TAIL
)


@pytest.fixture
def project(make_project: Callable[..., Project], tmp_path: Path) -> Project:
    config = {
        "data": str(tmp_path / "data/data.csv"),
        "tables": [str(tmp_path / "data/one.csv"), str(tmp_path / "data/two.csv")],
    }
    for name in ("data", "library/aside"):
        (tmp_path / name).mkdir(parents=True)
    for name, text in {
        "data/data.csv": "d\n",
        "data/one.csv": "11\n",
        "data/two.csv": "222\n",
        "notes.txt": "noted\n",
        "library/aside/helper.py": "from aside.deeper import DEEP\n\n\ndef helped():\n    return DEEP\n",
        "library/aside/deeper.py": "DEEP = 5\n",
    }.items():
        (tmp_path / name).write_text(text)
    files = {"system.py": SYSTEM, "config.yaml": json.dumps(config), "holidays.csv": "h\n"}
    made: Project = make_project(files, tmp_path, PYTHONPATH=str(tmp_path / "library"))
    return made


def reproduced(project: Project, run_id: str, *arguments: str) -> tuple[Done, dict[str, object]]:
    done = project.command("reproduce", run_id, "--json", *arguments)
    verdict: dict[str, object] = json.loads(done.out) if done.out else {}
    return done, verdict


def verdicts(verdict: dict[str, object]) -> dict[str, str]:
    steps = verdict["steps"]
    assert isinstance(steps, list)
    return {step["step"]: step["verdict"] for step in steps}


EQUAL = {"read": "equal", "noted": "equal", "counted": "equal", "told": "equal", "sent": "effect"}


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_unchanged_world_gives_equal_digests(jobs: str, project: Project) -> None:
    run_id = project.run("factor=3").result.run_id
    done, verdict = reproduced(project, run_id, "--jobs", jobs)
    assert done.code == 0, done.err
    assert verdicts(verdict) == EQUAL
    assert verdict["surroundings"] == []
    assert "Equal: all 4 pure steps" in project.command("reproduce", run_id).out


def test_it_needs_nothing_but_the_workspace(project: Project) -> None:
    """Source, helpers, configuration and data may all be gone or changed."""
    other = project.place / "data/other.csv"
    other.write_text("other\n")
    run_id = project.run(f"data={other}", "factor=2").result.run_id
    for name in ("data", "library", "sample", "notes.txt"):
        path = project.place / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    project.write({"system.py": "raise RuntimeError\n"})
    done, verdict = reproduced(project, run_id)
    assert done.code == 0, done.err
    assert verdicts(verdict) == EQUAL


def test_it_names_the_first_step_that_differs(project: Project) -> None:
    source = SYSTEM.replace("return factor * sum", 'return time.time_ns() if "planted" else factor * sum')
    project.write(
        {
            "system.py": source,
            **{n: (project.folder / n).read_text() for n in ("config.yaml", "holidays.csv")},
        }
    )
    run_id = project.run().result.run_id
    done, verdict = reproduced(project, run_id)
    assert done.code == 1
    assert verdicts(verdict) == {**EQUAL, "counted": "differs", "told": "differs"}
    text = project.command("reproduce", run_id)
    assert text.code == 1
    assert "the first step that differs is counted" in text.out


def test_it_says_what_differs_around_it(project: Project) -> None:
    run_id = project.run(
        environ={"PYTHONPATH": f"{project.place / 'library'}:{project.place / 'site-packages'}"}
    )
    (project.place / "site-packages/libnew-1.0.dist-info").mkdir(parents=True)
    (project.place / "site-packages/libnew-1.0.dist-info/METADATA").write_text("Name: libnew\nVersion: 1.0\n")
    path = f"{project.place / 'library'}:{project.place / 'site-packages'}"
    arguments = ("reproduce", run_id.result.run_id, "--json")
    done = project.launcher.run(project.place, arguments, project.environment({"PYTHONPATH": path}))[0]
    assert json.loads(done.out)["surroundings"] == ["library libnew: none → 1.0"]


def test_a_run_that_is_not_done_is_refused(project: Project) -> None:
    done = project.command("reproduce", "20260101-000000-sample-0000")
    assert done.code == 2
    assert "There is no run" in done.err
