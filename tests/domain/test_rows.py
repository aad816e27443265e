from __future__ import annotations

import pydantic
import pytest

from penstock.domain.rows import ColumnRule, RowSchema


def test_names_keep_the_order_of_the_columns() -> None:
    schema = RowSchema(
        name="load", columns=(ColumnRule(name="t", kind="instant"), ColumnRule(name="a", kind="text"))
    )
    assert schema.names == ("t", "a")


def test_unknown_kind_is_refused() -> None:
    with pytest.raises(pydantic.ValidationError, match="kind"):
        ColumnRule.model_validate({"name": "t", "kind": "moment"})
