from __future__ import annotations

import codecs
import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.cli.streams import PLAIN, can_write, plain, plain_signs, prepare_streams


def test_every_sign_has_a_plain_spelling() -> None:
    assert all(not sign.isascii() and spelled.isascii() for sign, spelled in PLAIN.items())
    assert plain("✓ passed … 3 × 4") == "+ passed ... 3 x 4"


@given(st.text())
def test_plain_text_is_always_ascii_and_ascii_stays_itself(text: str) -> None:
    assert plain(text).isascii()
    assert plain(plain(text)) == plain(text)


def test_a_stream_without_our_signs_gets_plain_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    prepare_streams()
    stream.write("✓ 3 – 4 ✿")
    stream.flush()
    assert raw.getvalue() == b"+ 3 - 4 ?"


def test_a_stream_of_utf_8_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", stream)
    prepare_streams()
    assert stream.errors == "strict"


def test_only_writing_is_helped() -> None:
    with pytest.raises(UnicodeDecodeError):
        plain_signs(UnicodeDecodeError("ascii", b"\xff", 0, 1, "no"))
    prepare_streams()
    with pytest.raises(UnicodeDecodeError):
        codecs.decode(b"\xff", "ascii", "penstock_plain")


@pytest.mark.parametrize(("encoding", "can"), [("utf-8", True), ("ascii", False), ("no-such", False)])
def test_whether_a_sign_can_be_written(encoding: str, can: bool) -> None:
    assert can_write(encoding, "✓") is can
