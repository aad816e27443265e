"""Steps that export a model to ONNX and compare the whole recursion of both; the gate before packaging."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from penstock.domain.errors import ConfigError, DataError
from penstock.domain.values import Digest
from penstock.engine import step
from penstock.engine.context import scratch_dir
from penstock.forecasting.export.config import ExportConfig, Runtime
from penstock.forecasting.export.parity import Parity
from penstock.forecasting.export.runtime import FOLDER, RUNTIME, member_name, read_members
from penstock.forecasting.forecaster import ForecastModel
from penstock.proving.gates import GateVerdict
from penstock.release.bundle import Bundle
from penstock.release.safety import LOADER
from penstock.storage.digests import digest_bytes
from penstock.systems.shared.portable.forecaster import PORTABLE
from penstock.systems.shared.values import Conversion, PanelShape

if TYPE_CHECKING:
    import polars as pl

NOTE = "note.txt"
PARAMETERS = "portable.json"
NOT_ASKED = "the bundle holds the native model only: export.formats=native"
NOT_INSTALLED = (
    "the bundle holds the native model only, without ONNX and loader: pip install 'penstock[onnx]' for them"
)
log = logging.getLogger(__name__)


@step(stage="export")
def convert(model: ForecastModel, shape: PanelShape, export: ExportConfig, note: str) -> Path:
    """Write the members of a model as ONNX, with what a loader needs beside them; or a note why not.

    Raises
    ------
    ConfigError
        ONNX is asked for, and the model cannot be exported.
    """
    folder = scratch_dir() / "onnx"
    folder.mkdir(exist_ok=True)
    if export.formats == "native":
        _write(folder / NOTE, note)
        return folder
    try:
        write_members(folder, model, (shape.first, shape.last))
    except ConfigError as error:
        if export.needed:
            raise
        log.warning("%s", error)
        _write(folder / NOTE, f"the bundle holds the native model only: {error}")
    return folder


def write_members(folder: Path, model: ForecastModel, span: tuple[datetime, datetime]) -> None:
    """Write what ``bundle_files`` and ``bundle_parameters`` read into ``folder``; nothing if it cannot be exported.

    Raises
    ------
    ConfigError
        The model cannot be exported; names the keys of the configuration.
    MissingExtraError
        The extra `onnx` is not installed.
    """
    from penstock.forecasting.export.regressors import export_members
    from penstock.systems.shared.portable.describe import portable_parameters

    parameters = portable_parameters(model, *span)
    for number, content in enumerate(export_members(model)):
        (folder / member_name(number)).write_bytes(content)
    _write(folder / PARAMETERS, json.dumps(parameters, sort_keys=True))


def bundle_files(converted: Path) -> dict[str, bytes]:
    """Return the files of a bundle that come from a conversion, by name: ONNX and the loader; none where there is none."""
    members = read_members(converted)
    if not members:
        return {}
    from penstock.systems.shared.portable.loader import loader_text

    files = {f"{FOLDER}/{member_name(number)}": content for number, content in enumerate(members)}
    return files | {LOADER: loader_text().encode()}


def bundle_parameters(converted: Path, parity: Parity | None, runtime: Runtime) -> dict[str, JsonValue]:
    """Return what ``inference.json`` says of a conversion; nothing where there is none."""
    if parity is None or not read_members(converted):
        return {}
    return {
        RUNTIME: runtime,
        PORTABLE: json.loads((converted / PARAMETERS).read_bytes()),
        "parity": parity.model_dump(mode="json"),
    }


@step(stage="export", cpu=2)
def compare(
    panel: pl.DataFrame, model: ForecastModel, converted: Path, horizon: int, export: ExportConfig
) -> Conversion:
    """Forecast a thousand windows with both, over the whole horizon, and say how far they are apart."""
    from penstock.forecasting.export.parity import Trial, measure_parity
    from penstock.forecasting.export.regressors import with_regressors

    members = read_members(converted)
    if not members:
        return Conversion(note=(converted / NOTE).read_text(encoding="utf-8"))
    files = {member_name(number): digest_bytes(content) for number, content in enumerate(members)}
    trial = Trial(horizon=horizon, tolerance=export.tolerance)
    known = forecastable(panel, model)
    return Conversion(
        parity=measure_parity(model, with_regressors(model, members), known, trial), files=files
    )


def note_of(asked: ExportConfig, resolved: ExportConfig) -> str:
    """Say why there will be no ONNX; nothing where there may be."""
    if resolved.formats != "native":
        return ""
    return NOT_ASKED if asked.formats == "native" else NOT_INSTALLED


def parity_gate(conversion: Conversion | None, exported: dict[str, Digest]) -> GateVerdict:
    """Ask that what a bundle holds in ONNX is what was compared with the native model, and equals it.

    Parameters
    ----------
    conversion
        What the run keeps of the comparison; ``None``: nothing.
    exported
        Digests of the bundle's ONNX files, by name.
    """
    gate = "exported model equals the native one"
    if not exported:
        return GateVerdict(gate=gate, passed=True, number=0.0, threshold=0.0, detail="nothing was exported")
    parity = conversion.parity if conversion else None
    if conversion is None or parity is None:
        detail = "its run keeps no comparison of the two; train the model again"
        return GateVerdict(gate=gate, passed=False, number=None, threshold=None, detail=detail)
    if conversion.files != exported:
        detail = "the files compared are not those of the bundle"
        return GateVerdict(gate=gate, passed=False, number=None, threshold=parity.tolerance, detail=detail)
    return GateVerdict(
        gate=gate,
        passed=parity.passed,
        number=max(parity.relative, parity.cosine),
        threshold=parity.tolerance,
        detail=str(parity),
    )


def exported_files(bundle: Bundle) -> dict[str, Digest]:
    """Return the digests of a bundle's ONNX files, by their names in their folder."""
    return _members({name: Digest(entry.sha256) for name, entry in bundle.manifest.files.items()})


def digests_of(files: Mapping[str, bytes]) -> dict[str, Digest]:
    """Return the same of what is to become a bundle."""
    return _members({name: digest_bytes(content) for name, content in files.items()})


def _members(digests: Mapping[str, Digest]) -> dict[str, Digest]:
    below = f"{FOLDER}/"
    return {name.removeprefix(below): one for name, one in digests.items() if name.startswith(below)}


def forecastable(panel: pl.DataFrame, model: ForecastModel) -> pl.DataFrame:
    """Keep the series that the model knows; one too short to learn from was left out of it."""
    import polars as pl

    known = panel.filter(pl.col("series").is_in(pl.Series(model.series).implode()))
    if known.is_empty():
        raise DataError("no series of the panel is known to the model, so that nothing can be compared")
    return known


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
