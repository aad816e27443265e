from __future__ import annotations

import polars as pl

from penstock.quality.config import QualityConfig
from penstock.quality.rules import Asked, findings
from penstock.testing.quality import ask, panel, rows

HOLES = [1.0, None, None, 4.0, float("nan"), 6.0]


def _panel(values: list[float | None]) -> pl.DataFrame:
    return panel(rows("a", range(len(values)))).with_columns(
        pl.Series("known:price", values, dtype=pl.Float64)
    )


def test_short_runs_without_a_covariate_are_noted() -> None:
    result = ask("covariate_values", _panel(HOLES), max_gap=2)
    assert (result.verdict, result.count) == ("noted", 2)
    assert [str(example) for example in result.examples] == [
        "a 2024-01-01T01:00Z (price, 2 values)",
        "a 2024-01-01T04:00Z (price, 1 values)",
    ]


def test_long_runs_and_those_that_begin_a_series_are_broken() -> None:
    result = ask("covariate_values", _panel(HOLES), max_gap=1)
    assert (result.verdict, result.count) == ("broken", 1)
    result = ask("covariate_values", _panel([None, 2.0, 3.0]), max_gap=5)
    assert (result.verdict, str(result.examples[0])) == ("broken", "a 2024-01-01T00:00Z (price, 1 values)")


def test_what_is_declared_late_may_be_missing_at_the_end() -> None:
    late = _panel([1.0, 2.0, 3.0, None, None, None]).rename({"known:price": "past:price"})

    def verdict(frame: pl.DataFrame, lead: int) -> str:
        asked = Asked(frequency="1h", leads={"price": lead})
        found = findings(frame, QualityConfig(max_gap=2), asked)
        return next(one.verdict for one in found if one.rule == "covariate_values")

    assert verdict(late, -3) == "passed"
    assert verdict(late, -2) == "broken"
    assert verdict(late.rename({"past:price": "known:price"}), -3) == "broken"
    inside = _panel([1.0, None, None, None, 5.0, 6.0]).rename({"known:price": "past:price"})
    assert verdict(inside, -3) == "broken"


def test_a_constant_covariate_is_noted() -> None:
    result = ask("constant_covariates", _panel([2.0, 2.0, None]))
    assert (result.verdict, result.finding) == ("noted", "covariates that never change: price")
    assert ask("constant_covariates", _panel([2.0, 3.0])).verdict == "passed"


def test_what_is_known_ahead_is_neither_a_gap_nor_a_missing_value() -> None:
    ahead = _panel([1.0, 2.0, 3.0, 4.0]).with_columns(
        pl.when(pl.int_range(pl.len()) < 2).then(pl.col("y")).alias("y")
    )
    assert ask("missing_values", ahead).verdict == "passed"
    assert ask("missing_values", ahead.rename({"known:price": "past:price"})).count == 2
