from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from penstock.app.config import SystemFiles
from penstock.app.config.reference import reference, type_text

FROZEN = ConfigDict(frozen=True, extra="forbid")


class Model(BaseModel):
    model_config = FROZEN
    leaves: int = Field(default=31, ge=2, le=100, description="More fit finer shapes | and overfit.")


class Shared(BaseModel):
    model_config = FROZEN
    horizon: int = Field(ge=1, description="Steps to forecast.")
    model: Model = Field(default_factory=Model, description="The regressor.")


class River(Shared):
    level: Annotated[float, Field(gt=0)] | None = Field(default=None, description="Alarm level.")
    token: SecretStr | None = Field(default=None, description="Key of the service.")


def files(folder: Path, schema: type[BaseModel], name: str) -> SystemFiles:
    return SystemFiles(folder=folder, schema=schema, name=name)


def test_shared_keys_stand_once_and_own_keys_by_system(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model/small.yaml").write_text("leaves: 3\n")
    text = reference([files(tmp_path, Shared, "pond"), files(tmp_path, River, "river")])
    assert text.splitlines() == [
        "## Keys of every system",
        "",
        "| key | takes | default | what it does, and why one changes it |",
        "|---|---|---|---|",
        "| `horizon` | whole number, ≥ 1 | required | Steps to forecast. |",
        "| `model.leaves` | whole number, ≥ 2, ≤ 100 | `31` | More fit finer shapes &#124; and overfit. |",
        "",
        "## Keys of pond",
        "",
        "None of its own.",
        "",
        "Groups to choose from, as in `features=slim`:",
        "",
        "- `model`: `small`",
        "",
        "## Keys of river",
        "",
        "| key | takes | default | what it does, and why one changes it |",
        "|---|---|---|---|",
        "| `level` | number, or null, > 0 | `null` | Alarm level. |",
        "| `token` | secret, or null | `null` | Key of the service. Set by `PENSTOCK_TOKEN` only. |",
        "",
        "Groups to choose from, as in `features=slim`:",
        "",
        "- `model`: `small`",
    ]


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (int, "whole number"),
        (bool, "true or false"),
        (Path | None, "path, or null"),
        (Literal["a", "b"], "`a` or `b`"),
        (tuple[int, ...], "list of whole numbers"),
        (tuple[int, float], "2 values: whole number, number"),
        (list[str], "list of texts"),
        (dict[str, float], "mapping to numbers"),
        (Annotated[int, Field(ge=1)], "whole number"),
    ],
)
def test_types_in_plain_words(annotation: object, text: str) -> None:
    assert type_text(annotation) == text
