from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.engine.source.normal import Normaliser, digest_text

SAME = {
    "comments": ("x = 1\n", "# one\nx = 1  # two\n"),
    "blank lines": ("x = 1\ny = 2\n", "\nx = 1\n\n\ny = 2\n"),
    "parentheses": ("x = a + b\n", "x = (\n    a\n    + (b)\n)\n"),
    "quotes": ("x = 'a'\n", 'x = """a"""\n'),
    "joined strings": ("x = 'ab'\n", "x = ('a' 'b')\n"),
    "numbers": ("x = 1000\n", "x = 1_000\n"),
    "trailing commas": ("f(a, b)\n", "f(\n    a,\n    b,\n)\n"),
    "type comments": ("x = f()\n", "x = f()  # type: int\n"),
    "unicode prefix": ("x = 'a'\n", "x = u'a'\n"),
    "docstrings": ("def f():\n    'one'\n    return 1\n", "def f():\n    'two'\n    return 1\n"),
    "strings that stand alone": ("class C:\n    x = 1\n", "class C:\n    x = 1\n    'about x'\n"),
}
DIFFERENT = {
    "names": ("x = 1\n", "y = 1\n"),
    "types of numbers": ("x = 1\n", "x = 1.0\n"),
    "truth and one": ("x = 1\n", "x = True\n"),
    "bytes and text": ("x = 'a'\n", "x = b'a'\n"),
    "order": ("x = 1\ny = 2\n", "y = 2\nx = 1\n"),
    "operators": ("x = a + b\n", "x = a - b\n"),
    "nesting": ("if a:\n    b()\n    c()\n", "if a:\n    b()\nc()\n"),
    "missing parts": ("def f(a, *, b): pass\n", "def f(a, b): pass\n"),
    "async": ("def f(): pass\n", "async def f(): pass\n"),
    "none and its name": ("global_('None')\n", "global_(None)\n"),
}


def code(source: str) -> str:
    return Normaliser().digests(*ast.parse(source).body)[0]


@pytest.mark.parametrize(("left", "right"), SAME.values(), ids=SAME.keys())
def test_formatting_does_not_count(left: str, right: str) -> None:
    assert code(left) == code(right)


@pytest.mark.parametrize(("left", "right"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_meaning_counts(left: str, right: str) -> None:
    assert code(left) != code(right)


def test_docstrings_have_a_digest_of_their_own() -> None:
    digests = [Normaliser().digests(*ast.parse(f"def f():\n    '{text}'\n").body) for text in ("one", "two")]
    assert digests[0][0] == digests[1][0]
    assert digests[0][1] != digests[1][1]


def test_no_docstrings_have_no_digest() -> None:
    assert Normaliser().digests(*ast.parse("x = 1").body)[1] == ""


@given(st.lists(st.text()), st.lists(st.text()))
def test_digests_tell_lists_of_texts_apart(left: list[str], right: list[str]) -> None:
    assert (digest_text(*left) == digest_text(*right)) == (left == right)


@given(st.lists(st.text(alphabet="\0\\a0"), max_size=3), st.lists(st.text(alphabet="\0\\a0"), max_size=3))
def test_digests_tell_awkward_texts_apart(left: list[str], right: list[str]) -> None:
    assert (digest_text(*left) == digest_text(*right)) == (left == right)
