"""``penstock data validate``: ask every rule about a system's data, and raise or clear the banners about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from penstock.app.ingest import feed_of
from penstock.app.plan import configure, plan
from penstock.app.run import RunOptions, carry_out
from penstock.domain.errors import UsageError
from penstock.domain.results import Result
from penstock.engine.execute import Execution
from penstock.quality.banners import Banner, show_report
from penstock.quality.config import QualityConfig
from penstock.quality.report import QualityReport
from penstock.systems.shared.data import asked

if TYPE_CHECKING:
    import polars as pl

    from penstock.app.plan import Planned
    from penstock.app.session import Session
    from penstock.domain.events import Listener

CHECK = "check_panel"


class Validation(Result):
    """What the rules said about a system's data, and the banners that stand about it."""

    system: str
    report: QualityReport
    banners: tuple[Banner, ...]


def validate(
    system: str,
    overrides: Sequence[str],
    session: Session,
    *,
    table: bool = False,
    listeners: Sequence[Listener] = (),
) -> Validation:
    """Judge the data of a system by its rules; nothing is raised for bad data.

    Parameters
    ----------
    overrides
        With ``dataset=denmark@v3`` that version is judged.
    table
        Judge what the system's table knows now, instead of what its source shows.

    Raises
    ------
    UsageError
        The system has no time-series rules, or no table.
    """
    planned = _of_table(system, overrides, session) if table else plan(system, overrides, session)
    node = next((node for node in planned.graph.nodes if node.name == CHECK), None)
    if node is None:
        raise UsageError(f"System {planned.system.name!r} has no step {CHECK!r}, so it has no rules to ask.")
    wanted = RunOptions(system=system, overrides=tuple(overrides), only=node.parents, verb="validate")
    done = carry_out(planned, wanted, session, listeners)
    rows = Execution(record=done.record, store=session.store).output(node.parents[-1])
    quality = cast("QualityConfig", node.arguments["quality"])
    leads = cast("Mapping[str, int] | None", node.arguments.get("leads"))
    report = asked(cast("pl.DataFrame", rows), quality, leads)
    standing = show_report(session.catalogue, planned.system.name, report, now=session.clock())
    return Validation(system=planned.system.name, report=report, banners=tuple(standing))


def _of_table(system: str, overrides: Sequence[str], session: Session) -> Planned:
    ready = configure(system, overrides, session)
    return ready.planned(feed_of(ready.system).ingest.plan(ready.config.value, (), session.clock()))
