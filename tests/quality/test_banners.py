from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from penstock.quality.banners import KIND, Banner, banners, clear_banner, raise_banner, show_report
from penstock.quality.report import QualityReport, RuleResult, passed
from penstock.storage.catalogue import SqliteCatalogue
from penstock.storage.workspace import Workspace
from penstock.testing.quality import HOUR, START


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[SqliteCatalogue]:
    opened = SqliteCatalogue(Workspace.open(tmp_path))
    yield opened
    opened.close()


def _report(*rules: RuleResult) -> QualityReport:
    return QualityReport(subject="The panel", rows=9, series=1, rules=rules)


def _same(banner: Banner, number: int) -> Banner:
    del number
    return banner


GAPS = RuleResult(rule="gaps", verdict="broken", count=1, finding="a gap", remedy="Fetch.")
STALE = RuleResult(rule="stale_input", verdict="noted", count=1, finding="old", remedy="Fetch.")
JUMPS = RuleResult(rule="level_jumps", verdict="noted", count=1, finding="a jump", remedy="Look.")


def test_a_banner_stands_until_it_is_cleared(catalogue: SqliteCatalogue) -> None:
    raised = raise_banner(catalogue, "denmark", "gaps", "a gap", now=START)
    assert (raised.since, raised.last_seen, raised.stands) == (START, START, True)
    assert banners(catalogue) == [raised]
    cleared = clear_banner(catalogue, "denmark", "gaps", now=START + HOUR)
    assert cleared is not None
    assert cleared.cleared_at == START + HOUR
    assert banners(catalogue) == []
    assert banners(catalogue, standing=False) == [cleared]
    assert str(cleared) == "denmark: a gap (since 2024-01-01 00:00, cleared 2024-01-01 01:00)"


def test_raising_again_moves_only_the_last_sight(catalogue: SqliteCatalogue) -> None:
    raise_banner(catalogue, "denmark", "gaps", "a gap", now=START)
    again = raise_banner(catalogue, "denmark", "gaps", "two gaps", now=START + HOUR)
    assert (again.since, again.last_seen, again.finding) == (START, START + HOUR, "two gaps")
    assert len(catalogue.find(KIND, Banner)) == 1


def test_the_same_call_twice_changes_nothing(catalogue: SqliteCatalogue) -> None:
    first = raise_banner(catalogue, "denmark", "gaps", "a gap", now=START)
    revision = catalogue.revision()
    assert raise_banner(catalogue, "denmark", "gaps", "a gap", now=START) == first
    assert clear_banner(catalogue, "denmark", "stale_input", now=START) is None
    assert catalogue.revision() == revision
    assert clear_banner(catalogue, "denmark", "gaps", now=START) is not None
    assert clear_banner(catalogue, "denmark", "gaps", now=START + HOUR) is None


def test_a_banner_raised_anew_leaves_the_old_one_in_the_history(catalogue: SqliteCatalogue) -> None:
    for hours in (0, 2, 4):
        raise_banner(catalogue, "denmark", "gaps", "a gap", now=START + hours * HOUR)
        clear_banner(catalogue, "denmark", "gaps", now=START + (hours + 1) * HOUR)
    now = raise_banner(catalogue, "denmark", "gaps", "a gap", now=START + 9 * HOUR)
    assert banners(catalogue) == [now]
    assert [one.since for one in banners(catalogue, standing=False)] == [
        START + h * HOUR for h in (0, 2, 4, 9)
    ]


def test_banners_of_systems_and_rules_are_apart(catalogue: SqliteCatalogue) -> None:
    raise_banner(catalogue, "denmark", "gaps", "a gap", now=START + HOUR)
    raise_banner(catalogue, "denmark", "stale_input", "old", now=START)
    raise_banner(catalogue, "france", "gaps", "a gap", now=START)
    assert [(one.system, one.rule) for one in banners(catalogue)] == [
        ("denmark", "stale_input"),
        ("france", "gaps"),
        ("denmark", "gaps"),
    ]
    assert [one.rule for one in banners(catalogue, "france")] == ["gaps"]


def test_a_report_raises_what_is_broken_or_stale_and_clears_the_rest(catalogue: SqliteCatalogue) -> None:
    standing = show_report(catalogue, "denmark", _report(GAPS, STALE, JUMPS), now=START)
    assert [one.rule for one in standing] == ["gaps", "stale_input"]
    assert standing[0].finding == "gaps (1): a gap. Fetch."
    later = show_report(catalogue, "denmark", _report(passed("gaps"), STALE), now=START + HOUR)
    assert [(one.rule, one.since, one.last_seen) for one in later] == [("stale_input", START, START + HOUR)]


def test_two_that_raise_at_once_show_one_banner(catalogue: SqliteCatalogue) -> None:
    for hours in (0, 1):
        since = START + hours * HOUR
        body = Banner(system="denmark", rule="gaps", finding="a gap", since=since, last_seen=START)
        catalogue.add_numbered(KIND, partial(_same, body), scope="denmark/gaps", now=START)
    assert [one.since for one in banners(catalogue)] == [START + HOUR]
