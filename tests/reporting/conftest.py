"""Made-up facts of a forecasting run: seeded, realistic in shape, of any size."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import numpy as np
import polars as pl
import pytest

from penstock.domain.results import CheckResult, Interval, ModelRef, SliceScore, StepReport
from penstock.domain.values import Stage, StepState
from penstock.reporting.facts import (
    ConfigFacts,
    FoldFacts,
    GapFacts,
    ProvenanceFacts,
    QualityFacts,
    ReportFacts,
    RuleFacts,
    RungFacts,
    RungKind,
    TaskFacts,
    TrialFacts,
    TuningFacts,
)
from penstock.reporting.report import render

CODES = (
    "111",
    "112",
    "119",
    "121",
    "122",
    "123",
    "130",
    "211",
    "212",
    "215",
    "220",
    "310",
    "320",
    "330",
    "340",
    "350",
    "360",
    "370",
    "381",
    "382",
    "390",
    "410",
    "421",
    "422",
    "431",
    "432",
    "433",
    "441",
    "442",
    "443",
    "444",
    "445",
    "446",
    "447",
    "450",
    "461",
    "462",
    "999",
)
HORIZON = 24
END = datetime(2023, 6, 30, tzinfo=UTC)


def names_of(series: int) -> list[str]:
    return [f"{area}/{code}" for area in ("DK1", "DK2") for code in CODES][:series]


def history_of(names: list[str], days: int, seed: int = 7) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    steps = days * 24
    hours = np.arange(steps)
    time = pl.datetime_range(END - timedelta(hours=steps - 1), END, "1h", time_zone="UTC", eager=True)
    frames = []
    for name in names:
        level = 10 ** rng.uniform(2.0, 6.0)
        daily = 1 + 0.35 * np.sin((hours - 6 + rng.normal(0, 1)) / 24 * 2 * np.pi)
        weekly = np.where(hours // 24 % 7 >= 5, rng.uniform(0.55, 1.0), 1.0)
        noise = np.exp(rng.normal(0, rng.uniform(0.02, 0.12), steps))
        area, _, code = name.partition("/")
        frames.append(
            pl.DataFrame({"series": name, "time": time, "y": level * daily * weekly * noise}).with_columns(
                area=pl.lit(area), branch=pl.lit(f"{code[0]}xx")
            )
        )
    return pl.concat(frames)


def predictions_of(
    history: pl.DataFrame, error: float, *, origins: int = 28, banded: bool = False
) -> pl.DataFrame:
    rng = np.random.default_rng(int(error * 1e6))
    grid = pl.DataFrame(
        {"cutoff": [END - timedelta(hours=HORIZON * (origins - i)) for i in range(origins)]}
    ).join(pl.DataFrame({"step": np.arange(1, HORIZON + 1, dtype=np.int32)}), how="cross")
    grid = grid.with_columns(
        pl.col("cutoff").dt.cast_time_unit("us"),
        time=(pl.col("cutoff") + pl.duration(hours=pl.col("step"))).dt.cast_time_unit("us"),
    )
    table = grid.join(history.select("series", "time", "y"), on="time", how="inner")
    unlike = {name: rng.lognormal(0, 0.45) for name in table["series"].unique(maintain_order=True)}
    growth = error * (0.8 + 0.4 * np.sqrt(table["step"].to_numpy() / HORIZON))
    growth = growth * np.array([unlike[name] for name in table["series"]])
    drawn = np.exp(rng.normal(0, 1, table.height) * growth)
    table = table.with_columns(prediction=pl.col("y") * drawn)
    if banded:
        table = table.with_columns(lower_90=pl.col("prediction") * 0.88, upper_90=pl.col("prediction") * 1.12)
    return table.select(
        "series", "cutoff", "time", "step", "y", "prediction", *(["lower_90", "upper_90"] if banded else [])
    ).sort("series", "cutoff", "step")


def forecast_of(history: pl.DataFrame, *, banded: bool = False) -> pl.DataFrame:
    last = history.sort("series", "time").group_by("series", maintain_order=True).tail(HORIZON)
    future = last.select("series", pl.col("time") + pl.duration(hours=HORIZON), prediction=pl.col("y"))
    if banded:
        future = future.with_columns(
            lower_90=pl.col("prediction") * 0.85, upper_90=pl.col("prediction") * 1.15
        )
    return future


def mape(frame: pl.DataFrame) -> float:
    return float(frame.select(((pl.col("prediction") - pl.col("y")) / pl.col("y")).abs().mean()).item())


def rung(
    name: str, label: str, kind: RungKind, score: float, seconds: tuple[float | None, float]
) -> RungFacts:
    base = RungFacts(
        name=name, label=label, kind="baseline", fit_seconds=seconds[0], predict_seconds=seconds[1]
    )
    metrics = {"mape": score, "mase": score * 14.2, "wape": score * 0.83}
    intervals = {"mape": Interval(lower=score * 0.955, upper=score * 1.06, level=0.9)}
    return replace(base, kind=kind, metrics=metrics, intervals=intervals)


def ladder_of(model: float, baseline: float, oracle: float) -> tuple[RungFacts, ...]:
    return (
        rung("seasonal_naive_24", "Seasonal naive (24 h)", "baseline", baseline * 1.31, (0.0, 0.021)),
        rung("seasonal_naive_168", "Seasonal naive (168 h)", "baseline", baseline, (0.0, 0.019)),
        rung("moving_average", "Moving average", "baseline", baseline * 2.4, (0.004, 0.031)),
        rung("course", "Course configuration (raw scale)", "baseline", baseline * 4.9, (6.8, 3.9)),
        rung("linear", "Linear on seasonal differences", "baseline", baseline * 1.08, (0.62, 0.18)),
        rung("lightgbm", "LightGBM", "model", model, (3.1, 1.4)),
        rung("oracle", "Oracle", "oracle", oracle, (None, 0.012)),
    )


def slices_of(model: pl.DataFrame, baseline: pl.DataFrame, statics: pl.DataFrame) -> tuple[SliceScore, ...]:
    error = ((pl.col("prediction") - pl.col("y")) / pl.col("y")).abs()
    both = model.select("series", "cutoff", "step", model=error).join(
        baseline.select("series", "cutoff", "step", baseline=error), on=["series", "cutoff", "step"]
    )
    both = both.join(statics, on="series")
    found = []
    for by in ("series", "area", "branch"):
        table = both.group_by(by).agg(pl.col("model").mean(), pl.col("baseline").mean(), n=pl.len()).sort(by)
        found += [
            SliceScore(by=by, slice=str(key), metric="mape", value=value, baseline=base, count=n)
            for key, value, base, n in table.iter_rows()
        ]
    return tuple(found)


def tuning_of(trials: int = 24, seed: int = 3) -> TuningFacts:
    rng = np.random.default_rng(seed)
    made = []
    for i in range(trials):
        pruned = i > 4 and rng.random() < 0.3
        score = float(0.052 + 0.012 / (1 + i / 5) + 0.02 * rng.random() ** 2 + (0.012 if pruned else 0.0))
        params = {
            "learning_rate": float(10 ** rng.uniform(-2.2, -0.5)),
            "num_leaves": int(rng.integers(15, 255)),
            "min_child_samples": int(rng.integers(5, 80)),
            "lags": rng.choice(["slim", "course"]).item(),
        }
        made.append(
            TrialFacts(
                number=i,
                state="pruned" if pruned else "complete",
                score=score,
                params=dict(params),
                seconds=1.0 + float(rng.random()),
            )
        )
    importances = {"learning_rate": 0.52, "num_leaves": 0.27, "min_child_samples": 0.14, "lags": 0.07}
    return TuningFacts(
        metric="mape",
        trials=tuple(made),
        importances=importances,
        best_config="best_config@v2",
        folds=FOLDS,
    )


FOLDS = tuple(
    FoldFacts(
        fold=fold,
        train_end=datetime(2023, 1 + fold, 1, tzinfo=UTC),
        last=datetime(2023, 1 + fold, 2, tzinfo=UTC),
        rows=700 * fold,
        weight=weight,
        fit_seconds=2.5,
        predict_seconds=0.04,
        metrics={"mape": mape, "mase": mase},
    )
    for fold, weight, mape, mase in ((1, 0.2, 0.07, 0.9), (2, 0.8, 0.0625, None))
)


CHECKS = (
    CheckResult(
        name="same input, same output",
        kind="asserts",
        verdict="passed",
        value=0.0,
        detail="200 samples, largest difference 0",
    ),
    CheckResult(
        name="no leak",
        kind="asserts",
        verdict="passed",
        value=0.0,
        detail="every value after the cutoff changed, no feature moved",
    ),
    CheckResult(
        name="independent of series order", kind="asserts", verdict="passed", detail="20 permutations"
    ),
    CheckResult(
        name="equal after reload",
        kind="asserts",
        verdict="passed",
        value=2.2e-16,
        detail="76 series, largest relative difference",
    ),
    CheckResult(
        name="robust to small noise",
        kind="measures",
        verdict="failed",
        value=0.031,
        detail="1 % noise moves the forecast by 3.1 %, tolerance 2 %",
        example="series DK1/431, cutoff 2023-06-12 00:00 UTC\ny[-1] = 1043.2 → 1053.6\nprediction[0] = 1102.4 → 1136.9",
    ),
    CheckResult(
        name="monotone in temperature",
        kind="measures",
        verdict="skipped",
        detail="no temperature among the covariates",
    ),
)

STEPS: tuple[tuple[str, Stage, StepState, str, float, float, float], ...] = (
    ("ingest", "acquire", "ran", "effect: always runs", 1.2, 1.1, 210.0),
    ("validate", "validate", "ran", "input raw changed: denmark@v2 → denmark@v3", 0.61, 0.9, 260.0),
    ("panel", "prepare", "ran", "input rows changed", 0.32, 0.5, 280.0),
    ("tune", "tune", "ran", "input panel changed", 71.4, 139.2, 1180.0),
    ("fit", "train", "ran", "parameter num_leaves changed: 63 → 127", 3.4, 6.5, 905.0),
    ("backtest", "evaluate", "ran", "input model changed", 9.8, 17.3, 940.0),
    ("ladder", "evaluate", "reused", "nothing it depends on changed", 0.0, 0.0, 0.0),
    ("checks", "check", "ran", "input model changed", 6.1, 11.8, 760.0),
    ("package", "package", "ran", "input model changed", 0.9, 0.9, 410.0),
    ("register", "register", "ran", "effect: always runs", 0.4, 0.3, 330.0),
)


def steps_of() -> tuple[StepReport, ...]:
    return tuple(
        StepReport(
            name=name,
            stage=stage,
            state=state,
            reason=reason,
            seconds=wall,
            cpu_seconds=cpu,
            peak_mb=peak,
            cost=cpu * 1.1e-5,
        )
        for name, stage, state, reason, wall, cpu, peak in STEPS
    )


CONFIG = (
    ConfigFacts(key="horizon", value=24, origin="config.yaml"),
    ConfigFacts(key="model.num_leaves", value=127, origin="command line"),
    ConfigFacts(key="model.learning_rate", value=0.05, origin="model/lightgbm.yaml"),
    ConfigFacts(key="features.lags", value=[1, 2, 24, 168], origin="features/slim.yaml"),
    ConfigFacts(key="tune.trials", value=24, origin="config.yaml"),
    ConfigFacts(key="database_url", value="***", origin="environment PENSTOCK_DATABASE_URL"),
)


def provenance_of() -> ProvenanceFacts:
    started = datetime(2026, 11, 21, 7, 2, 11, tzinfo=UTC)
    return ProvenanceFacts(
        run_id="20261121-070211-denmark-3f9a",
        started_at=started,
        finished_at=started + timedelta(seconds=94.2),
        digest="9f2c1d55b0a84b1b7a3a9f1f6c0a4e1d2b3c4d5e6f708192a3b4c5d6e7f80912",
        commit="1d84e1a",
        dirty=True,
        version="0.1.0",
        environment={
            "python": "3.11.9",
            "platform": "Linux x86_64",
            "lightgbm": "4.7.0",
            "polars": "2.1.0",
            "numpy": "2.4.6",
        },
        config=CONFIG,
        steps=steps_of(),
        currency="EUR",
    )


def quality_of(names: list[str], rows: int) -> QualityFacts:
    at = datetime(2023, 3, 26, 1, tzinfo=UTC)
    return QualityFacts(
        rows=rows,
        series=len(names),
        start=END - timedelta(days=180),
        end=END,
        rules=(
            RuleFacts(
                name="no duplicate stamps",
                verdict="warned",
                checked=rows,
                broken=12,
                detail="equal values, first kept",
            ),
            RuleFacts(
                name="no gaps", verdict="warned", checked=rows, broken=9, detail="filled from the week before"
            ),
            RuleFacts(name="known keys only", verdict="passed", checked=rows, broken=0),
            RuleFacts(name="no negative values", verdict="passed", checked=rows, broken=0),
            RuleFacts(
                name="not later than the lag allows",
                verdict="passed",
                checked=rows,
                broken=0,
                detail="15 days",
            ),
        ),
        repaired={"duplicate rows dropped": 12, "stamps filled": 9},
        gaps=(
            GapFacts(series=names[0], start=at, end=at + timedelta(hours=5), missing=6),
            GapFacts(series=names[-1], start=at, end=at + timedelta(hours=2), missing=3),
        ),
    )


def made_facts(series: int = 76, days: int = 180, origins: int = 28, *, banded: bool = True) -> ReportFacts:
    """A whole run with every part present."""
    names = names_of(series)
    history = history_of(names, days)
    model = predictions_of(history, 0.068, origins=origins, banded=banded)
    baseline = predictions_of(history, 0.104, origins=origins)
    oracle = predictions_of(history, 0.049, origins=origins)
    statics = history.group_by("series").agg(pl.col("area", "branch").first())
    return ReportFacts(
        system="denmark",
        dataset="denmark@v3",
        simulated=True,
        task=TaskFacts(
            target="consumption_kwh",
            unit="kWh",
            horizon=HORIZON,
            frequency="1h",
            timezone="Europe/Copenhagen",
        ),
        metric="mape",
        chosen="lightgbm",
        rungs=ladder_of(mape(model), mape(baseline), mape(oracle)),
        predictions={"lightgbm": model, "seasonal_naive_168": baseline, "oracle": oracle},
        history=history,
        forecast=forecast_of(history, banded=banded),
        model=ModelRef(name="denmark", version=3, alias="candidate"),
        slices=slices_of(model, baseline, statics),
        tuning=tuning_of(),
        importances={
            "lag 168": 0.41,
            "lag 24": 0.22,
            "hour": 0.13,
            "rolling mean 24": 0.1,
            "weekday": 0.08,
            "lag 1": 0.06,
        },
        checks=CHECKS,
        quality=quality_of(names, history.height),
        provenance=provenance_of(),
    )


@pytest.fixture(scope="session")
def facts() -> ReportFacts:
    """Every part present, small."""
    return made_facts(series=6, days=30, origins=4)


@pytest.fixture
def bare(facts: ReportFacts) -> ReportFacts:
    """Only what cannot be left out: no intervals, trials, checks, slices, forecast, quality or model."""
    rungs = tuple(replace(rung, intervals={}, fit_seconds=None, predict_seconds=None) for rung in facts.rungs)
    plain = {
        "lightgbm": facts.predictions["lightgbm"].drop("lower_90", "upper_90"),
    }
    return replace(
        facts,
        simulated=False,
        rungs=rungs,
        predictions=plain,
        forecast=None,
        model=None,
        slices=(),
        tuning=None,
        importances={},
        checks=(),
        quality=None,
        provenance=ProvenanceFacts(run_id="r1", started_at=facts.provenance.started_at),
    )


@pytest.fixture(scope="session")
def html(facts: ReportFacts) -> str:
    """The small report."""
    return render(facts)


VOID = {"meta", "link", "br", "img", "input", "hr"}


@dataclass
class Parsed:
    """A page taken apart by the standard library's parser."""

    html: str
    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    scripts: dict[str, str] = field(default_factory=dict)
    running: list[str] = field(default_factory=list)
    unclosed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        _Parser(self).feed(self.html)


class _Parser(HTMLParser):
    def __init__(self, into: Parsed) -> None:
        super().__init__()
        self.into = into
        self.open: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.into.tags.append((tag, attributes))
        if tag not in VOID:
            self.open.append((tag, attributes))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.into.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1][0] != tag:
            self.into.unclosed.append(tag)
        else:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1][0] != "script":
            return
        attributes = self.open[-1][1]
        if attributes:
            self.into.scripts[attributes["id"]] = self.into.scripts.get(attributes["id"], "") + data
        else:
            self.into.running.append(data)


@pytest.fixture(scope="session")
def parse() -> type[Parsed]:
    """Take a page apart."""
    return Parsed
