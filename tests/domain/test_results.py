from __future__ import annotations

import pytest
from pydantic import ValidationError

from penstock.domain.results import RunResult


def test_a_result_without_its_fields_cannot_be_built() -> None:
    with pytest.raises(ValidationError, match=r"run_id\n.*Field required"):
        RunResult.model_validate({"system": "denmark", "status": "done"})


def test_a_result_with_an_unknown_field_cannot_be_built() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        RunResult.model_validate({"run_id": "1", "system": "denmark", "status": "done", "rmse": 1.0})


def test_a_result_is_never_changed() -> None:
    result = RunResult(run_id="1", system="denmark", status="done")
    with pytest.raises(ValidationError, match="frozen"):
        result.status = "failed"  # type: ignore[misc] # that is the point
    assert RunResult.model_validate_json(result.model_dump_json()) == result
