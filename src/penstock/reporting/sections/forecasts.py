"""Forecast against truth for every series."""

from __future__ import annotations

from penstock.reporting.blocks import Section
from penstock.reporting.facts import ReportFacts
from penstock.reporting.scope import Scope
from penstock.reporting.series import series_chooser
from penstock.reporting.standing import Standing


def forecasts(facts: ReportFacts, standing: Standing, scope: Scope) -> Section:
    """Return the section with the chooser."""
    chooser = series_chooser(facts, standing, scope)
    return Section(id="forecasts", title="Forecast against truth", blocks=(chooser,))
