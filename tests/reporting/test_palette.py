from __future__ import annotations

import pytest

from penstock.reporting.palette import PALETTES, Theme, resolve, rung_colours


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_lines_stand_out_from_the_page(theme: Theme) -> None:
    palette = PALETTES[theme]
    quiet = {"--page", "--surface", "--line", "--grid", "--band"}
    for role in palette.keys() - quiet:
        assert contrast(palette[role], palette["--page"]) >= 4.5, role


def test_both_themes_know_the_same_roles() -> None:
    assert PALETTES["light"].keys() == PALETTES["dark"].keys()


def test_every_rung_has_one_colour_and_the_best_baseline_its_own() -> None:
    colours = rung_colours(["m", "n"], ["a", "b", "c"], ["o"], "b")
    assert colours["b"] == "--best"
    assert len(set(colours.values())) == len(colours) == 6


def test_only_colours_are_resolved() -> None:
    spec = {
        "name": "--ink",
        "text": ["--ink"],
        "line": {"color": "--ink"},
        "marker": {"color": ["--ink", "--x"]},
    }
    ink = PALETTES["dark"]["--ink"]
    assert resolve(spec, "dark") == {
        "name": "--ink",
        "text": ["--ink"],
        "line": {"color": ink},
        "marker": {"color": [ink, "--x"]},
    }
