"""Steps that package and register: bundle, smoke test, release."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from penstock.domain.covariates import known_in
from penstock.engine import effect, step
from penstock.engine.context import scratch_dir, world
from penstock.engine.work import artifact_ref
from penstock.forecasting.forecaster import ForecastModel
from penstock.forecasting.intervals import PARAMETER, Calibration
from penstock.proving.gates import checks_gate, enforce
from penstock.release.bundle import BundleParts, Inference, load_bundle, write_bundle
from penstock.release.card import CardFacts
from penstock.release.registry import (
    CANDIDATE,
    AliasRequest,
    Release,
    ReleaseRequest,
    set_alias,
)
from penstock.release.registry import register as register_release
from penstock.release.schema import BundleSchema, Column
from penstock.storage.datasets import DatasetVersion
from penstock.storage.digests import digest_value
from penstock.systems.shared.conversion import bundle_files, bundle_parameters, digests_of, parity_gate
from penstock.systems.shared.learning import CANDIDATE as CANDIDATE_RUNG
from penstock.systems.shared.learning import with_static
from penstock.systems.shared.serving import serving
from penstock.systems.shared.trying import smoke
from penstock.systems.shared.values import Evidence, Ground, Package, PanelShape

if TYPE_CHECKING:
    import polars as pl

FORECASTER = "penstock-forecaster"
LIMITS = (
    (
        "Its metrics come from a model of the same configuration that had not seen the final window; "
        "this model was then fitted on everything."
    ),
    "It forecasts only the series it was trained on.",
)
EXAMPLE_ROWS = 3
MAX_LISTED_VALUES = 200


@step(stage="package")
def bundle(
    ground: Ground, model: ForecastModel, converted: Path, evidence: Evidence, package: Package
) -> Path:
    """Write the bundle, load it again, and let it forecast before anything may register it.

    Raises
    ------
    GateError
        What was exported does not equal the native model.
    BundleError
        The bundle does not forecast what the model does.
    """
    shape, files = ground.shape, bundle_files(converted)
    enforce([parity_gate(evidence.conversion, digests_of(files))])
    parameters: dict[str, JsonValue] = {
        "horizon": package.horizon,
        "frequency": shape.frequency,
        "history_steps": model.history,
        **_intervals(evidence.calibration),
        **bundle_parameters(converted, evidence.conversion.parity, package.runtime),
    }
    folder = scratch_dir() / "bundle"
    _clear(folder)
    parts = BundleParts(
        save_model=model.save,
        inference=Inference(kind=FORECASTER, parameters=parameters),
        schema=input_schema(ground.panel, package.unit),
        card=_card(shape, evidence, package),
        environment=package.environment,
        files=files,
    )
    write_bundle(folder, parts)
    smoke(load_bundle(folder), model, ground.panel, {FORECASTER: ForecastModel.load})
    return folder


def _intervals(calibration: Calibration | None) -> dict[str, JsonValue]:
    """Return what a bundle holds of the intervals; nothing where there are none."""
    if calibration is None or not calibration.levels:
        return {}
    return {PARAMETER: calibration.model_dump(mode="json")}


def _card(shape: PanelShape, evidence: Evidence, package: Package) -> CardFacts:
    return CardFacts(
        model=package.name,
        purpose=f"Forecasts {package.horizon} steps of {shape.frequency} for {shape.series} series.",
        simulated=package.simulated,
        trained_from=shape.first,
        trained_to=shape.last,
        series=shape.series,
        frequency=shape.frequency,
        horizon=package.horizon,
        target="y",
        rung=CANDIDATE_RUNG,
        metrics=_metrics(evidence),
        checks=evidence.all_checks,
        intervals=_promises(evidence.calibration),
        runtimes=_runtimes(evidence, package),
        limits=LIMITS,
    )


def _promises(calibration: Calibration | None) -> tuple[str, ...]:
    if calibration is None or not calibration.levels:
        return ()
    levels = ", ".join(f"{level:.0%}" for level in calibration.levels)
    source = (
        f"{calibration.residuals} errors of {calibration.windows} windows at {calibration.origins} origins"
    )
    return (f"{levels}, from {source} that no fit had seen", *calibration.notes)


def _runtimes(evidence: Evidence, package: Package) -> tuple[str, ...]:
    parity = evidence.conversion.parity
    if parity is None:
        return (f"native; {evidence.conversion.note}" if evidence.conversion.note else "native",)
    return (f"forecasts come from {package.runtime}", f"ONNX beside native: {parity}")


def _metrics(evidence: Evidence) -> dict[str, dict[str, float]]:
    judgement = evidence.judgement
    return {one.rung: dict(one.metrics) for one in (judgement.candidate, *judgement.ladder.rungs)}


@step(stage="export")
def predict_with(
    package: Path, panel: pl.DataFrame, shape: PanelShape, horizon: int, ahead: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Forecast the unseen future with a packaged model: the same object that training evaluated.

    Raises
    ------
    DataError
        ``ahead`` does not say all that the model needs to know of the steps to forecast.
    """
    from penstock.forecasting.ahead import with_ahead
    from penstock.forecasting.future import forecast_future as after

    model = serving(load_bundle(package), {FORECASTER: ForecastModel.load})
    return with_static(after(model, with_ahead(panel, ahead), horizon), panel, shape)


@effect(stage="register", once_per=["package", "evidence", "dataset", "name"])
def register(package: Path, evidence: Evidence, dataset: DatasetVersion, name: str) -> Release:
    """Register the bundle as the next version of its model, and let ``candidate`` stand for it.

    Raises
    ------
    GateError
        If an asserted check failed: such a model is not registered.
    """
    verdict = checks_gate(evidence.all_checks)
    enforce([verdict])
    here = world()
    opened = load_bundle(package)
    release = register_release(
        here.catalogue,
        ReleaseRequest(
            model=name,
            bundle=artifact_ref(here.inputs["package"]),
            digest=opened.digest,
            logical=opened.logical,
            run_id=here.run_id,
            dataset=str(dataset),
            metrics=_metrics(evidence),
            evidence={
                "ladder": evidence.judgement.verdict.describe(),
                "beats_every_rung": evidence.judgement.verdict.passed,
                "checks": verdict.model_dump(mode="json"),
            },
            key=digest_value(evidence),
        ),
        now=here.now,
    )
    set_alias(
        here.catalogue,
        AliasRequest(
            model=name,
            version=release.version,
            alias=CANDIDATE,
            who=here.who,
            why=f"trained by run {here.run_id}",
        ),
        now=here.now,
    )
    return release


def input_schema(panel: pl.DataFrame, unit: str) -> BundleSchema:
    """Describe the rows that the model takes: the history of every series to forecast."""
    from penstock.forecasting.panel import covariate_columns, static_columns

    low, high = panel["y"].min(), panel["y"].max()
    seen = (float(low), float(high)) if isinstance(low, float) and isinstance(high, float) else None
    columns = [
        Column(name="series", type="string", description="name of the series"),
        Column(name="time", type="time", description="moment of the value, with its zone"),
        Column(
            name="y",
            type="number",
            unit=unit,
            seen=seen,
            nullable=bool(known_in(panel.columns)),
            description="observed value",
        ),
    ]
    for static in static_columns(panel):
        known = panel[static].drop_nulls().unique().sort().to_list()
        columns.append(
            Column(
                name=static,
                type="string",
                nullable=bool(panel[static].null_count()),
                values=tuple(known) if len(known) <= MAX_LISTED_VALUES else None,
                description="constant in a series",
            )
        )
    columns += [_covariate(panel, name) for name in covariate_columns(panel)]
    example = panel.head(EXAMPLE_ROWS).to_dicts()
    rows = tuple({**row, "time": row["time"].isoformat()} for row in example)
    return BundleSchema(columns=tuple(columns), example=rows)


def _covariate(panel: pl.DataFrame, name: str) -> Column:
    """Describe a covariate; what is known ahead stands in rows whose ``y`` is null."""
    low, high = panel[name].min(), panel[name].max()
    seen = (float(low), float(high)) if isinstance(low, float) and isinstance(high, float) else None
    when = "for the steps to forecast too" if known_in([name]) else "up to the newest value of y"
    return Column(name=name, type="number", nullable=True, seen=seen, description=f"covariate, known {when}")


def _clear(folder: Path) -> None:
    import shutil

    if folder.exists():
        shutil.rmtree(folder)
