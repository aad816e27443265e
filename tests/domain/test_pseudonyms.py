from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.pseudonyms import PREFIX, pseudonym


@given(st.binary(min_size=1), st.text(), st.text())
def test_names_and_pseudonyms_go_together(key: bytes, one: str, other: str) -> None:
    assert (pseudonym(key, one) == pseudonym(key, other)) == (one == other)
    assert pseudonym(key, one).startswith(PREFIX)
    assert len(pseudonym(key, one)) == 18


def test_the_digest_does_not_change() -> None:
    assert pseudonym(b"key", "Ann") == "p-2849247006657571"
