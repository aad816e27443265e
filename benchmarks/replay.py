"""Replays: two months of days, what a slot costs over a bare prediction, two jobs over one, arrays over mlforecast.

    python benchmarks/replay.py [--python PYTHON] [--write]

Replays the Danish system, 76 series with revisions, over 60 daily cutoffs with weekly refits, with two jobs and with
one, each in a fresh workspace. Penstock is installed as users have it into ``benchmarks/.envs/penstock``.

The gates are for two quiet cores; on a loaded machine the wall is judged by the processor's seconds over two cores.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.kit.environments import ENVIRONMENTS, penstock_python
from benchmarks.kit.machine import Load, absolute, clean_environ, provenance, versions_in
from benchmarks.kit.measure import Spent, measured
from benchmarks.kit.results import Gate, finish, number, table

WORK = Path(__file__).resolve().parent / "kit" / "origins.py"
LIBRARIES = ("penstock", "polars", "lightgbm", "mlforecast")
COMMAND = (
    *("replay", "denmark", "--from", "2023-05-01", "--to", "2023-06-30", "--every", "1d", "--refit", "7d"),
    *("source.revisions_per_series_year=6", "--json", "--log-format", "json"),
)
JOBS = 2
REPLAY_LIMIT_S = 150.0
SLOT_LIMIT = 10.0
PEER_LIMIT = 10.0
DIFFERENCE_LIMIT = 1e-5
PER_SLOT = ("arrivals-", "slots-")
THREADS = {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}

Told = dict[str, Any]


@dataclass
class Steps:
    """What the replay told of its steps while it went on."""

    reports: list[Told] = field(default_factory=list)

    def hear(self, line: str, _: float) -> None:
        try:
            event = json.loads(line)
        except ValueError:
            return
        if event.get("event") == "StepFinished":
            self.reports.append(event["report"])

    def cpu_s(self, *prefixes: str) -> float:
        return sum(report["cpu_seconds"] for report in self.reports if report["name"].startswith(prefixes))


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """One replay: what it cost, what it told, and its steps."""

    spent: Spent
    steps: Steps

    @property
    def result(self) -> Told:
        found: Told = json.loads(self.spent.out)
        return found


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--python", type=absolute, help="an interpreter with Penstock")
    parser.add_argument("--write", action="store_true", help="write the results into docs/benchmarks.md")
    options = parser.parse_args()
    python = options.python or penstock_python()
    load = Load()
    load.sample(2.0)
    both, alone = (_replay(python, jobs) for jobs in (JOBS, 1))
    one = _origins(python)
    load.sample(2.0)
    said = provenance(load, versions_in(python, LIBRARIES))
    text = f"{said}\n\n{_replays(both, alone)}\n\n{_costs(both, one)}"
    return finish("replay", text, _gates(both, alone, one, quiet=load.is_quiet), write=options.write)


def _replay(python: Path, jobs: int) -> Replayed:
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    print(f"penstock replay denmark --jobs {jobs} …", flush=True)
    steps = Steps()
    with tempfile.TemporaryDirectory(dir=ENVIRONMENTS) as place:
        command = [str(python), "-m", "penstock", *COMMAND, "--jobs", str(jobs)]
        spent = measured(command, Path(place), clean_environ(), watch_memory=True, on_line=steps.hear)
    return Replayed(spent=spent, steps=steps)


def _origins(python: Path) -> Told:
    print("one origin by three ways …", flush=True)
    with tempfile.TemporaryDirectory(dir=ENVIRONMENTS) as place:
        told: Told = json.loads(
            measured([str(python), str(WORK)], Path(place), {**clean_environ(), **THREADS}).out
        )
    return told


def _replays(both: Replayed, alone: Replayed) -> str:
    rows = [
        (
            f"--jobs {jobs}",
            number(one.spent.wall_s),
            number(one.spent.cpu_s),
            f"{one.spent.peak_mb:,.0f}",
            f"{one.result['speedup']:.2f} ×",
        )
        for jobs, one in ((JOBS, both), (1, alone))
    ]
    result = both.result
    facts = (
        f"{result['slots']} slots, {result['refits']} refits, {len(result['alarms'])} alarms. The same digest: "
        f"{'yes' if result['digest'] == alone.result['digest'] else 'NO'}. Refits take "
        f"{both.steps.cpu_s('fit-'):.1f} CPU s of {both.spent.cpu_s:.1f}."
    )
    return f"{table(('replay', 'wall s', 'CPU s', 'peak MB', 'steps ÷ wall'), rows)}\n\n{facts}"


def _slot_s(both: Replayed) -> float:
    """Return the processor seconds of one slot without its share of a refit, with everything the engine does."""
    return both.steps.cpu_s(*PER_SLOT) / float(both.result["slots"])


def _costs(both: Replayed, one: Mapping[str, Any]) -> str:
    bare, slot = one["bare_s"], _slot_s(both)
    rows = [
        ("bare `predict` of the Danish model", number(bare * 1000), ""),
        (
            "one slot of a week, in one call",
            number(one["slot_s"] * 1000),
            f"{one['slot_s'] / bare:.2f} × bare",
        ),
        (
            "one slot in the replay, storing and hashing included",
            number(slot * 1000),
            f"{slot / bare:.2f} × bare",
        ),
        ("mlforecast's `predict`, course configuration", number(one["peer_s"] * 1000), ""),
        (
            "array path, the same numbers",
            number(one["array_s"] * 1000),
            f"{one['peer_s'] / one['array_s']:.1f} × less",
        ),
    ]
    return table((f"{one['series']} series, {24} steps", "CPU ms an origin", ""), rows)


def _gates(both: Replayed, alone: Replayed, one: Mapping[str, Any], *, quiet: bool) -> list[Gate]:
    wall = both.spent.wall_s if quiet else both.spent.cpu_s / JOBS
    return [
        Gate(
            name=f"60 daily cutoffs, 76 series, weekly refits, {JOBS} jobs{'' if quiet else ', CPU over two cores'}",
            value=wall,
            limit=REPLAY_LIMIT_S,
            unit="s",
        ),
        Gate(
            name="a slot over the bare prediction",
            value=_slot_s(both) / one["bare_s"],
            limit=SLOT_LIMIT,
            unit="×",
        ),
        Gate(
            name="CPU of mlforecast's predict over the array path's",
            value=one["peer_s"] / one["array_s"],
            limit=PEER_LIMIT,
            unit="×",
            at_least=True,
        ),
        Gate(
            name="largest relative difference from mlforecast",
            value=one["difference"],
            limit=DIFFERENCE_LIMIT,
        ),
        Gate(
            name="largest relative difference of a slot from its moment alone",
            value=one["slot_digits"],
            limit=0,
        ),
        Gate(
            name="digests that differ between one job and two",
            value=float(both.result["digest"] != alone.result["digest"]),
            limit=0,
        ),
    ]


if __name__ == "__main__":
    sys.exit(main())
