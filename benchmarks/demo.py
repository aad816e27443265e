"""What a user waits for: the demo cold, the same command again, and the help.

    python benchmarks/demo.py [--python PYTHON] [--venv FOLDER] [--write]

Runs ``penstock run denmark`` in a fresh workspace. Penstock is installed as users have it, from the locked base
requirements and this source, into ``benchmarks/.envs/penstock``, which is also weighed; ``--python`` and ``--venv``
name others.

The gates are for two quiet cores. Fails when one does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.kit.environments import ENVIRONMENTS, penstock_python
from benchmarks.kit.machine import Load, absolute, clean_environ, provenance, versions_in
from benchmarks.kit.measure import Spent, measured
from benchmarks.kit.results import Gate, finish, number, table

COLD_LIMIT_S = 150.0
LADDER_LIMIT_S = 40.0
MEMORY_LIMIT_MB = 1500.0
CONFIGURATIONS_AT_LEAST = 20
UNCHANGED_LIMIT_S = 0.5
HELP_LIMIT_S = 0.3
INSTALL_LIMIT_MB = 1200.0
SHORT_RUNS = 5
LIBRARIES = ("penstock", "polars", "lightgbm", "mlforecast", "mlflow-skinny", "optuna")


@dataclass
class Story:
    """What the run told while it went on, one JSON object a line."""

    ladder: frozenset[str] = frozenset()
    ladder_done_s: float = 0.0
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    trials: list[dict[str, Any]] = field(default_factory=list)

    def hear(self, line: str, seconds: float) -> None:
        try:
            event = json.loads(line)
        except ValueError:
            return
        if event.get("event") == "RunStarted":
            self.ladder = frozenset(event["config"]["ladder"])
        elif event.get("event") == "TrialFinished":
            self.trials.append(event)
        elif event.get("event") == "StepFinished":
            report = event["report"]
            self.steps[report["name"]] = report
            if report["name"] in self.ladder:
                self.ladder_done_s = seconds

    @property
    def ladder_cpu_s(self) -> float:
        """Processor seconds of the steps up to the last rung."""
        names = list(self.steps)
        last = max((names.index(name) for name in names if name in self.ladder), default=-1)
        return sum(self.steps[name]["cpu_seconds"] for name in names[: last + 1])

    def distinct(self, *states: str) -> int:
        """Return how many configurations that differ ended in one of ``states``."""
        chosen = (trial for trial in self.trials if trial["state"] in states)
        return len({json.dumps(trial["params"], sort_keys=True) for trial in chosen})


@dataclass(frozen=True, kw_only=True)
class Demo:
    """Everything that was measured."""

    cold: Spent
    story: Story
    unchanged: Sequence[Spent]
    shown: Sequence[Spent]
    reused: bool
    install_mb: float | None


def main() -> int:
    """Measure, print, and return the exit code."""
    options = _options()
    python = options.python or penstock_python()
    venv = options.venv or (None if options.python else python.parents[1])
    load = Load()
    load.sample(2.0)
    demo = _measure(python, venv)
    load.sample(2.0)
    said = provenance(load, versions_in(python, LIBRARIES))
    return finish("demo", f"{said}\n\n{_table(demo)}", _gates(demo), write=options.write)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--python", type=absolute, help="an interpreter with Penstock")
    parser.add_argument("--venv", type=absolute, help="an environment with nothing but the base installation")
    parser.add_argument("--write", action="store_true", help="write the results into docs/benchmarks.md")
    return parser.parse_args()


def _measure(python: Path, venv: Path | None) -> Demo:
    environ, story = clean_environ(), Story()
    command = [str(python), "-m", "penstock", "run", "denmark", "--json", "--log-format", "json"]
    help_command = [str(python), "-m", "penstock", "--help"]
    with tempfile.TemporaryDirectory(dir=_beside()) as place:
        folder = Path(place)
        print("penstock run denmark …", flush=True)
        cold = measured(command, folder, environ, watch_memory=True, on_line=story.hear)
        unchanged = [measured(command, folder, environ) for _ in range(SHORT_RUNS)]
        shown = [measured(help_command, folder, environ) for _ in range(SHORT_RUNS)]
    return Demo(
        cold=cold,
        story=story,
        unchanged=unchanged,
        shown=shown,
        reused=all(_is_reused(json.loads(spent.out)) for spent in unchanged),
        install_mb=None if venv is None else _size_mb(venv),
    )


def _beside() -> Path:
    # Not in /tmp, which may be memory: flushing to disk is part of what is measured.
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    return ENVIRONMENTS


def _is_reused(result: Mapping[str, Any]) -> bool:
    return all(step["state"] == "reused" for step in result["steps"])


def _size_mb(folder: Path) -> float:
    """Return what a folder takes on the disk, in megabytes of 10**6 bytes."""
    total = 0
    for place, folders, names in os.walk(folder):
        for name in (*folders, *names):
            facts = os.lstat(Path(place, name))
            total += getattr(facts, "st_blocks", facts.st_size / 512) * 512
    return total / 1e6


def _median(runs: Sequence[Spent], name: str) -> float:
    return statistics.median(getattr(run, name) for run in runs)


def _table(demo: Demo) -> str:
    story = demo.story
    scored, pruned = story.distinct("complete"), story.distinct("pruned")
    rows = [
        ("cold run", number(demo.cold.wall_s), number(demo.cold.cpu_s)),
        ("… until the ladder is done", number(story.ladder_done_s), number(story.ladder_cpu_s)),
        *_longest_steps(story),
        (f"unchanged re-run (median of {SHORT_RUNS})", *_both(demo.unchanged)),
        (f"`penstock --help` (median of {SHORT_RUNS})", *_both(demo.shown)),
    ]
    weight = "not weighed" if demo.install_mb is None else f"{demo.install_mb:,.0f} MB"
    facts = (
        f"Peak memory of all processes {demo.cold.peak_mb:,.0f} MB. Tuning: {len(story.trials)} trials, "
        f"{scored} distinct configurations scored on all folds, {pruned} pruned. Base installation: {weight}."
    )
    return f"{table(('', 'wall s', 'CPU s'), rows)}\n\n{facts}"


def _longest_steps(story: Story) -> list[tuple[str, str, str]]:
    ran = [step for step in story.steps.values() if step["state"] == "ran"]
    longest = sorted(ran, key=lambda step: -step["seconds"])[:6]
    return [
        (f"… step `{step['name']}`", number(step["seconds"]), number(step["cpu_seconds"])) for step in longest
    ]


def _both(runs: Sequence[Spent]) -> tuple[str, str]:
    return number(_median(runs, "wall_s")), number(_median(runs, "cpu_s"))


def _gates(demo: Demo) -> list[Gate]:
    story = demo.story
    gates = [
        Gate(name="cold run", value=demo.cold.wall_s, limit=COLD_LIMIT_S, unit="s"),
        Gate(name="until the ladder is done", value=story.ladder_done_s, limit=LADDER_LIMIT_S, unit="s"),
        Gate(name="peak memory", value=demo.cold.peak_mb, limit=MEMORY_LIMIT_MB, unit="MB"),
        Gate(
            name="distinct configurations, scored or pruned",
            value=story.distinct("complete", "pruned"),
            limit=CONFIGURATIONS_AT_LEAST,
            at_least=True,
        ),
        Gate(
            name="unchanged re-run",
            value=_median(demo.unchanged, "wall_s"),
            limit=UNCHANGED_LIMIT_S,
            unit="s",
        ),
        Gate(name="steps run again", value=float(not demo.reused), limit=0),
        Gate(name="`penstock --help`", value=_median(demo.shown, "wall_s"), limit=HELP_LIMIT_S, unit="s"),
    ]
    if demo.install_mb is not None:
        gates.append(Gate(name="base installation", value=demo.install_mb, limit=INSTALL_LIMIT_MB, unit="MB"))
    return gates


if __name__ == "__main__":
    sys.exit(main())
