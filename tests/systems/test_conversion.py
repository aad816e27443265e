from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from penstock.domain.errors import BundleError, ConfigError, MissingExtraError
from penstock.domain.values import Digest
from penstock.forecasting.export.config import ExportConfig
from penstock.forecasting.export.parity import Parity
from penstock.forecasting.export.runtime import as_it_serves, as_judged
from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.forecaster import ForecastModel
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.training import fit
from penstock.forecasting.transformers import FittedTransformer
from penstock.proving.gates import checks_gate
from penstock.systems.shared.conversion import NOT_ASKED, NOT_INSTALLED, note_of, parity_gate, write_members
from penstock.systems.shared.packaging import FORECASTER
from penstock.systems.shared.serving import regressing
from penstock.systems.shared.trying import smoke
from penstock.systems.shared.values import Conversion
from penstock.testing.bundles import portable_bundle
from penstock.testing.loads import load_panel

NEAR = Parity(windows=1000, steps=24, relative=2e-9, cosine=0.0, tolerance=1e-6)
FAR = NEAR.model_copy(update={"relative": 0.008})
FILES = {"member_0.onnx": Digest("a" * 64)}
LOADERS = {FORECASTER: ForecastModel.load}


@pytest.fixture(scope="module")
def panel() -> pl.DataFrame:
    return load_panel(2, 24 * 8)


def fitted(panel: pl.DataFrame, trees: int = 8) -> ForecastModel:
    config = ModelConfig.model_validate(
        {"n_estimators": trees, "min_child_samples": 5, "targets": "auto/lag24"}
    )
    return fit(panel, FeatureConfig(lags=(1, 24), means=(), deviations=()), config, seed=1, threads=1)


@pytest.fixture(scope="module")
def model(panel: pl.DataFrame) -> ForecastModel:
    return fitted(panel)


@pytest.mark.parametrize(
    "fields", [{"formats": "native", "runtime": "onnx"}, {"formats": "native", "judged": "onnx"}]
)
def test_onnx_cannot_serve_or_be_judged_without_being_exported(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="formats=native has no ONNX for runtime or judged"):
        ExportConfig(**fields)


def test_auto_is_what_is_installed() -> None:
    auto, both, native = ExportConfig(), ExportConfig(formats="both"), ExportConfig(formats="native")
    there = {"onnx": "1", "onnxruntime": "1"}
    assert [one.resolved(there).formats for one in (auto, both, native)] == ["auto", "both", "native"]
    assert [one.resolved({}).formats for one in (auto, native)] == ["native", "native"]
    assert note_of(auto, auto.resolved({})) == NOT_INSTALLED
    assert note_of(native, native) == NOT_ASKED
    assert note_of(auto, auto) == ""


@pytest.mark.parametrize("fields", [{"formats": "both"}, {"runtime": "onnx"}, {"judged": "onnx"}])
def test_a_missing_extra_is_told_in_one_line(fields: dict[str, Any]) -> None:
    with pytest.raises(
        MissingExtraError, match=r"onnxruntime is not installed: pip install 'penstock\[onnx\]'"
    ):
        ExportConfig(**fields).resolved({"onnx": "1"})


@pytest.mark.parametrize(
    ("conversion", "exported", "passed", "detail"),
    [
        (Conversion(), {}, True, "nothing was exported"),
        (Conversion(parity=NEAR, files=FILES), FILES, True, "over 1000 windows of 24 steps"),
        (Conversion(parity=FAR, files=FILES), FILES, False, "0.008 and cosine distance 0 against 1e-06"),
        (
            Conversion(parity=NEAR, files=FILES),
            {"member_0.onnx": Digest("b" * 64)},
            False,
            "not those of the bundle",
        ),
        (Conversion(note="native"), FILES, False, "keeps no comparison"),
        (None, FILES, False, "keeps no comparison"),
    ],
)
def test_what_is_exported_needs_the_evidence_that_it_equals_the_model(
    conversion: Conversion | None, exported: dict[str, Digest], passed: bool, detail: str
) -> None:
    verdict = parity_gate(conversion, exported)
    assert verdict.passed is passed
    assert detail in verdict.detail


def test_a_refusal_holds_number_and_threshold() -> None:
    verdict = parity_gate(Conversion(parity=FAR, files=FILES), FILES)
    assert (verdict.number, verdict.threshold) == (0.008, 1e-6)


def test_parity_is_one_of_the_checks() -> None:
    assert Conversion(note="none").checks == ()
    (near,), (far,) = Conversion(parity=NEAR).checks, Conversion(parity=FAR).checks
    assert (near.verdict, near.value, far.verdict, far.value) == ("passed", 2e-9, "failed", 0.008)
    assert checks_gate([near]).passed
    assert not checks_gate([near, far]).passed


def test_what_serves_is_what_the_bundle_names(
    tmp_path: Path, panel: pl.DataFrame, model: ForecastModel
) -> None:
    bundle = portable_bundle(tmp_path, model, panel, runtime="onnx")
    served = regressing(bundle, LOADERS)
    assert [type(member).__name__ for member in served.members] == ["OnnxRegressor"]
    assert served.predict(panel, 12).equals(model.predict(panel, 12))
    native = as_it_serves(model, {"runtime": "native"}, bundle.folder)
    assert native is model
    smoke(bundle, model, panel, LOADERS)


def test_the_converted_model_may_be_judged_in_place_of_the_native_one(model: ForecastModel) -> None:
    assert as_judged(model, "native") is model
    assert [type(member).__name__ for member in as_judged(model, "onnx").members] == ["OnnxRegressor"]


def test_a_bundle_that_forecasts_something_else_is_found_before_it_is_registered(
    tmp_path: Path, panel: pl.DataFrame, model: ForecastModel
) -> None:
    bundle = portable_bundle(tmp_path, model, panel)
    other = fitted(panel, 7)
    with pytest.raises(
        BundleError, match="The native model of the bundle does not forecast what was trained"
    ):
        smoke(bundle, other, panel, LOADERS)
    with pytest.raises(BundleError, match=r"The loader of the bundle .* .* against 1e-06"):
        smoke(bundle, other, panel, {FORECASTER: lambda _: other})


def test_the_loader_comes_only_with_onnx(tmp_path: Path, model: ForecastModel) -> None:
    known = replace(model.known, transformers=(FittedTransformer(name="tides"),))
    with pytest.raises(ConfigError, match="tides is code"):
        write_members(tmp_path, replace(model, known=known), (datetime(2026, 1, 1, tzinfo=UTC),) * 2)
    assert list(tmp_path.iterdir()) == []
