"""The report of a replay: facts in, one HTML file out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.reporting.blocks import Page
from penstock.reporting.page import render_page
from penstock.reporting.report import SIMULATED
from penstock.reporting.scope import BUDGET
from penstock.reporting.sections.provenance import provenance, rebuild
from penstock.reporting.sections.replay_headline import replay_headline
from penstock.reporting.sections.replay_known import replay_cost, replay_known
from penstock.reporting.sections.replay_series import replay_series
from penstock.reporting.sections.replay_time import replay_alarms, replay_time

if TYPE_CHECKING:
    from penstock.reporting.replay_facts import ReplayFacts


def render_replay(facts: ReplayFacts, budget: int = BUDGET) -> str:
    """Return the report as one HTML document that opens without a network; equal facts give equal text.

    ``budget`` is how many numbers of the series the page may carry: see ``penstock.reporting.report.render``.
    """
    return render_page(build_replay(facts, budget))


def build_replay(facts: ReplayFacts, budget: int = BUDGET) -> Page:
    """Return the report as a page of blocks, before it becomes markup."""
    sections = (
        replay_headline(facts),
        replay_time(facts),
        replay_alarms(facts),
        replay_series(facts, budget),
        replay_known(facts),
        replay_cost(facts),
        provenance(facts),
        rebuild(facts),
    )
    return Page(
        title=f"{facts.system}: replay of {facts.task.target}",
        subtitle=f"{facts.dataset} · run {facts.provenance.run_id}",
        sections=tuple(section for section in sections if section is not None),
        ribbon=SIMULATED if facts.simulated else None,
        footer=f"Penstock {facts.provenance.version}".strip(),
    )
