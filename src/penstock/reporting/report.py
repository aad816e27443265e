"""The report of one forecasting run: facts in, one HTML file out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.reporting.blocks import Notice, Page
from penstock.reporting.page import render_page
from penstock.reporting.scope import BUDGET
from penstock.reporting.sections.checks import checks
from penstock.reporting.sections.errors import errors
from penstock.reporting.sections.forecasts import forecasts
from penstock.reporting.sections.headline import headline
from penstock.reporting.sections.intervals import intervals
from penstock.reporting.sections.ladder import ladder
from penstock.reporting.sections.provenance import provenance, rebuild
from penstock.reporting.sections.quality import quality
from penstock.reporting.sections.slices import slices
from penstock.reporting.sections.tuning import tuning
from penstock.reporting.series import series_scope
from penstock.reporting.standing import standing

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.reporting.facts import ReportFacts

SIMULATED = Notice(
    title="SIMULATED DATA",
    text="These numbers say how the pipeline behaves on made-up data; they say nothing about the real source.",
)


def render(facts: ReportFacts, budget: int = BUDGET) -> str:
    """Return the report as one HTML document that opens without a network; equal facts give equal text.

    Parameters
    ----------
    facts
        What the report says.
    budget
        How many numbers of the series the page may carry, about five bytes each; what does not fit is left out,
        oldest first, and the page says so.

    Raises
    ------
    UnknownNameError
        ``facts.chosen`` is not on the ladder, has no value of the main metric, or has no predictions.
    """
    return render_page(build(facts, budget))


def build(facts: ReportFacts, budget: int = BUDGET) -> Page:
    """Return the report as a page of blocks, before it becomes markup."""
    stands = standing(facts)
    scope = series_scope(facts, stands, budget)
    sections = (
        headline(facts, stands),
        ladder(facts, stands),
        errors(facts, stands),
        intervals(facts, stands),
        slices(facts, stands, scope),
        forecasts(facts, stands, scope),
        tuning(facts),
        checks(facts),
        quality(facts),
        provenance(facts),
        rebuild(facts),
    )
    return Page(
        title=f"{facts.system}: forecast of {facts.task.target}",
        subtitle=f"{facts.dataset} · run {facts.provenance.run_id}",
        sections=tuple(section for section in sections if section is not None),
        ribbon=SIMULATED if facts.simulated else None,
        footer=f"Penstock {facts.provenance.version}".strip(),
    )


def write_report(facts: ReportFacts, path: Path, budget: int = BUDGET) -> Path:
    """Write the report to ``path`` whole or not at all, and return ``path``; missing folders are made.

    Raises
    ------
    StorageError
        The disk is full or the folder cannot be written.
    """
    from penstock.storage.atomic import write_atomic

    write_atomic(path, render(facts, budget).encode("utf-8"))
    return path
