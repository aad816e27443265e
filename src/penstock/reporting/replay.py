"""The report of a replay: facts in, one HTML file out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penstock.reporting.replay_facts import ReplayFacts


def render_replay(facts: ReplayFacts) -> str:
    """Return the report as one HTML document that opens without a network; equal facts give equal text."""
    return f"<!doctype html><title>{facts.system}</title>"
