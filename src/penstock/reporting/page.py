"""From a page of blocks to one HTML file: markup, styles, scripts, figures and numbers, with nothing left outside."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from penstock.reporting.blocks import Block, Chart, Chooser, Fold, Page, Row, Stack
from penstock.reporting.figures.frame import axis, layout
from penstock.reporting.packing import deflated
from penstock.reporting.palette import PALETTES

if TYPE_CHECKING:
    from markupsafe import Markup

PLOTLY_FILE = "plotly-2.35.2.min.js.gz"
"""The library that draws, as Plotly ships it: MIT licence, ``assets/plotly.LICENSE.txt``."""

_SCRIPTS = ("inflate.js", "plots.js", "chooser.js", "page.js")
_JSON_ESCAPES = {
    ord("<"): "\\u003c",
    ord(">"): "\\u003e",
    ord("&"): "\\u0026",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}


def render_page(page: Page) -> str:
    """Return ``page`` as one HTML document that asks for nothing outside itself; equal pages give equal text.

    A content security policy forbids every request; the scripts that may run are named by their digests.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("penstock.reporting", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    blocks = [block for section in page.sections for block in walk(section.blocks)]
    drawn = any(isinstance(block, Chart | Chooser) for block in blocks)
    script = _script()
    return environment.get_template("page.html.j2").render(
        page=page,
        css=Markup(_styles()),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own files
        figures=_figures(blocks),
        choosers=[_chooser(block) for block in blocks if isinstance(block, Chooser)],
        plotly=Markup(_plotly()[0]) if drawn else "",  # noqa: S704 - base64
        policy=_policy([script, *([_plotly()[1]] if drawn else [])]),
    )


def walk(blocks: tuple[Block, ...]) -> Iterator[Block]:
    """Yield every block and those inside rows and folds, in reading order."""
    for block in blocks:
        yield block
        if isinstance(block, Row | Stack | Fold):
            yield from walk(block.blocks)


def script_json(value: object) -> str:
    """Return ``value`` as JSON that may stand inside a script element: it cannot close it, nor break a line.

    Numbers that JSON does not know (NaN, infinities) become null.
    """
    text = json.dumps(_finite(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(_JSON_ESCAPES)


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def _figures(blocks: list[Block]) -> Markup:
    from markupsafe import Markup

    figures = {
        block.id: {"data": block.figure.data, "layout": block.figure.layout, "phone": block.figure.phone}
        for block in blocks
        if isinstance(block, Chart)
    }
    return Markup(script_json(figures))  # noqa: S704 - escaped by script_json


def _chooser(chooser: Chooser) -> Mapping[str, object]:
    from markupsafe import Markup

    spec = {
        "id": chooser.id,
        "noun": chooser.noun,
        "unit": chooser.unit,
        "block": chooser.packed.columns,
        "items": [asdict(item) for item in chooser.items],
        "layers": [asdict(layer) for layer in chooser.layers],
        "windows": [asdict(window) for window in chooser.windows],
        "layout": _chooser_layout(chooser),
    }
    block = base64.b64encode(chooser.packed.block).decode("ascii")
    return {"id": chooser.id, "spec": Markup(script_json(spec)), "block": block}  # noqa: S704 - escaped by script_json


def _chooser_layout(chooser: Chooser) -> Mapping[str, object]:
    x = axis(type="date", showline=True, showgrid=False, fixedrange=False)
    y = axis(chooser.unit, tickformat="~s", fixedrange=False)
    return layout(
        {"xaxis": x, "yaxis": y},
        hovermode="x unified",
        dragmode="zoom",
        margin={"l": 8, "r": 12, "t": 30, "b": 8},
    )


def _asset(name: str) -> str:
    return files("penstock.reporting").joinpath("assets", name).read_text(encoding="utf-8")


def _script() -> str:
    return '"use strict";\n' + "\n".join(_asset(name) for name in _SCRIPTS)


def _styles() -> str:
    light, dark = (
        ";".join(f"{role}:{colour}" for role, colour in PALETTES[theme].items())
        for theme in ("light", "dark")
    )
    system_dark = f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}"
    return f":root{{{light}}}\n{system_dark}\n:root[data-theme=dark]{{{dark}}}\n{_asset('report.css')}@media print{{:root:root:root{{{light}}}}}"


def _policy(scripts: list[str]) -> str:
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


@lru_cache(maxsize=1)
def _plotly() -> tuple[str, str]:
    """Return plotly.js as base64 of raw deflate, and its source."""
    packed = files("penstock.reporting").joinpath("assets", PLOTLY_FILE).read_bytes()
    source = gzip.decompress(packed).decode("utf-8")
    return base64.b64encode(deflated(source.encode("utf-8"))).decode("ascii"), source
