"""Which forms of a model a bundle holds, which of them predicts, and how far they may be apart."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from penstock.domain.errors import MissingExtraError

Formats: TypeAlias = Literal["auto", "native", "both"]
Runtime: TypeAlias = Literal["native", "onnx"]
DISTRIBUTIONS = ("onnx", "onnxruntime")
"""What the extra `onnx` brings."""


class ExportConfig(BaseModel):
    """Which forms of a model a bundle holds, and which of them predicts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    formats: Formats = Field(
        default="auto",
        description="`both`: ONNX beside the native model, and a loader that needs NumPy and onnxruntime only; `native`: no "
        "ONNX, for a faster run; `auto`: both where the extra `onnx` is installed and the model can be exported.",
    )
    runtime: Runtime = Field(
        default="native",
        description="What forecasts by a release come from; `onnx` where production has no LightGBM.",
    )
    judged: Runtime = Field(
        default="native",
        description="What forecasts the final window: `onnx` judges the converted model.",
    )
    tolerance: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=1e-6,
        description="How far ONNX may be from the native model over the whole recursion, as a share of the largest forecast "
        "of a window, and in cosine distance; above it nothing is packaged.",
    )

    @model_validator(mode="after")
    def _has_what_it_uses(self) -> Self:
        if self.formats == "native" and "onnx" in (self.runtime, self.judged):
            raise ValueError("formats=native has no ONNX for runtime or judged; set formats to both or auto")
        return self

    @property
    def needed(self) -> bool:
        """Whether a run without ONNX would not be what was asked for."""
        return self.formats == "both" or "onnx" in (self.runtime, self.judged)

    def resolved(self, installed: Collection[str]) -> ExportConfig:
        """Replace ``auto`` by what the installed distributions allow.

        ``auto`` stays where both are installed: a model that cannot be exported is then packaged without ONNX.

        Raises
        ------
        MissingExtraError
            ONNX is asked for and the extra is not installed.
        """
        lost = [name for name in DISTRIBUTIONS if name not in installed]
        if not lost or self.formats == "native":
            return self
        if self.needed:
            raise MissingExtraError(
                f"export asks for ONNX, but {' and '.join(lost)} is not installed: pip install 'penstock[onnx]', or set "
                "export.formats=native"
            )
        return self.model_copy(update={"formats": "native"})
