"""Colours of the page by role, in light and in dark; figures name the role and the page fills it in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

Theme: TypeAlias = Literal["light", "dark"]

# Text and lines keep a contrast of at least 4.5 : 1 and 3 : 1 with the page in both themes (WCAG 2.2, AA).
PALETTES: Mapping[Theme, Mapping[str, str]] = {
    "light": {
        "--page": "#ffffff",
        "--surface": "#f5f7f9",
        "--ink": "#1a2027",
        "--quiet": "#566270",
        "--line": "#d9dfe5",
        "--grid": "#e9edf1",
        "--model": "#1d5fc4",
        "--model-2": "#6b46c1",
        "--model-3": "#0e7490",
        "--best": "#c2560c",
        "--oracle": "#15803d",
        "--rung-1": "#8a6d1d",
        "--rung-2": "#a1456d",
        "--rung-3": "#4d7c3a",
        "--rung-4": "#5a6b7d",
        "--rung-5": "#9a5b3c",
        "--rung-6": "#3f7f86",
        "--band": "rgba(29,95,196,0.16)",
        "--good": "#15803d",
        "--bad": "#b42318",
        "--warn": "#8a5a00",
    },
    "dark": {
        "--page": "#11161c",
        "--surface": "#1a2129",
        "--ink": "#e7ebef",
        "--quiet": "#9fabb8",
        "--line": "#323c47",
        "--grid": "#252e37",
        "--model": "#74aaff",
        "--model-2": "#b79cf5",
        "--model-3": "#5cc8dd",
        "--best": "#f59a57",
        "--oracle": "#58c98a",
        "--rung-1": "#d0b35a",
        "--rung-2": "#e090b4",
        "--rung-3": "#9bc686",
        "--rung-4": "#a3b2c2",
        "--rung-5": "#d9a183",
        "--rung-6": "#86c5cc",
        "--band": "rgba(116,170,255,0.20)",
        "--good": "#58c98a",
        "--bad": "#ff8a7a",
        "--warn": "#e9b949",
    },
}

_MODELS = ("--model", "--model-2", "--model-3")
_BASELINES = ("--rung-1", "--rung-2", "--rung-3", "--rung-4", "--rung-5", "--rung-6")


def rung_colours(
    models: Iterable[str], baselines: Iterable[str], oracles: Iterable[str], best: str | None
) -> Mapping[str, str]:
    """Return the colour role of every rung by name: one rung has one colour in the whole page.

    Beyond three models or six baselines the colours repeat; every rung is labelled directly as well.
    """
    colours = {name: _MODELS[i % len(_MODELS)] for i, name in enumerate(models)}
    others = [name for name in baselines if name != best]
    colours.update({name: _BASELINES[i % len(_BASELINES)] for i, name in enumerate(others)})
    colours.update(dict.fromkeys(oracles, "--oracle"))
    return colours if best is None else {**colours, best: "--best"}


def resolve(spec: object, theme: Theme) -> object:
    """Return a figure specification with colour roles replaced, for use outside the page.

    Only values under keys that end in ``color`` are looked at, so a series named like a role stays as it is.
    """
    return _resolve(spec, PALETTES[theme], colour=False)


def _resolve(node: object, palette: Mapping[str, str], *, colour: bool) -> object:
    if isinstance(node, Mapping):
        return {
            key: _resolve(value, palette, colour=str(key).endswith("color")) for key, value in node.items()
        }
    if isinstance(node, list | tuple):
        return [_resolve(value, palette, colour=colour) for value in node]
    return palette.get(node, node) if colour and isinstance(node, str) else node
