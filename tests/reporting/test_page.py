from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib

import pytest

from penstock.reporting.blocks import (
    Cell,
    Chart,
    Chooser,
    Column,
    Command,
    Figure,
    Fold,
    Item,
    Layer,
    Notice,
    Page,
    Prose,
    Row,
    Section,
    Spark,
    Stack,
    Table,
    Terms,
    Tile,
    Tiles,
    Window,
)
from penstock.reporting.packing import Packer
from penstock.reporting.page import render_page, script_json, walk

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\u2028{{ 7*7 }}"


def page_with(*blocks: object) -> Page:
    return Page(
        title=HOSTILE,
        subtitle=HOSTILE,
        sections=(Section(id="one", title=HOSTILE, blocks=blocks),),  # type: ignore[arg-type]  # any block may come
        ribbon=Notice(title=HOSTILE, text=HOSTILE),
        footer=HOSTILE,
    )


def every_block() -> list[object]:
    packer = Packer()
    x, y = packer.moments([0.0, 1.0]), packer.values([1.0, 2.0])
    table = Table(
        caption=HOSTILE,
        columns=(Column(label=HOSTILE, hint=HOSTILE), Column(label="n", right=True)),
        rows=(
            (
                Cell(text=HOSTILE, note=HOSTILE, pick=(HOSTILE, 0), swatch="--model"),
                Cell(text="1", sort=1.0, spark=Spark(lines=(("--ink", "0,0 1,1"),), title=HOSTILE), bar=0.5),
            ),
        ),
    )
    chart = Chart(
        id="c",
        title=HOSTILE,
        summary=HOSTILE,
        figure=Figure(data=({"name": HOSTILE, "y": [float("nan")]},), layout={}),
        numbers=table,
    )
    chooser = Chooser(
        id="pick",
        title=HOSTILE,
        noun=HOSTILE,
        items=(Item(name=HOSTILE, facts=((HOSTILE, HOSTILE),), columns={"a": (x, y)}),),
        layers=(Layer(name="a", label=HOSTILE, colour="--ink"),),
        packed=packer.packed(),
        unit=HOSTILE,
        windows=(Window(label=HOSTILE, start_ms=0.0, end_ms=1.0),),
        note=HOSTILE,
    )
    return [
        Prose(text=HOSTILE),
        Notice(title=HOSTILE, text=HOSTILE),
        Tiles(tiles=(Tile(value=HOSTILE, label=HOSTILE, note=HOSTILE),)),
        Terms(terms=((HOSTILE, HOSTILE),)),
        Command(lines=(HOSTILE,)),
        Row(blocks=(chart, Stack(blocks=(table,)))),
        Fold(summary=HOSTILE, blocks=(Prose(text=HOSTILE),)),
        chooser,
    ]


def test_nothing_that_users_name_becomes_markup(parse: type) -> None:
    html = render_page(page_with(*every_block()))
    parsed = parse(html)
    assert "alert(1)</script>" not in html
    assert "<img" not in html
    assert "onerror" not in {name for _, attributes in parsed.tags for name in attributes}
    assert len([1 for tag, attributes in parsed.tags if tag == "script" and not attributes]) == 1
    assert "49" not in re.sub(r"<script.*?</script>|<style.*?</style>", "", html, flags=re.DOTALL)


def test_data_blocks_read_back_as_they_were(parse: type) -> None:
    parsed = parse(render_page(page_with(*every_block())))
    figures = json.loads(parsed.scripts["figures"])
    assert figures["c"]["data"] == [{"name": HOSTILE, "y": [None]}]
    spec = json.loads(parsed.scripts["pick-items"])
    assert spec["items"][0]["name"] == HOSTILE
    raw = zlib.decompress(base64.b64decode(parsed.scripts["pick-block"]), -15)
    assert [kind for kind, _, _ in spec["block"]] == ["f8", "f4"]
    assert len(raw) == 24


def test_only_the_named_scripts_may_run(parse: type) -> None:
    html = render_page(page_with(*every_block()))
    parsed = parse(html)
    policy = next(a["content"] for tag, a in parsed.tags if tag == "meta" and "http-equiv" in a)
    assert policy.startswith("default-src 'none';")
    assert "unsafe-eval" not in policy
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
    plotly = zlib.decompress(base64.b64decode(parsed.scripts["plotly-source"]), -15)
    run = parsed.running[0].encode()
    for source in (plotly, run):
        digest = base64.b64encode(hashlib.sha256(source).digest()).decode()
        assert f"'sha256-{digest}'" in policy


def test_a_page_without_figures_carries_no_library(parse: type) -> None:
    html = render_page(page_with(Prose(text="short")))
    assert "plotly-source" not in parse(html).scripts
    assert len(html) < 60_000


def test_an_empty_page_renders(parse: type) -> None:
    assert "Empty" in render_page(Page(title="Empty", subtitle="", sections=()))


def test_blocks_are_walked_in_reading_order() -> None:
    inner = Prose(text="in")
    blocks = (Prose(text="first"), Row(blocks=(Stack(blocks=(inner,)),)), Fold(summary="s", blocks=(inner,)))
    assert [block.kind for block in walk(blocks)] == ["prose", "row", "stack", "prose", "fold", "prose"]


@pytest.mark.parametrize("text", ["</script>", "<!--", "\u2028", "a&b"])
def test_script_json_cannot_leave_its_element(text: str) -> None:
    written = script_json({text: [text, float("inf")]})
    assert not set(written) & {"<", ">", "&", "\u2028"}
    assert json.loads(written) == {text: [text, None]}
