"""Cuts are plain values."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from penstock.storage.digests import digest_value
from penstock.storage.tables.cut import TableCut
from penstock.testing.tables import WINDOW, hour


def cut(**changes: object) -> TableCut:
    fields = {"table": "demo", "table_id": "id", "version": 3, "as_of": hour(1), "window": WINDOW}
    return TableCut.model_validate({**fields, **changes})


def test_a_cut_survives_json() -> None:
    assert TableCut.model_validate_json(cut().model_dump_json()) == cut()
    assert TableCut.model_validate_json(cut(window=None).model_dump_json()) == cut(window=None)


def test_equal_moments_are_equal_cuts_whatever_their_zone() -> None:
    elsewhere = hour(1).astimezone(timezone(timedelta(hours=2)))
    assert cut(as_of=elsewhere) == cut()
    assert digest_value(cut(as_of=elsewhere)) == digest_value(cut())
    assert digest_value(cut(version=4)) != digest_value(cut())


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        cut(as_of=datetime(2023, 5, 1))  # noqa: DTZ001 - what is refused


def test_a_cut_says_what_it_is() -> None:
    assert str(cut()) == (
        "demo (version 3) as of 2023-05-01T01:00:00Z, [2023-05-01T00:00:00Z, 2023-05-01T04:00:00Z)"
    )
