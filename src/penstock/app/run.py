"""``penstock run``: plan a system's pipeline, execute it, and say what came of it."""

from __future__ import annotations

import inspect
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pydantic import BaseModel

from penstock.app.config.groups import SystemFiles
from penstock.app.config.loading import LoadedConfig, load_config
from penstock.app.config.origins import Layer
from penstock.app.forecast_files import FORECAST_FILE, write_forecast
from penstock.app.runs import RUN_RESULT
from penstock.app.session import Session
from penstock.app.snapshot import (
    code_commit,
    first_party_roots,
    keep_data,
    package_folder,
    take_snapshot,
)
from penstock.app.standing import inputs_of, standing
from penstock.app.systems import find_system
from penstock.domain.errors import UsageError
from penstock.domain.results import ModelRef, RunResult, Summary
from penstock.domain.values import RunId
from penstock.engine.commit import runs_scope
from penstock.engine.declare import Pipeline
from penstock.engine.execute import Execution, Request, fingerprinter_for
from penstock.engine.fingerprint import Reached, paths_in
from penstock.engine.frontdoor import Watched
from penstock.engine.graph import Graph, depth_first
from penstock.engine.records import RunRecord
from penstock.engine.work import output_ref
from penstock.storage.codecs import save
from penstock.storage.datasets import DatasetPin, dataset
from penstock.storage.digests import digest_value
from penstock.systems.shared.system import PRESETS, System

if TYPE_CHECKING:
    import polars as pl

    from penstock.domain.events import Listener
    from penstock.release.registry import Release
    from penstock.reporting.facts import ReportFacts
    from penstock.reporting.replay_facts import ReplayFacts

PINNED = "pinned"
"""Parameter by which a pipeline is handed the dataset version that the user named."""


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What the user asked for: the system, overrides in Hydra's grammar, and how to execute.

    ``only`` limits the run to the named steps and what they need; empty means all. With ``model``, such as
    ``denmark@candidate``, nothing is trained: that model forecasts. ``config``, such as ``denmark/best_config@v2``,
    trains a configuration that won an earlier search. ``verb`` and ``arguments`` say how the same work is asked for
    again; an empty verb means to train, or with ``model`` to predict.
    """

    system: str
    overrides: tuple[str, ...] = ()
    jobs: int = 1
    forecast_to: Path | None = None
    only: tuple[str, ...] = ()
    model: str | None = None
    config: str | None = None
    command: tuple[str, ...] = ()
    verb: str = ""
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Configured:
    """A system with its configuration; ``layers`` are those that came between files and command line."""

    system: System
    config: LoadedConfig
    layers: tuple[Layer, ...]

    def planned(self, graph: Graph, pinned: tuple[DatasetPin, ...] = ()) -> Planned:
        """Return it with a graph of one of its pipelines."""
        return Planned(system=self.system, config=self.config, layers=self.layers, graph=graph, pinned=pinned)


@dataclass(frozen=True, kw_only=True)
class Planned(Configured):
    """A system with its configuration and its graph, before anything ran."""

    graph: Graph
    pinned: tuple[DatasetPin, ...] = ()

    @property
    def simulated(self) -> bool:
        """Whether the data are made up."""
        if self.pinned:
            return any(pin.simulated for pin in self.pinned)
        return self.system.simulated(self.config.value)


@dataclass(frozen=True, kw_only=True)
class RunOutcome:
    """A finished run: its result, its manifest, and what its answer depends on (``None``: it never stands)."""

    result: RunResult
    record: RunRecord
    watched: Watched | None


def plan(
    system: str,
    overrides: Sequence[str],
    session: Session,
    *,
    model: str | None = None,
    config: str | None = None,
) -> Planned:
    """Load the system, its configuration and its graph; nothing runs.

    ``model`` and ``config`` are those of :class:`RunOptions`.

    Raises
    ------
    UsageError
        If ``model`` is given and the system has no pipeline that predicts.
    """
    ready = configure(system, overrides, session, config=config)
    found, value = ready.system, ready.config.value
    if model is None:
        pinned = pinned_by(session, found.train, value)
        return ready.planned(found.train.plan(value, *pinned), pinned)
    if found.predict is None:
        raise UsageError(f"System {found.name!r} has no pipeline that predicts: give its System a `predict`.")
    from penstock.app.models import bundle_folder
    from penstock.release.registry import resolve

    pinned = pinned_by(session, found.predict, value)
    package = bundle_folder(session, resolve(session.catalogue, model))
    return ready.planned(found.predict.plan(value, package, *pinned), pinned)


def configure(
    system: str, overrides: Sequence[str], session: Session, *, config: str | None = None
) -> Configured:
    """Find a system and load its configuration; ``config`` is that of :class:`RunOptions`."""
    found = find_system(system)
    layers = () if config is None else (_best_layer(session, config),)
    loaded = load_config(
        SystemFiles(folder=found.folder, schema=found.config, presets=PRESETS, name=found.name),
        overrides,
        session.environ,
        layers,
    )
    return Configured(system=found, config=loaded, layers=layers)


def pinned_by(session: Session, pipeline: Pipeline[..., object], config: BaseModel) -> tuple[DatasetPin, ...]:
    """Return the dataset version that the configuration names, if it names one.

    Raises
    ------
    UsageError
        It is no reference to a version, or the pipeline cannot read one.
    UnknownNameError
        There is no such version.
    """
    reference = getattr(config, "dataset", "")
    if not reference:
        return ()
    if PINNED not in inspect.signature(pipeline.function).parameters:
        raise UsageError(
            f"dataset={reference}: pipeline {pipeline.name!r} cannot read a dataset version; give it a last parameter "
            f"`{PINNED}: DatasetPin | None = None`."
        )
    return (dataset(session.catalogue, reference).pin,)


def _best_layer(session: Session, config: str) -> Layer:
    from penstock.app.best import best_layer

    return best_layer(session, config)


def run(options: RunOptions, session: Session, listeners: Sequence[Listener] = ()) -> RunOutcome:
    """Run a system.

    Raises
    ------
    PenstockError
        Wrong use, bad data, a refused gate, or a failed step; finished steps stay committed.
    """
    planned = plan(options.system, options.overrides, session, model=options.model, config=options.config)
    return carry_out(planned, options, session, listeners)


def carry_out(
    planned: Planned, options: RunOptions, session: Session, listeners: Sequence[Listener] = ()
) -> RunOutcome:
    """Execute what was planned, as one run of the catalogue.

    Raises
    ------
    PenstockError
        As :func:`run`.
    """
    graph = _limited(planned.graph, options.only)
    fingerprinter = fingerprinter_for(session.workspace, session.environ)
    reached = fingerprinter.reached(graph)
    inputs = inputs_of(planned, reached, session)
    run_id = new_run_id(planned.system.name, session.clock())
    engine = session.engine(jobs=options.jobs, listeners=listeners)
    try:
        request = _request(planned, options, run_id, session, reached)
        execution = engine.run(graph, request, fingerprinter)
    finally:
        engine.executor.close()
    result = _result(execution, planned, session, options)
    session.catalogue.add(
        RUN_RESULT, run_id, result, scope=runs_scope(planned.system.name), now=session.clock()
    )
    also = (options.forecast_to,) if options.forecast_to else ()
    return RunOutcome(
        result=result,
        record=execution.record,
        watched=standing(inputs, planned, execution.record, result, also),
    )


def new_run_id(system: str, now: datetime) -> RunId:
    """Return a new run id: it sorts by time and is unique among processes."""
    return RunId(f"{now:%Y%m%d-%H%M%S}-{system}-{secrets.token_hex(2)}")


def _limited(graph: Graph, only: Sequence[str]) -> Graph:
    if not only:
        return graph
    nodes = depth_first(graph, only)
    kept = {node.name for node in nodes}
    outputs = {name: node for name, node in graph.outputs.items() if node in kept}
    return Graph(pipeline=graph.pipeline, nodes=nodes, outputs=outputs)


def _request(
    planned: Planned, options: RunOptions, run_id: RunId, session: Session, reached: Reached
) -> Request:
    roots = first_party_roots(planned.system.folder)
    given = _data_files(planned.config.value)
    price = getattr(planned.config.value, "price_per_cpu_hour", None)
    return Request(
        system=planned.system.name,
        run_id=run_id,
        who=_user(session.environ),
        verb=options.verb or ("run" if options.model is None else "predict"),
        arguments=options.arguments,
        command=options.command,
        overrides=_all_overrides(planned, options),
        config=planned.config.masked(),
        origins={key: str(origin) for key, origin in planned.config.origins.items()},
        commit=code_commit(package_folder()),
        source=take_snapshot(session.store, roots, {p: name for p, name in reached.sources.items() if name}),
        inputs={str(path): output_ref(save(session.store, path)) for path in sorted(given)},
        beside=keep_data(session.store, roots, {*planned.config.files, *reached.data} - given),
        price_per_cpu_hour=price,
    )


def _all_overrides(planned: Planned, options: RunOptions) -> tuple[str, ...]:
    overrides = options.overrides
    if planned.layers:
        from penstock.app.best import as_overrides

        for layer in planned.layers:
            overrides = as_overrides(layer, overrides)
    return overrides


def _user(environ: Mapping[str, str]) -> str:
    names = (environ.get(name) for name in ("LOGNAME", "USER", "USERNAME"))
    return next((name for name in names if name), "unknown")


def _data_files(config: BaseModel) -> set[Path]:
    return {path for path in paths_in(config) if path.exists()}


def _result(execution: Execution, planned: Planned, session: Session, options: RunOptions) -> RunResult:
    record = execution.record
    outputs = _Outputs(execution)
    summary = outputs.summary()
    folder = session.workspace.runs / record.run_id
    result = RunResult(
        run_id=record.run_id,
        system=record.system,
        status=record.status,
        simulated=planned.simulated,
        headline=summary.headline,
        dataset=outputs.dataset(),
        model=_model(outputs.release(), options, session),
        notes=summary.notes,
        split=summary.split,
        metrics=summary.metrics,
        intervals=summary.intervals,
        slices_worst=summary.slices_worst,
        checks=summary.checks,
        steps=tuple(step.report for step in record.steps),
        forecast=_text(outputs.keep_forecast(folder, options.forecast_to, _revealing(planned, session))),
        digest=digest_value(
            {
                step.report.name: step.output.logical
                for step in record.steps
                if step.output and not step.effect
            }
        ),
    )
    return result.model_copy(update={"report": _text(outputs.keep_report(folder, result))})


def _model(release: Release | None, options: RunOptions, session: Session) -> ModelRef | None:
    """Return the release that the run made, found again or used, with the alias that stands for it now.

    An unchanged training finds its old release again; ``candidate`` may stand for a newer one by then.
    """
    from penstock.release.registry import CANDIDATE, aliases, resolve

    label = CANDIDATE
    if release is None:
        if options.model is None:
            return None
        release, label = resolve(session.catalogue, options.model), options.model.partition("@")[2]
    stands = aliases(session.catalogue, release.model).get(label) == release.version
    return ModelRef(name=release.model, version=release.version, alias=label if stands else None)


@dataclass(frozen=True)
class _Outputs:
    """The outputs of a pipeline that the application knows by name."""

    execution: Execution

    def find(self, name: str) -> object:
        return self.execution.output(name) if name in self.execution.record.outputs else None

    def summary(self) -> Summary:
        found = self.find("summary")
        return found if isinstance(found, Summary) else Summary()

    def dataset(self) -> str | None:
        found = self.find("dataset")
        return None if found is None else str(found)

    def release(self) -> Release | None:
        return cast("Release | None", self.find("release"))

    def keep_report(self, folder: Path, result: RunResult) -> Path | None:
        facts = self.find("report")
        if facts is None:
            return None
        from penstock.app.report import finished, write_report

        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "report.html"
        write_report(finished(cast("ReportFacts | ReplayFacts", facts), self.execution.record, result), path)
        return path

    def keep_forecast(
        self, folder: Path, forecast_to: Path | None, reveal: Callable[[pl.DataFrame], pl.DataFrame]
    ) -> Path | None:
        frame = self.find("forecast")
        if frame is None:
            return None
        import polars as pl

        if not isinstance(frame, pl.DataFrame):
            return None
        own = write_forecast(frame, folder / FORECAST_FILE)
        return own if forecast_to is None else write_forecast(reveal(frame), forecast_to)


def _revealing(planned: Planned, session: Session) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Return what puts real names into a forecast that leaves the workspace."""
    reveal = planned.system.reveal
    if reveal is None:
        return lambda frame: frame
    return lambda frame: cast("pl.DataFrame", reveal(planned.config.value, frame, session.workspace))


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
