from __future__ import annotations

from pathlib import Path

import pytest

from penstock.engine.source import cache as cache_module
from penstock.engine.source.cache import FactsCache
from penstock.engine.source.encode import dumps, loads
from penstock.engine.source.facts import ModuleFacts
from penstock.engine.source.locate import Found
from penstock.engine.source.units import module_facts

SOURCES = sorted(Path(cache_module.__file__).parent.glob("*.py"))


@pytest.fixture
def source(tmp_path: Path) -> Found:
    (tmp_path / "steps.py").write_text("import os\n\n\ndef compute(x: int = 1) -> int:\n    return x\n")
    return Found("steps", "first", tmp_path / "steps.py")


def never(source: bytes, path: str) -> ModuleFacts:
    raise AssertionError(f"{path} was parsed again")


def entries(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.json"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_facts_survive_the_round_trip(path: Path) -> None:
    facts = module_facts(path.read_bytes(), str(path))
    assert loads(dumps(facts)) == facts


def test_same_content_is_parsed_once(source: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = FactsCache()
    first = cache.read(source)
    monkeypatch.setattr(cache_module, "module_facts", never)
    assert cache.read(source).facts is first.facts


def test_facts_are_kept_between_processes(
    source: Found, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = FactsCache(tmp_path / "facts").read(source)
    assert len(entries(tmp_path / "facts")) == 1
    monkeypatch.setattr(cache_module, "module_facts", never)
    assert FactsCache(tmp_path / "facts").read(source) == first


@pytest.mark.parametrize("damage", ["", "{", "x\n[1]", "torn", "flipped"])
def test_damaged_facts_are_made_anew(source: Found, tmp_path: Path, damage: str) -> None:
    first = FactsCache(tmp_path / "facts").read(source)
    (entry,) = entries(tmp_path / "facts")
    text = entry.read_text()
    damaged = {"torn": text[: len(text) // 2], "flipped": text.replace("compute", "cOmpute")}
    entry.write_text(damaged.get(damage, damage))
    assert FactsCache(tmp_path / "facts").read(source) == first
    assert entry.read_text() == text


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(source: Found, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert FactsCache(tmp_path / "file" / "facts").read(source).facts.units


def test_another_analysis_keeps_its_own_facts(
    source: Found, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FactsCache(tmp_path / "facts").read(source)
    monkeypatch.setattr(FactsCache, "_version", "another")
    FactsCache(tmp_path / "facts").read(source)
    assert len({entry.parent for entry in entries(tmp_path / "facts")}) == 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"def (:\n", "cannot parse steps"),
        (b"x = '\0'\n", "cannot parse steps"),
        (b"# coding: klingon\n", "cannot parse"),
        (b"x = " + b"-" * 3000 + b"1\n", "cannot parse steps"),
    ],
)
def test_a_file_that_cannot_be_parsed_is_broken(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "steps.py").write_bytes(content)
    module = FactsCache(tmp_path / "facts").read(Found("steps", "first", tmp_path / "steps.py"))
    assert reason in module.broken
    assert module.facts.units == ()
    assert module.text_digest


def test_a_file_that_is_gone_is_broken(tmp_path: Path) -> None:
    assert "cannot read steps" in FactsCache().read(Found("steps", "first", tmp_path / "steps.py")).broken


def test_caches_that_share_their_facts_read_a_source_once(
    source: Found, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared: dict[str, ModuleFacts] = {}
    first = FactsCache(tmp_path / "one", shared).read(source)
    monkeypatch.setattr(cache_module, "module_facts", never)
    assert FactsCache(tmp_path / "other", shared).read(source).facts is first.facts
