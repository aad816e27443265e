"""What the engine writes down about results, effects and runs."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from penstock.domain.results import StepReport
from penstock.domain.values import Json, RunStatus


class Record(BaseModel):
    """Base of everything the engine writes down: frozen, tolerant of fields from a newer version."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Parameter(Record):
    """One argument of a step: the digest that counts, and a bounded text for people."""

    digest: str
    shown: str


class Ingredients(Record):
    """Everything a result depends on; its digest is the fingerprint."""

    step: str
    code: dict[str, str] = {}
    reads: dict[str, str] = {}
    params: dict[str, Parameter] = {}
    inputs: dict[str, str] = {}
    libraries: dict[str, str] = {}
    environment: dict[str, str] = {}
    dynamic: tuple[str, ...] = ()


class OutputRef(Record):
    """Where a result's artifact lies: the stored form of ``storage.ArtifactRef``."""

    codec: str
    type: str
    logical: str
    digest: str
    size_bytes: int


class Undeclared(Record):
    """Something that a result depends on without the fingerprint knowing: mostly what the step touched."""

    kind: str
    name: str


class ResultRecord(Record):
    """A committed result of a pure step.

    ``observed`` maps environment variables that libraries read to the digests of their values: the result is
    reused only while they stand. A result with ``undeclared`` touches is never reused.
    """

    fingerprint: str
    system: str
    node: str
    ingredients: Ingredients
    output: OutputRef
    run_id: str
    seconds: float
    cpu_seconds: float
    peak_mb: float
    observed: dict[str, str] = {}
    undeclared: tuple[Undeclared, ...] = ()


class EffectRecord(Record):
    """A carried-out effect; ``key`` is the digest of its name and its declared parameters."""

    key: str
    node: str
    output: OutputRef
    run_id: str
    seconds: float


class StepRecord(Record):
    """One step of one run: the report for people and what ``why``, ``reproduce`` and eviction need."""

    report: StepReport
    effect: bool = False
    fingerprint: str | None = None
    ingredients: Ingredients | None = None
    output: OutputRef | None = None
    parents: tuple[str, ...] = ()
    undeclared: tuple[Undeclared, ...] = ()
    changes: tuple[str, ...] = ()


class RunStartedRecord(Record):
    """Written when a run begins, so that a killed run is not forgotten."""

    run_id: str
    system: str
    started_at: datetime
    command: tuple[str, ...] = ()


class RunRecord(Record):
    """The manifest of a finished run.

    Attributes
    ----------
    verb
        What was asked for: ``run`` trains by configuration and overrides alone, so that it can be repeated from them.
    arguments
        Options of the verb that decide its result, as on the command line.
    config
        The effective configuration, secrets masked.
    origins
        For each dotted key of the configuration, where its value came from.
    config_digests
        Digests of those parts of the configuration, by dotted key, by which runs are told apart at a glance.
    source
        Artifact with all first-party source and configuration files, as they were.
    libraries
        Installed distributions and versions.
    inputs
        Copies of the input files that lie outside the source, by the name the configuration has for them.
    beside
        Copies of the data files that the code itself names, by their place in the source.
    """

    run_id: str
    system: str
    pipeline: str
    verb: str = "run"
    arguments: tuple[str, ...] = ()
    status: RunStatus
    started_at: datetime
    finished_at: datetime
    command: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    config: dict[str, Json] = {}
    origins: dict[str, str] = {}
    config_digests: dict[str, str] = {}
    steps: tuple[StepRecord, ...] = ()
    outputs: dict[str, str] = {}
    source: OutputRef | None = None
    libraries: dict[str, str] = {}
    environment: dict[str, str] = {}
    inputs: dict[str, OutputRef] = {}
    beside: dict[str, OutputRef] = {}
    commit: str | None = None
    error: str | None = None

    def step(self, name: str) -> StepRecord | None:
        """Return the step called ``name``, or ``None``."""
        return next((step for step in self.steps if step.report.name == name), None)
