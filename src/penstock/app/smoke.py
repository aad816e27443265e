"""``penstock smoke``: a system's whole pipeline on a tiny fixture, in a workspace that is thrown away afterwards."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from penstock.app.config.documents import Document, read_document
from penstock.app.config.faults import Faults
from penstock.app.run import RunOptions, run
from penstock.app.session import Session, utc_now
from penstock.app.systems import find_system
from penstock.domain.errors import ConfigError, UsageError, did_you_mean
from penstock.domain.results import Result, RunResult
from penstock.systems.shared.system import System

if TYPE_CHECKING:
    from penstock.domain.events import Listener

Clock: TypeAlias = Callable[[], datetime]
SMOKE_FILE = "smoke.yaml"
CANDIDATE = "model"
SAMPLE = "{sample}"
FOLDER = "{folder}"
"""What stands in overrides for the folder of made-up files, and for that of the system."""


class SmokeConfig(BaseModel):
    """What ``smoke.yaml`` says: how to make a run tiny, and which error it must stay below.

    Attributes
    ----------
    overrides
        ``key=value``, as on the command line. ``{folder}`` stands for the folder of the system, ``{sample}`` for a
        folder with the files that the system makes up.
    metric
        Metric of the model on the final window.
    at_most
        Highest value that is fine.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    overrides: tuple[str, ...] = ()
    metric: str
    at_most: Annotated[float, Field(allow_inf_nan=False)]


class SmokeResult(Result):
    """What came of a smoke test: the error of the model beside its bound, and what was done to find it."""

    system: str
    passed: bool
    metric: str
    value: float
    at_most: float
    overrides: tuple[str, ...]
    steps: int
    checks: int
    dataset: str | None
    model: str | None
    headline: str
    seconds: float


def smoke(
    system: str, environ: Mapping[str, str], clock: Clock = utc_now, listeners: Sequence[Listener] = ()
) -> SmokeResult:
    """Carry tiny data of a system to a registered model, and compare the size of its error with a bound.

    Nothing of it stays, the workspace that ``environ`` names is not opened, and nothing is tracked.

    Raises
    ------
    UsageError
        The system has no ``smoke.yaml``.
    ConfigError
        ``smoke.yaml`` is wrong; all its faults are listed.
    PenstockError
        The run itself failed.
    """
    found = find_system(system)
    config = _read(found)
    started = clock()
    with _thrown_away() as folder:
        options = RunOptions(system=system, overrides=_overrides(found, config, _sample(found, folder)))
        session = Session.open(folder / "workspace", environ=environ, clock=clock)
        result = run(options, session, listeners).result
    return _judged(config, result, (clock() - started).total_seconds())


def told(result: SmokeResult) -> str:
    """Say in one line what came of it."""
    sign, verdict = ("≤", "passed") if result.passed else (">", "FAILED")
    return (
        f"{result.system}: {verdict}: {result.metric} {result.value:.4g} {sign} {result.at_most:.4g} ({SMOKE_FILE}), "
        f"{result.steps} steps and {result.checks} checks in {result.seconds:.1f} s."
    )


def _read(system: System) -> SmokeConfig:
    file = system.folder / SMOKE_FILE
    if not file.is_file():
        raise UsageError(
            f"System {system.name!r} has no {SMOKE_FILE} in {system.folder}. Write one with three keys: `overrides`, a "
            "list of key=value that make a run tiny; `metric`; and `at_most`, the error that it must not exceed."
        )
    faults = Faults()
    document = read_document(file, str(file), faults)
    faults.raise_any("Smoke test")
    try:
        return SmokeConfig.model_validate(document.values)
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            faults.add(_fault(str(fault["loc"][0]), fault["type"], fault["msg"], document))
    faults.raise_any("Smoke test")
    raise UsageError(f"{file} is wrong.")  # pragma: no cover  # an error has at least one fault


def _fault(key: str, kind: str, message: str, document: Document) -> str:
    place = f"{document.name}:{document.lines[key]}" if key in document.lines else document.name
    if kind == "extra_forbidden":
        return f"{place}: unknown key {key}{did_you_mean(key, SmokeConfig.model_fields)}"
    if kind == "missing":
        return f"{place}: {key} is missing"
    return f"{place}: {key} = {document.values.get(key)!r}: {message}"


@contextmanager
def _thrown_away() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="penstock-smoke-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sample(system: System, folder: Path) -> Path:
    """Let the system write its made-up files, if it makes some up."""
    place = folder / "sample"
    place.mkdir()
    if system.sample is not None:
        system.sample(place)
    return place


def _judged(config: SmokeConfig, result: RunResult, seconds: float) -> SmokeResult:
    scores = result.metrics.get(CANDIDATE, {})
    if config.metric not in scores:
        raise ConfigError(
            f"{SMOKE_FILE} asks for the metric {config.metric!r}, which the run does not have"
            f"{did_you_mean(config.metric, scores)}"
        )
    value = scores[config.metric]
    return SmokeResult(
        system=result.system,
        passed=abs(value) <= config.at_most,
        metric=config.metric,
        value=value,
        at_most=config.at_most,
        overrides=config.overrides,
        steps=sum(step.state == "ran" for step in result.steps),
        checks=len(result.checks),
        dataset=result.dataset,
        model=None if result.model is None else f"{result.model.name}@v{result.model.version}",
        headline=result.headline,
        seconds=round(seconds, 3),
    )


def _overrides(system: System, config: SmokeConfig, sample: Path) -> tuple[str, ...]:
    return tuple(
        text.replace(SAMPLE, str(sample)).replace(FOLDER, str(system.folder)) for text in config.overrides
    )
