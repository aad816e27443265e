from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from penstock.domain.errors import UnknownNameError
from penstock.reporting.facts import ReportFacts
from penstock.reporting.report import build, render, write_report

SECTIONS = [
    "headline",
    "ladder",
    "errors",
    "intervals",
    "slices",
    "forecasts",
    "tuning",
    "checks",
    "quality",
    "provenance",
    "rebuild",
]
LOADING = {"src", "srcset", "data", "action", "poster", "background", "manifest", "ping"}


def test_equal_facts_give_equal_text(facts: ReportFacts, html: str) -> None:
    assert render(facts) == html


def test_every_section_is_there_and_in_the_contents(html: str, parse: type) -> None:
    parsed = parse(html)
    assert [a["id"] for tag, a in parsed.tags if tag == "section"] == SECTIONS
    links = [a["href"] for tag, a in parsed.tags if tag == "a" and a["href"].startswith("#")]
    assert links[1 : 1 + len(SECTIONS)] == [f"#{name}" for name in SECTIONS]


def test_nothing_is_loaded_from_outside(html: str, parse: type) -> None:
    parsed = parse(html)
    assert not {name for _, attributes in parsed.tags for name in attributes} & LOADING
    hrefs = [a["href"] for _, a in parsed.tags if "href" in a]
    assert all(href.startswith(("#", "data:,")) for href in hrefs)
    assert "@import" not in html
    assert "url(" not in html


def test_the_markup_is_well_formed_and_accessible(html: str, parse: type) -> None:
    parsed = parse(html)
    assert parsed.unclosed == []
    ids = [a["id"] for _, a in parsed.tags if "id" in a]
    assert len(ids) == len(set(ids))
    assert html.startswith("<!doctype html>")
    assert ("html", {"lang": "en"}) in parsed.tags
    assert [tag for tag, _ in parsed.tags if tag == "h1"] == ["h1"]
    count = {tag: sum(1 for name, _ in parsed.tags if name == tag) for tag in ("table", "caption")}
    assert count["table"] == count["caption"] > 8
    for tag, attributes in parsed.tags:
        if tag == "figure":
            assert attributes["aria-labelledby"] in ids
        if attributes.get("role") in {"img", "group", "region"}:
            assert attributes["aria-label"]


def test_what_users_name_is_escaped_everywhere(facts: ReportFacts, parse: type) -> None:
    evil = "</script><b onclick=x>{{1}}"
    renamed = pl.col("series").replace({facts.history["series"][0]: evil})
    hostile = replace(
        facts,
        system=evil,
        history=facts.history.with_columns(renamed),
        predictions={name: frame.with_columns(renamed) for name, frame in facts.predictions.items()},
        slices=tuple(score.model_copy(update={"slice": evil}) for score in facts.slices[:1]),
        checks=tuple(check.model_copy(update={"name": evil, "example": evil}) for check in facts.checks),
    )
    html = render(hostile)
    assert "<b onclick" not in html
    assert evil not in html
    assert all("onclick" not in attributes for _, attributes in parse(html).tags)


def test_simulated_data_are_announced(facts: ReportFacts, html: str) -> None:
    assert "SIMULATED DATA" in html
    assert "SIMULATED DATA" not in render(replace(facts, simulated=False))


def test_missing_parts_are_left_out(bare: ReportFacts, parse: type) -> None:
    html = render(bare)
    kept = [a["id"] for tag, a in parse(html).tags if tag == "section"]
    assert kept == ["headline", "ladder", "errors", "forecasts", "provenance", "rebuild"]
    text = re.sub(r"<script.*?</script>|<style.*?</style>", "", html, flags=re.DOTALL)
    assert "None" not in text
    assert not re.search(r"\bnan\b", text)


def test_the_command_that_rebuilds_it_is_named(html: str) -> None:
    assert "penstock reproduce 20261121-070211-denmark-3f9a" in html


def test_a_chosen_rung_without_predictions_is_refused(facts: ReportFacts) -> None:
    fewer = {name: frame for name, frame in facts.predictions.items() if name != "lightgbm"}
    with pytest.raises(UnknownNameError, match="no test predictions of 'lightgbm'"):
        build(replace(facts, predictions=fewer))


def test_the_page_stays_small(html: str) -> None:
    assert len(html.encode()) < 2_200_000


def test_the_report_is_written_whole(facts: ReportFacts, html: str, tmp_path: Path) -> None:
    path = write_report(facts, tmp_path / "deep" / "report.html")
    assert path.read_text(encoding="utf-8") == html
    assert [entry.name for entry in path.parent.iterdir()] == ["report.html"]
