"""``penstock run``: plan a system's pipeline, execute it, and say what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from pydantic import BaseModel

from penstock.app.outcome import result_of_execution
from penstock.app.plan import Planned, Wanted, plan_wanted
from penstock.app.runs import RUN_RESULT
from penstock.app.session import Session
from penstock.app.snapshot import (
    code_commit,
    first_party_roots,
    keep_data,
    package_folder,
    take_snapshot,
)
from penstock.app.space import KEY as SPACE
from penstock.app.space import space_digest
from penstock.app.standing import inputs_of, standing
from penstock.domain.results import RunResult
from penstock.domain.values import RunId
from penstock.engine.commit import runs_scope
from penstock.engine.execute import Request, fingerprinter_for
from penstock.engine.fingerprint import Reached, paths_in
from penstock.engine.frontdoor import Watched
from penstock.engine.graph import Graph, depth_first
from penstock.engine.records import RunRecord
from penstock.engine.work import output_ref
from penstock.storage.codecs import save

if TYPE_CHECKING:
    from penstock.domain.events import Listener


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What the user asked for: the system, overrides in Hydra's grammar, and how to execute.

    ``only`` limits the run to the named steps and what they need; empty means all. With ``model``, such as
    ``denmark@candidate``, nothing is trained: that model forecasts. ``config``, such as ``denmark/best_config@v2``,
    trains a configuration that won an earlier search. ``space`` is a file with the search space, or the space itself as
    text in braces, that takes the place of ``tune.space``. ``verb`` and ``arguments`` say how the same work is asked for
    again; an empty verb means to train, or with ``model`` to predict.
    """

    system: str
    overrides: tuple[str, ...] = ()
    jobs: int = 1
    forecast_to: Path | None = None
    only: tuple[str, ...] = ()
    model: str | None = None
    config: str | None = None
    space: str | None = None
    command: tuple[str, ...] = ()
    verb: str = ""
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RunOutcome:
    """A finished run: its result, its manifest, and what its answer depends on (``None``: it never stands)."""

    result: RunResult
    record: RunRecord
    watched: Watched | None


def run(options: RunOptions, session: Session, listeners: Sequence[Listener] = ()) -> RunOutcome:
    """Run a system.

    Raises
    ------
    PenstockError
        Wrong use, bad data, a refused gate, or a failed step; finished steps stay committed.
    """
    wanted = Wanted(
        system=options.system,
        overrides=options.overrides,
        model=options.model,
        config=options.config,
        space=options.space,
    )
    planned = plan_wanted(wanted, session)
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
    result = result_of_execution(execution, planned, session, options)
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
    return RunId(f"{now:%Y%m%d-%H%M%S}-{system}-{token_hex(2)}")


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
        who=user_name(session.environ),
        verb=options.verb or ("run" if options.model is None else "predict"),
        arguments=(*options.arguments, *(planned.space.arguments if planned.space else ())),
        command=options.command,
        overrides=_all_overrides(planned, options),
        config=planned.config.masked(),
        origins={key: str(origin) for key, origin in planned.config.origins.items()},
        config_digests=_config_digests(planned),
        commit=code_commit(package_folder()),
        source=take_snapshot(session.store, roots, {p: name for p, name in reached.sources.items() if name}),
        inputs={str(path): output_ref(save(session.store, path)) for path in sorted(given)},
        beside=keep_data(session.store, roots, {*planned.config.files, *reached.data} - given),
        price_per_cpu_hour=price,
    )


def _config_digests(planned: Planned) -> dict[str, str]:
    digest = space_digest(planned.config.value)
    return {} if digest is None else {SPACE: digest}


def _all_overrides(planned: Planned, options: RunOptions) -> tuple[str, ...]:
    overrides = options.overrides
    if planned.layers:
        from penstock.app.best import as_overrides

        for layer in planned.layers:
            overrides = as_overrides(layer, overrides)
    return overrides


def user_name(environ: Mapping[str, str]) -> str:
    """Return who is at work here, as the environment says."""
    names = (environ.get(name) for name in ("LOGNAME", "USER", "USERNAME"))
    return next((name for name in names if name), "unknown")


def _data_files(config: BaseModel) -> set[Path]:
    return {path for path in paths_in(config) if path.exists()}
