"""Bundles with ONNX and loader, from small models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.forecasting.export.config import Runtime
from penstock.forecasting.export.parity import Parity
from penstock.forecasting.forecaster import ForecastModel
from penstock.release.bundle import Bundle, BundleParts, Inference, write_bundle
from penstock.release.card import CardFacts
from penstock.systems.shared.conversion import bundle_files, bundle_parameters, write_members
from penstock.systems.shared.packaging import FORECASTER, input_schema

if TYPE_CHECKING:
    import polars as pl

EQUAL = Parity(windows=1, steps=1, relative=0.0, cosine=0.0, tolerance=1e-6)


def portable_bundle(
    folder: Path, model: ForecastModel, panel: pl.DataFrame, *, runtime: Runtime = "native", **parameters: Any
) -> Bundle:
    """Package ``model`` with ONNX and loader into ``folder / "bundle"``."""
    converted = folder / "converted"
    converted.mkdir(parents=True)
    write_members(converted, model, (panel["time"].min(), panel["time"].max()))  # type: ignore[arg-type] # moments
    found = {"horizon": 12, **parameters, **bundle_parameters(converted, EQUAL, runtime)}
    return write_bundle(
        folder / "bundle",
        BundleParts(
            save_model=model.save,
            inference=Inference(kind=FORECASTER, parameters=found),
            schema=input_schema(panel, ""),
            card=CardFacts(model="small"),
            environment={},
            files=bundle_files(converted),
        ),
    )
