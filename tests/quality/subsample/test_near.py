from __future__ import annotations

from random import Random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import UsageError
from penstock.quality.subsample.near import clusters, without_near_copies


def _table(*texts: str | None) -> pl.DataFrame:
    return pl.DataFrame({"text": texts}, schema={"text": pl.String})


def _levenshtein(one: str, other: str) -> int:
    row = list(range(len(other) + 1))
    for letter in one:
        above, row = row, [row[0] + 1]
        for at, wanted in enumerate(other):
            row.append(min(above[at + 1] + 1, row[at] + 1, above[at] + (letter != wanted)))
    return row[-1]


@given(
    st.lists(st.one_of(st.none(), st.text("abx", max_size=8)), max_size=14),
    st.sampled_from([0.5, 0.6, 0.75, 1.0]),
)
def test_clusters_agree_with_a_slow_loop(texts: list[str | None], similarity: float) -> None:
    number = list(range(len(texts)))
    for _ in texts:  # until nothing moves, at most so many times
        for at, one in enumerate(texts):
            for before, other in enumerate(texts[:at]):
                if one is not None and other is not None and _near(one, other, similarity):
                    low = min(number[at], number[before])
                    number[at] = number[before] = low
    assert clusters(_table(*texts), ["text"], similarity).to_list() == number


def _near(one: str, other: str, similarity: float) -> bool:
    longer = max(len(one), len(other))
    return longer == 0 or 1 - _levenshtein(one, other) / longer >= similarity - 1e-6


def test_case_and_white_space_do_not_count() -> None:
    found = clusters(_table("Red  shoe", "red shoe ", "blue shoe"), ["text"], 1.0)
    assert found.to_list() == [0, 0, 2]


def test_a_chain_is_one_cluster_and_its_first_row_stays() -> None:
    table = _table("aaaaaaaaaa", "other", "aaaaaaaaab", "aaaaaaaabb", None, None)
    assert clusters(table, ["text"], 0.9).to_list() == [0, 1, 0, 0, 4, 5]
    assert without_near_copies(table, ["text"], 0.9)["text"].to_list() == ["aaaaaaaaaa", "other", None, None]


@given(st.lists(st.text("abx", max_size=8), max_size=12, unique=True), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_change_the_clusters(texts: list[str], chance: Random) -> None:
    mixed = chance.sample(texts, len(texts))
    assert _groups(texts) == _groups(mixed)


def _groups(texts: list[str]) -> set[frozenset[str]]:
    number = clusters(_table(*texts), ["text"], 0.7).to_list()
    return {frozenset(text for text, one in zip(texts, number, strict=True) if one == n) for n in number}


def test_rows_are_compared_only_within_a_group() -> None:
    table = pl.DataFrame({"text": ["red shoe", "red shoes", "red shoe"], "shop": ["a", "a", "b"]})
    assert clusters(table, ["text"], 0.8, within=["shop"]).to_list() == [0, 0, 2]


def test_several_columns_are_one_text() -> None:
    table = pl.DataFrame({"name": ["shoe", "shoe", None], "colour": ["red", "blue", None]})
    assert clusters(table, ["name", "colour"], 0.9).to_list() == [0, 1, 2]
    assert clusters(table.clear(), ["name"], 0.9).to_list() == []


@pytest.mark.parametrize(
    ("columns", "similarity", "message"),
    [
        (["text"], 0.4, "similarity=0.4 is out of range; allowed: 0.5"),
        (["n"], 0.9, "found in text columns; n is Int64"),
        ([], 0.9, "found in text columns; none was named"),
        (["name"], 0.9, "no columns name; it has text, n"),
    ],
)
def test_what_can_not_be_compared_is_refused(columns: list[str], similarity: float, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        clusters(pl.DataFrame({"text": ["a"], "n": [1]}), columns, similarity)


def test_thousands_of_texts_are_compared() -> None:
    texts = [f"{n:05} this is article {n:05} of shop {n % 7}" for n in range(3000)]
    near = [text.replace("article", "artikle") for text in texts[::3]]
    assert without_near_copies(_table(*texts, *near), ["text"], 0.97).height == 3000
