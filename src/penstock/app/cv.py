"""``penstock cv``: where the folds of a system lie before anything is trained, and what its best trial did on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from penstock.app.plan import Planned, plan
from penstock.app.run import RunOptions, carry_out
from penstock.app.runs import show_run
from penstock.app.session import Session
from penstock.domain.errors import UsageError
from penstock.domain.results import Result
from penstock.engine.execute import Execution
from penstock.engine.graph import node_of, refs_in
from penstock.engine.records import RunRecord
from penstock.evaluation.splits import Split
from penstock.evaluation.windows import WindowFacts, describe_windows
from penstock.forecasting.study import FoldResult, Study
from penstock.storage.classes import class_name

if TYPE_CHECKING:
    import polars as pl

    from penstock.domain.events import Listener

SPLIT = "split"
VERB = "cv plan"


class FoldPlanResult(Result):
    """Where the folds and the final window of a system lie; the last of ``windows`` is the final window."""

    run_id: str
    system: str
    horizon: int
    frequency: str
    windows: tuple[WindowFacts, ...]


class FoldTable(Result):
    """What the best trial of a run did on each fold; ``score`` is its ``metric``, weighted over the folds."""

    run_id: str
    metric: str
    trial: int
    score: float
    folds: tuple[FoldResult, ...]


def plan_folds(
    system: str, overrides: Sequence[str], session: Session, listeners: Sequence[Listener] = ()
) -> FoldPlanResult:
    """Return the folds of a system; its data are read and prepared as for a run, and nothing is trained or published.

    Raises
    ------
    UsageError
        The system's pipeline names no output ``split``.
    DataError
        The data are broken, or too short for the folds that are asked for.
    """
    planned = plan(system, overrides, session)
    node = planned.graph.outputs.get(SPLIT)
    if node is None:
        raise UsageError(
            f"System {planned.system.name!r} shows no folds: its pipeline returns no output called {SPLIT!r}. Return "
            "that of penstock.systems.shared.pipeline.learn."
        )
    options = RunOptions(system=system, overrides=tuple(overrides), only=(node,), verb=VERB)
    outcome = carry_out(planned, options, session, listeners)
    execution = Execution(record=outcome.record, store=session.store)
    split = cast("Split", execution.output(SPLIT))
    panel = cast("pl.DataFrame", execution.output(_panel_of(planned, node)))
    return FoldPlanResult(
        run_id=outcome.result.run_id,
        system=planned.system.name,
        horizon=split.horizon,
        frequency=split.frequency,
        windows=describe_windows(panel, split),
    )


def fold_table(session: Session, run_id: str) -> FoldTable:
    """Return the table of folds of a run that searched.

    Raises
    ------
    UnknownNameError
        There is no such run.
    UsageError
        The run made no search, so that nothing was scored on folds.
    """
    record = show_run(session, run_id)
    study = _study(record, session)
    if study is None or not study.folds:
        raise UsageError(
            f"Run {run_id} ({record.verb}, {record.status}) has no table of folds: it did not search. A training with "
            "search=true, and without --config, has one; `penstock cv plan` shows folds before anything is trained."
        )
    return FoldTable(
        run_id=run_id,
        metric=study.metric,
        trial=study.best_number,
        score=study.best_score,
        folds=study.folds,
    )


def _panel_of(planned: Planned, node: str) -> str:
    """Return the name of the step whose panel is split."""
    return node_of(next(iter(refs_in(planned.graph.node(node).arguments["panel"]))))


def _study(record: RunRecord, session: Session) -> Study | None:
    made = (step for step in record.steps if step.output and step.output.type == class_name(Study))
    found = next(made, None)
    if found is None:
        return None
    return cast("Study", Execution(record=record, store=session.store).output(found.report.name))
