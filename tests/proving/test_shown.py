"""Planted faults from the declaration to what a person reads: the same sentence in text, JSON and parts."""

from __future__ import annotations

import json

import polars as pl
import pytest

from penstock.domain.results import RunResult
from penstock.proving.gates import checks_gate
from penstock.proving.runner import ChecksConfig, run_checks
from penstock.proving.subjects import Subject
from penstock.testing.forecasters import RepeatLastSeason
from penstock.testing.panels import random_panel

PANEL = random_panel(dict.fromkeys("abc", (0, 72)))


class Neighbourly:
    """Adds the last value of whichever series stands first in the frame."""

    def predict(self, history: pl.DataFrame, horizon: int) -> pl.DataFrame:
        neighbour = history.filter(pl.col("series") == history["series"][0])["y"][-1]
        base = RepeatLastSeason().predict(history, horizon)
        return base.with_columns(pl.col("prediction") + 0.1 * neighbour)


@pytest.mark.parametrize("kind", ["asserts", "measures"])
def test_a_dependence_on_order_is_printed_and_blocks_where_it_asserts(kind: str) -> None:
    config = ChecksConfig.model_validate(
        {"names": ["finite", "order_of_series"], "kinds": {"order_of_series": kind}, "seconds": 60.0}
    )
    subject = Subject(forecaster=Neighbourly(), history=PANEL, horizon=3, back=4)
    checks = run_checks(subject, config, lambda: 0.0)
    result = RunResult(run_id="r", system="s", status="done", checks=checks)
    (_, told) = json.loads(result.model_dump_json())["checks"]
    assert (told["name"], told["kind"], told["verdict"]) == ("order_of_series", kind, "failed")
    assert told["example"].startswith(
        "history of 'a', 'b' up to 2024-01-03T23:00Z, rows backwards: the forecast of 'a' for 2024-01-04T00:00Z (step 1) is "
    )
    assert told["example"].endswith(" shuffled")
    assert told["counter"]["outcome"]["names"] == ["sorted", "shuffled"]
    assert checks_gate(checks).passed == (kind == "measures")
    assert RunResult.model_validate_json(result.model_dump_json()) == result
