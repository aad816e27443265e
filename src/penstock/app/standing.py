"""What the answer of a run depends on, so that the front door can tell whether it still stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.app.snapshot import first_party_roots
from penstock.engine.declare import Effect
from penstock.engine.fingerprint import paths_in
from penstock.engine.frontdoor import Watched, inputs_digest

if TYPE_CHECKING:
    from penstock.app.plan import Planned
    from penstock.app.session import Session
    from penstock.domain.results import RunResult
    from penstock.engine.fingerprint import Reached
    from penstock.engine.graph import Graph
    from penstock.engine.records import RunRecord, StepRecord


def inputs_of(planned: Planned, reached: Reached, session: Session) -> Watched:
    """Return the files that a plan depends on, with their digest at this moment: before anything runs."""
    folders = first_party_roots(planned.system.folder)
    roots = tuple(map(str, folders))
    files = tuple(sorted({*_planned_files(planned, session), *_reached_files(reached, folders)}))
    return Watched(
        roots=roots,
        files=files,
        folders=tuple(sorted(str(folder) for folder in reached.folders if not _is_below(folder, folders))),
        catalogue=str(session.workspace.catalogue),
        seen=inputs_digest(roots, files),
    )


def standing(
    inputs: Watched, planned: Planned, record: RunRecord, result: RunResult, also: Sequence[Path]
) -> Watched | None:
    """Return everything that the answer of a finished run depends on.

    Parameters
    ----------
    inputs
        What :func:`inputs_of` returned when the run was planned.
    also
        Further files that the run wrote.

    Returns
    -------
    Watched or None
        ``None`` if the same command must run again in any case: an effect is carried out in every run, or a step
        touched something that nobody watches.
    """
    if _runs_every_time(planned.graph) or any(step.undeclared for step in record.steps):
        return None
    outputs = [place for place in (result.report, result.forecast) if place] + [str(path) for path in also]
    return Watched(
        roots=inputs.roots,
        files=inputs.files,
        reads=tuple(sorted({place for step in record.steps for place in _found_reads(step)})),
        folders=inputs.folders,
        outputs=tuple(outputs),
        catalogue=inputs.catalogue,
        scopes=_scopes(result),
        seen=inputs.seen,
    )


def _planned_files(planned: Planned, session: Session) -> Iterator[str]:
    yield from map(str, (*planned.config.files, *planned.config.absent, *session.files))
    yield from map(str, paths_in(planned.config.value))
    if planned.space is not None and planned.space.file is not None:
        yield str(planned.space.file)


def _reached_files(reached: Reached, roots: Sequence[Path]) -> Iterator[str]:
    """Yield the data that code and arguments name, and the modules outside all roots."""
    yield from map(str, (*reached.data, *reached.libraries))
    yield from (str(path) for path in reached.sources if not _is_below(path, roots))


def _is_below(path: Path, roots: Sequence[Path]) -> bool:
    return any(path.is_relative_to(root) for root in roots)


def _found_reads(step: StepRecord) -> Iterator[str]:
    """Yield the files that the code names in full; declared ones are watched from the plan on."""
    reads = step.ingredients.reads if step.ingredients else {}
    yield from (name for name in reads if Path(name).is_absolute())


def _runs_every_time(graph: Graph) -> bool:
    return any(isinstance(node.step, Effect) and not node.step.is_keyed for node in graph.nodes)


def _scopes(result: RunResult) -> tuple[str, ...]:
    """Return the catalogue scopes whose datasets and releases the answer speaks of."""
    names = {
        result.dataset.partition("@")[0] if result.dataset else "",
        result.model.name if result.model else "",
    }
    return tuple(sorted(names - {""}))
