from __future__ import annotations

from penstock.domain.covariates import covariates_in, known_in, past_in, plain

COLUMNS = ["series", "time", "y", "area", "known:price", "past:stock", "known:a:b"]


def test_names_say_from_when_values_are_known() -> None:
    assert covariates_in(COLUMNS) == ("known:price", "past:stock", "known:a:b")
    assert known_in(COLUMNS) == ("known:price", "known:a:b")
    assert past_in(COLUMNS) == ("past:stock",)
    assert [plain(name) for name in covariates_in(COLUMNS)] == ["price", "stock", "a:b"]
