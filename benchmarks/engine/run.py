"""The same pipeline of eight steps in Penstock, in Apache Hamilton and in plain Python, measured side by side.

    python benchmarks/engine/run.py [--repetitions 5] [--write]

Every engine runs in its own virtual environment (``benchmarks/.envs``), as a whole process, from a fresh folder.
The engines take turns, so that a busy moment of the machine hits them all; medians are shown. Fails when a gate
does: the unchanged re-run ≤ 0.25 s for the whole process, and ≤ 0.1 s a step over plain Python in the same
environment, start of the process, planning, hashing and Parquet included.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.kit.environments import ENVIRONMENTS, peer_python, penstock_python
from benchmarks.kit.machine import THREADS, Load, clean_environ, provenance, versions_in
from benchmarks.kit.measure import Spent, measured
from benchmarks.kit.results import Gate, finish, number, table

HERE = Path(__file__).resolve().parent
STEPS = 8
NO_OP_LIMIT_S = 0.25
OVERHEAD_LIMIT_S = 0.1
HELPER_BEFORE, HELPER_AFTER = "/ column.std()", "/ (2 * column.std())"
SCENARIOS = ("cold", "unchanged", "changed", "helper")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a run answered: the text of the report, and how many steps it ran."""

    headline: str
    ran: int


@dataclass(frozen=True, kw_only=True)
class Engine:
    """One way to run the toy: ``toy`` is the folder that is copied, ``helpers`` the file in it that is edited."""

    name: str
    python: Path
    toy: Path
    helpers: Path
    command: Callable[[Path, float], Sequence[str]]
    read: Callable[[str], Answer]
    environ: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Run:
    """One measured run with its answer."""

    spent: Spent
    answer: Answer


Runs = dict[tuple[str, str], list[Run]]


def engines() -> list[Engine]:
    """Return the engines, with their environments ready."""
    environ = clean_environ(**THREADS)
    plain = Engine(
        name="plain Python",
        python=peer_python("plain", HERE / "requirements-plain.txt"),
        toy=HERE / "toys" / "plain",
        helpers=Path("helpers.py"),
        command=lambda python, alpha: [str(python), "pipeline.py", "--alpha", str(alpha)],
        read=_read_script,
        environ=environ,
    )
    hamilton = Engine(
        name="Apache Hamilton",
        python=peer_python("hamilton", HERE / "requirements-hamilton.txt"),
        toy=HERE / "toys" / "hamilton",
        helpers=Path("helpers.py"),
        command=lambda python, alpha: [str(python), "run.py", "--alpha", str(alpha)],
        read=_read_script,
        environ={**environ, "HAMILTON_TELEMETRY_ENABLED": "false"},
    )
    penstock = Engine(
        name="Penstock",
        python=penstock_python(),
        toy=HERE / "toys" / "penstock",
        helpers=Path("toy", "helpers.py"),
        command=_penstock_command,
        read=_read_penstock,
        environ={**environ, "PENSTOCK_TRACKING_URI": "off"},
    )
    return [plain, hamilton, penstock]


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="write the results into docs/benchmarks.md")
    options = parser.parse_args()
    peers, load, runs = engines(), Load(), defaultdict(list)
    for peer in peers:  # fills the caches of the operating system
        _measure_round([peer], defaultdict(list))
    for repetition in range(options.repetitions):
        load.sample()
        print(f"round {repetition + 1} of {options.repetitions} …", flush=True)
        _measure_round(peers, runs)
    mirrored = _with_mirror(peers[-1], load)
    text = "\n\n".join((_said(peers, load, options.repetitions), _table(peers, runs), _notes(runs, mirrored)))
    return finish("engine", text, _gates(runs, load), write=options.write)


def _measure_round(peers: Sequence[Engine], runs: Runs) -> None:
    plain = peers[0]
    with tempfile.TemporaryDirectory(dir=ENVIRONMENTS) as place:
        folders = {peer.name: Path(place, str(index)) for index, peer in enumerate(peers)}
        for peer in peers:
            shutil.copytree(peer.toy, folders[peer.name], ignore=shutil.ignore_patterns("__pycache__"))
        for peer in peers:
            # Imports cost what an environment holds, so plain Python sets the floor in each of them.
            floor = dataclasses.replace(plain, python=peer.python)
            runs[peer.name, "floor"].append(_run(floor, folders[plain.name], "cold"))
        for scenario in SCENARIOS:
            for peer in peers:
                runs[peer.name, scenario].append(_run(peer, folders[peer.name], scenario))


def _run(peer: Engine, folder: Path, scenario: str) -> Run:
    if scenario == "helper":
        _edit(folder / peer.helpers)
    alpha = 2.0 if scenario == "changed" else 1.0
    spent = measured(peer.command(peer.python, alpha), folder, peer.environ)
    return Run(spent=spent, answer=peer.read(spent.out))


def _edit(helpers: Path) -> None:
    before = helpers.read_text(encoding="utf-8")
    if HELPER_BEFORE not in before:
        sys.exit(f"{helpers} has no {HELPER_BEFORE!r} to edit")
    helpers.write_text(before.replace(HELPER_BEFORE, HELPER_AFTER), encoding="utf-8")


def _with_mirror(penstock: Engine, load: Load) -> Spent:
    """Measure one cold run with what a user gets by default: the run is mirrored into MLflow as well."""
    environ = {name: value for name, value in penstock.environ.items() if name != "PENSTOCK_TRACKING_URI"}
    with tempfile.TemporaryDirectory(dir=ENVIRONMENTS) as place:
        folder = Path(place, "toy")
        shutil.copytree(penstock.toy, folder, ignore=shutil.ignore_patterns("__pycache__"))
        load.sample()
        return measured(penstock.command(penstock.python, 1.0), folder, environ)


def _penstock_command(python: Path, alpha: float) -> Sequence[str]:
    return [str(python), "-m", "penstock", "run", "toy", f"train.alpha={alpha}", "--json", "--quiet"]


def _read_script(out: str) -> Answer:
    told = json.loads(out.splitlines()[-1])
    return Answer(headline=told["report"]["headline"], ran=told["ran"])


def _read_penstock(out: str) -> Answer:
    told = json.loads(out)
    return Answer(headline=told["headline"], ran=sum(step["state"] == "ran" for step in told["steps"]))


def _median(runs: Runs, name: str, scenario: str, seconds: str) -> float:
    return statistics.median(
        run.spent.wall_s if seconds == "wall" else run.spent.cpu_s for run in runs[name, scenario]
    )


def _overhead(runs: Runs, name: str, seconds: str) -> float:
    return (_median(runs, name, "cold", seconds) - _median(runs, name, "floor", seconds)) / STEPS


def _said(peers: Sequence[Engine], load: Load, repetitions: int) -> str:
    plain, hamilton, penstock = (peer.python for peer in peers)
    versions = {
        **versions_in(penstock, ["penstock"]),
        **versions_in(hamilton, ["apache-hamilton"]),
        **versions_in(plain, ["polars", "scikit-learn"]),
    }
    return f"{provenance(load, versions)} Medians of {repetitions}; wall / CPU seconds of the whole process."


def _table(peers: Sequence[Engine], runs: Runs) -> str:
    names = [peer.name for peer in peers]
    rows = [
        ["cold", *_seconds(runs, names, "cold")],
        ["unchanged re-run", *_seconds(runs, names, "unchanged")],
        ["a parameter of `train` changed", *_seconds(runs, names, "changed")],
        ["… steps run (4 is right)", *(_ran(runs, name, "changed") for name in names), ""],
        ["a helper's helper edited", *_seconds(runs, names, "helper")],
        ["… steps run (6 is right)", *(_seen(runs, name) for name in names), ""],
        ["plain Python in this environment", *_seconds(runs, names, "floor")[:-1], ""],
        ["overhead a step over it, s", *(_overheads(runs, name) for name in names), ""],
        ["peak memory, MB", *(_peak(runs, name) for name in names), ""],
    ]
    return table(["", *names, "Hamilton ÷ Penstock"], rows)


def _seconds(runs: Runs, names: Sequence[str], scenario: str) -> list[str]:
    walls = {name: _median(runs, name, scenario, "wall") for name in names}
    cpus = {name: _median(runs, name, scenario, "CPU") for name in names}
    ratios = [values["Apache Hamilton"] / values["Penstock"] for values in (walls, cpus)]
    shown = [f"{number(walls[name])} / {number(cpus[name])}" for name in names]
    return [*shown, " / ".join(f"{ratio:.1f} ×" for ratio in ratios)]


def _ran(runs: Runs, name: str, scenario: str) -> str:
    return ", ".join(map(str, sorted({run.answer.ran for run in runs[name, scenario]})))


def _seen(runs: Runs, name: str) -> str:
    # Plain Python computes everything, so its answer is the right one.
    right = runs["plain Python", "helper"][0].answer.headline
    seen = all(run.answer.headline == right for run in runs[name, "helper"])
    return f"{_ran(runs, name, 'helper')}: {'right' if seen else '**stale**'}"


def _overheads(runs: Runs, name: str) -> str:
    if name == "plain Python":
        return "–"
    return " / ".join(number(_overhead(runs, name, seconds)) for seconds in ("wall", "CPU"))


def _peak(runs: Runs, name: str) -> str:
    return f"{statistics.median(run.spent.peak_mb for run in runs[name, 'cold']):.0f}"


def _notes(runs: Runs, mirrored: Spent) -> str:
    unchanged = {seconds: _median(runs, "Penstock", "cold", seconds) for seconds in ("wall", "CPU")}
    return (
        "Penstock ran without its MLflow mirror, which the others do not have; with it (one run) the cold run takes "
        f"{number(mirrored.wall_s)} / {number(mirrored.cpu_s)} instead of {number(unchanged['wall'])} / "
        f"{number(unchanged['CPU'])} s."
    )


def _gates(runs: Runs, load: Load) -> list[Gate]:
    seconds = load.seconds
    right = {scenario: runs["plain Python", scenario][0].answer.headline for scenario in SCENARIOS}
    wrong = sum(
        run.answer.headline != right[scenario] for scenario in SCENARIOS for run in runs["Penstock", scenario]
    )
    reruns = max(run.answer.ran for run in runs["Penstock", "unchanged"])
    changed = max(run.answer.ran for run in runs["Penstock", "changed"])
    return [
        Gate(
            name="unchanged re-run, whole process",
            value=_median(runs, "Penstock", "unchanged", seconds),
            limit=NO_OP_LIMIT_S,
            unit=f"{seconds} s",
        ),
        Gate(
            name="overhead a step",
            value=_overhead(runs, "Penstock", seconds),
            limit=OVERHEAD_LIMIT_S,
            unit=f"{seconds} s",
        ),
        Gate(name="answers that differ from plain Python's", value=wrong, limit=0),
        Gate(name="steps run when nothing changed", value=reruns, limit=0),
        Gate(name="steps run when a parameter of `train` changed", value=changed, limit=4),
    ]


if __name__ == "__main__":
    sys.exit(main())
