"""Rows that break a rule are set aside on the way to a panel, and the report says so."""

from __future__ import annotations

import math

import polars as pl
import pytest

from penstock.domain.errors import ValidationError
from penstock.quality.config import QualityConfig
from penstock.systems.panel.config import PanelConfig
from penstock.systems.panel.system import train
from penstock.systems.shared.data import check_panel, set_aside, with_set_aside, without
from penstock.testing.quality import panel, rows

BAD = panel(
    rows("a", range(20), [*map(float, range(10)), math.inf, *map(float, range(11, 20))]),
    rows("b", [0, 0, 1, 2], [1.0, 2.0, 3.0, 4.0]),
)


def test_what_breaks_a_rule_is_set_aside_and_told() -> None:
    quality = QualityConfig(quarantine=True, max_quarantine_share=0.2)
    aside = set_aside(BAD, quality)
    kept = without(BAD, aside)
    assert aside["rule"].to_list() == ["infinite_values", "conflicting_duplicates", "conflicting_duplicates"]
    assert kept.height == BAD.height - 3
    report = with_set_aside(check_panel(kept, quality, None), aside)
    assert report.broken == ()
    assert str(report.rules[-1]).startswith(
        "quarantine (3): rows set aside by conflicting_duplicates (2), infinite_values (1): a 2024-01-01T10:00Z (inf"
    )


def test_without_bad_rows_nothing_is_set_aside() -> None:
    frame = panel(rows("a", range(9)))
    aside = set_aside(frame, QualityConfig(quarantine=True))
    assert without(frame, aside).equals(frame)
    assert with_set_aside(check_panel(frame, QualityConfig(), None), aside).rules[-1].verdict == "passed"


def test_too_many_bad_rows_stop() -> None:
    with pytest.raises(ValidationError, match=r"3 of 24 rows \(12.5%\) break a rule"):
        set_aside(BAD, QualityConfig(quarantine=True))


@pytest.mark.parametrize("quarantine", [False, True])
def test_the_pipeline_asks_before_it_learns(*, quarantine: bool) -> None:
    config = PanelConfig.model_validate(
        {"data": "f.csv", "target": "y", "time": "ds", "quality": {"quarantine": quarantine}}
    )
    graph = train.plan(config)
    assert ("quarantine" in graph.outputs) == quarantine
    assert ({"set_aside", "without", "with_set_aside"} <= {node.name for node in graph.nodes}) == quarantine


def test_a_row_without_series_goes_too() -> None:
    frame = pl.concat([panel(rows("a", range(9))), panel(rows(None, [3]))])
    aside = set_aside(frame, QualityConfig(quarantine=True, max_quarantine_share=0.5))
    assert without(frame, aside)["series"].to_list() == ["a"] * 9
