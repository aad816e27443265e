"""LightGBM boosters as their own text."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from penstock.domain.values import Digest
from penstock.storage.digests import digest_bytes

_TEXT = "model.txt"
_FACTS = "facts.json"
_PARAMETERS = "\nparameters:"
_END_OF_PARAMETERS = "end of parameters\n"


class BoosterCodec:
    """Stores ``lightgbm.Booster`` with all its trees and its best iteration; training data are not kept."""

    name = "booster"

    def handles(self, value: object) -> bool:
        """Whether ``value`` is a LightGBM booster."""
        lightgbm = sys.modules.get("lightgbm")
        return isinstance(value, getattr(lightgbm, "Booster", ()))

    def write(self, value: Any, folder: Path) -> None:
        """Write the model's text, and beside it what the text leaves out."""
        (folder / _TEXT).write_text(_text(value), encoding="utf-8")
        (folder / _FACTS).write_text(json.dumps({"best_iteration": value.best_iteration}), encoding="utf-8")

    def read(self, folder: Path, type_name: str) -> object:  # noqa: ARG002  (one class only)
        """Return a booster that predicts the same."""
        import lightgbm

        booster = lightgbm.Booster(model_str=(folder / _TEXT).read_text(encoding="utf-8"))
        booster.best_iteration = json.loads((folder / _FACTS).read_text(encoding="utf-8"))["best_iteration"]
        return booster

    def logical(self, value: Any) -> Digest:
        """Digest of the trees and the best iteration; the parameters recorded with them do not count."""
        head, _, tail = _text(value).partition(_PARAMETERS)
        rest = tail.partition(_END_OF_PARAMETERS)[2]
        return digest_bytes(f"{value.best_iteration}\n{head}\n{rest}".encode())


def _text(booster: Any) -> str:
    return str(booster.model_to_string(num_iteration=-1))
