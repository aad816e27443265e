"""Dataset versions say which cut of a table they were made of; those from before tables still load."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from penstock.domain.windows import Window
from penstock.storage.datasets import DatasetFacts
from penstock.storage.tables.cut import TableCut

START = datetime(2023, 1, 1, tzinfo=UTC)
OLD: dict[str, Any] = {
    "digest": "d",
    "artifact": "a",
    "rows": 1,
    "series": 1,
    "first": "2023-01-01T00:00:00Z",
    "last": "2023-01-02T00:00:00Z",
    "frequency": "1h",
    "columns": {"y": "Float32"},
    "source": "simulator",
}


def test_facts_without_a_cut_still_load() -> None:
    assert DatasetFacts.model_validate(OLD).cut is None


@pytest.mark.parametrize("window", [None, Window(START, START)])
def test_a_cut_survives_the_manifest(window: Window | None) -> None:
    cut = TableCut(table="denmark", table_id="id", version=3, as_of=START, window=window)
    facts = DatasetFacts.model_validate({**OLD, "cut": cut})
    assert DatasetFacts.model_validate_json(facts.model_dump_json()) == facts
    assert facts.cut == cut
