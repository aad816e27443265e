from __future__ import annotations

from penstock.quality.subsample.counts import SampleCount, removed


def test_counts_say_what_became_of_the_rows() -> None:
    count = SampleCount(what="near duplicates", before=20_000, after=18_211)
    assert str(count) == "near duplicates: 20,000 → 18,211 rows"
    assert removed([count, SampleCount(what="copies", before=3, after=3)]) == {
        "near duplicates": 1789,
        "copies": 0,
    }
