"""What all figures share: fonts, axes, margins, and text that Plotly must not read as markup."""

from __future__ import annotations

from collections.abc import Mapping

from penstock.reporting.blocks import Spec

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
TICK_PX = 12


def plain(text: str) -> str:
    """Return ``text`` so that Plotly shows it letter by letter: its labels understand a little HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def axis(title: str = "", **settings: object) -> Spec:
    """Return an axis with quiet lines; ``settings`` add to it or replace."""
    base: dict[str, object] = {
        "title": {"text": plain(title), "font": {"size": TICK_PX, "color": "--quiet"}, "standoff": 8},
        "tickfont": {"size": TICK_PX, "color": "--quiet"},
        "gridcolor": "--grid",
        "linecolor": "--line",
        "zeroline": False,
        "automargin": True,
        "fixedrange": True,
        "separatethousands": True,
    }
    return base | settings


def layout(axes: Mapping[str, Spec], **settings: object) -> Spec:
    """Return a layout on transparent ground with the given axes; ``settings`` add to it or replace."""
    base: dict[str, object] = {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 13, "color": "--ink"},
        "margin": {"l": 8, "r": 16, "t": 12, "b": 8},
        "hoverlabel": {"bgcolor": "--surface", "bordercolor": "--line", "font": {"color": "--ink"}},
        "hovermode": "closest",
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": "--quiet", "activecolor": "--ink"},
        "showlegend": False,
        "dragmode": False,
    }
    return base | dict(axes) | settings


def label(text: str, colour: str, **settings: object) -> Spec:
    """Return a direct label: an annotation without an arrow."""
    base: dict[str, object] = {
        "text": plain(text),
        "showarrow": False,
        "font": {"size": TICK_PX, "color": colour},
    }
    return base | settings


def suffix(unit: str) -> str:
    """Return the unit as the tail of a number in a hover text."""
    return f" {plain(unit)}" if unit else ""
