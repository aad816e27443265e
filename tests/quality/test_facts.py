from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.quality.config import QualityConfig
from penstock.quality.facts import Context, Facts, facts_of, lengths, neighbours, repeated
from penstock.quality.grid import parse_step
from penstock.testing.quality import HOUR, START, panel, rows

_CELLS = st.tuples(
    st.sampled_from(["a", "b"]), st.integers(0, 9), st.sampled_from([1.0, 2.0, None, float("nan")])
)


def _facts(cells: list[tuple[str, int, float | None]]) -> Facts:
    frame = panel([(series, START + hour * HOUR, y) for series, hour, y in cells])
    return facts_of(
        frame, Context(config=QualityConfig(), step=parse_step("1h"), known_series=None, now=None)
    )


@settings(max_examples=80, deadline=None)
@given(st.lists(_CELLS, max_size=25))
def test_facts_agree_with_plain_counting(cells: list[tuple[str, int, float | None]]) -> None:
    facts = _facts(cells)
    spelled = Counter((series, hour, str(y)) for series, hour, y in cells)
    keys = Counter((series, hour) for series, hour, _ in cells)
    assert repeated(facts).height == sum(count - 1 for count in spelled.values())
    assert facts.shared.height == sum(count for count in keys.values() if count > 1)
    distinct = [key for key in spelled if key[2] not in {"None", "nan"}]
    assert facts.values.height == len(distinct)
    counts = {series: sum(key[0] == series for key in distinct) for series, _, _ in cells}
    assert dict(lengths(facts).iter_rows()) == counts


def test_neighbours_do_not_cross_series() -> None:
    facts = _facts([("a", 0, 1.0), ("a", 3, 1.0), ("b", 4, 1.0), ("b", 5, 1.0)])
    assert neighbours(facts).select("series", "missing").rows() == [("a", 2), ("b", 0)]


def test_rows_without_keys_are_no_neighbours() -> None:
    frame = panel(rows("a", [0, 1]), [("a", None, 1.0), (None, START, 1.0), (None, START, 1.0)])
    facts = facts_of(
        frame, Context(config=QualityConfig(), step=parse_step("1h"), known_series=None, now=None)
    )
    assert neighbours(facts).height == 1
    assert repeated(facts).height == 1
