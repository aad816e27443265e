"""Each kind of difference is told under its own name, and nothing else is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from penstock.app.compare import CAUSES, OUTCOMES, Difference, compare_runs, verdict
from penstock.app.pipelines import FeaturesExtractor
from penstock.app.runs import RUN, RUN_RESULT
from penstock.app.session import Session
from penstock.domain.errors import UnknownNameError, UsageError
from penstock.domain.results import RunResult, StepReport
from penstock.engine.records import Ingredients, OutputRef, RunRecord, StepRecord

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def ref(digest: str) -> OutputRef:
    return OutputRef(codec="json", type="x:Y", logical=digest, digest=digest, size_bytes=1)


def record(run_id: str, **changed: Any) -> RunRecord:
    """Return a run of one step; ``ingredients`` and ``output`` change that step, the rest the run."""
    ingredients = {
        "step": "my.system:sales",
        "code": {"my.system:sales": "c1", "my.helpers:tidy": "h1"},
        "reads": {"data.csv": "d1"},
        "environment": {"python": "3.11.9", "REGION": "north"},
    }
    step = StepRecord(
        report=StepReport(name="sales", stage="acquire", state="ran", reason=""),
        ingredients=Ingredients.model_validate(ingredients | changed.pop("ingredients", {})),
        output=ref(changed.pop("output", "o1")),
    )
    body = {
        "run_id": run_id,
        "system": "mine",
        "pipeline": "mine",
        "status": "done",
        "started_at": NOW,
        "finished_at": NOW,
        "config": {"seed": 7, "source": {"seed": 1, "days": 30}, "horizon": 24},
        "libraries": {"polars": "2.1.0"},
        "environment": {"python": "3.11.9", "machine": "x86_64"},
        "inputs": {"power.csv": ref("i1")},
        "commit": "aaaa",
        "source": ref("s1"),
        "steps": (step,),
    }
    return RunRecord.model_validate(body | changed)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session.open(tmp_path / "home", environ={})


def compared(session: Session, *records: RunRecord, metrics: tuple[float, ...] = ()) -> list[Difference]:
    for one in records:
        session.catalogue.add(RUN, one.run_id, one, scope="mine", now=NOW)
    for one, value in zip(records, metrics, strict=False):
        result = RunResult(
            run_id=one.run_id, system="mine", status="done", metrics={"model": {"mape": value}}, digest="x"
        )
        session.catalogue.add(RUN_RESULT, one.run_id, result, scope="mine", now=NOW)
    return compare_runs(session, [one.run_id for one in records])


@pytest.mark.parametrize(
    ("changed", "kind", "name", "values"),
    [
        ({"inputs": {"power.csv": ref("i2")}}, "data", "power.csv", ("i1", "i2")),
        ({"ingredients": {"reads": {"data.csv": "d2"}}}, "data", "sales: data.csv", ("d1", "d2")),
        ({"ingredients": {"reads": {}}}, "data", "sales: data.csv", ("d1", None)),
        ({"commit": "bbbb+dirty"}, "code", "commit", ("aaaa", "bbbb+dirty")),
        ({"source": ref("s2")}, "code", "source", ("s1", "s2")),
        (
            {"ingredients": {"code": {"my.system:sales": "c1", "my.helpers:tidy": "h2"}}},
            "code",
            "my.helpers:tidy",
            ("h1", "h2"),
        ),
        (
            {"config": {"seed": 7, "source": {"seed": 1, "days": 31}, "horizon": 24}},
            "config",
            "source.days",
            (30, 31),
        ),
        ({"verb": "replay"}, "asked", "verb", ("run", "replay")),
        ({"arguments": ("--space", "{}")}, "asked", "--space", (None, "{}")),
        (
            {"config": {"seed": 8, "source": {"seed": 1, "days": 30}, "horizon": 24}},
            "seed",
            "seed",
            (7, 8),
        ),
        (
            {"config": {"seed": 7, "source": {"seed": 2, "days": 30}, "horizon": 24}},
            "seed",
            "source.seed",
            (1, 2),
        ),
        ({"libraries": {"polars": "2.2.0"}}, "environment", "polars", ("2.1.0", "2.2.0")),
        (
            {"environment": {"python": "3.11.9", "machine": "arm64"}},
            "environment",
            "machine",
            ("x86_64", "arm64"),
        ),
        (
            {"ingredients": {"environment": {"python": "3.11.9", "REGION": "south"}}},
            "environment",
            "REGION",
            ("north", "south"),
        ),
        ({"output": "o2"}, "digest", "sales", ("o1", "o2")),
    ],
)
def test_one_change_is_told_once_under_its_kind(
    session: Session, changed: dict[str, Any], kind: str, name: str, values: tuple[object, ...]
) -> None:
    (found,) = compared(session, record("one"), record("other", **changed))
    assert (found.kind, found.name, found.values) == (kind, name, values)


def test_metrics_are_compared_rung_by_rung(session: Session) -> None:
    (found,) = compared(session, record("one"), record("other"), metrics=(0.1, 0.2))
    assert (found.kind, found.name, found.values) == ("metric", "model.mape", (0.1, 0.2))


def test_kinds_come_in_order_causes_first(session: Session) -> None:
    found = compared(
        session,
        record("one"),
        record("other", output="o2", commit="b", verb="replay", libraries={}, config={"seed": 1}, inputs={}),
    )
    kinds = [one.kind for one in found]
    assert kinds == sorted(kinds, key=(*CAUSES, *OUTCOMES).index)
    assert set(kinds) == {*CAUSES, "digest"}


def test_more_than_two_runs_stand_side_by_side(session: Session) -> None:
    (found,) = compared(session, record("a"), record("b", commit="b"), record("c"))
    assert found.values == ("aaaa", "b", "aaaa")


def test_equal_runs_do_not_differ(session: Session) -> None:
    assert compared(session, record("one"), record("other")) == []


def test_datasets_differ_in_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_TRACKING_URI", "off")
    monkeypatch.chdir(tmp_path)

    def prepared(days: int) -> str:
        rows = [f"2024-{1 + day // 28:02}-{1 + day % 28:02},{100 + day % 7}" for day in range(days)]
        Path("sales.csv").write_text("\n".join(["day,units", *rows]) + "\n", encoding="utf-8")
        return extractor.run().run_id

    settings = ("horizon=2", "split.origins=2", "split.folds=1", "features.lags=[1,7]", "features.means=[]")
    named = ("data=sales.csv", "target=units", "time=day", "features.deviations=[]", "quality.max_gap=9")
    extractor = FeaturesExtractor("panel", [*named, *settings], home=tmp_path / "home")
    found = compare_runs(extractor.session, [prepared(56), prepared(84)])
    values = {one.name: one.values for one in found if one.kind == "data"}
    assert values["dataset"] == ("sales@v1", "sales@v2")
    assert values["dataset: last"] == ("2024-02-28T00:00:00+00:00", "2024-03-28T00:00:00+00:00")
    assert "dataset: first" not in values
    assert {one.kind for one in found} == {"data", "digest"}
    assert verdict(found) == (
        "They differ in data; code, what was asked, config, seed and environment are the same."
    )


@pytest.mark.parametrize(
    ("kinds", "says"),
    [
        ((), "The runs do not differ."),
        (
            ("data", "seed", "digest"),
            "They differ in data and seed; code, what was asked, config and environment are the same.",
        ),
        (
            ("code",),
            "They differ in code; data, what was asked, config, seed and environment are the same; so are their results.",
        ),
        (
            CAUSES,
            "They differ in data, code, what was asked, config, seed and environment; their results are the same.",
        ),
        (("metric",), "Nothing that they rest on differs, yet their results do."),
        (
            ("data", "code", "asked", "config", "seed", "metric"),
            "They differ in data, code, what was asked, config and seed; environment is the same.",
        ),
    ],
)
def test_the_verdict_names_what_differs_and_what_does_not(kinds: tuple[str, ...], says: str) -> None:
    found = [Difference(kind=kind, name=str(place), values=(1, 2)) for place, kind in enumerate(kinds)]
    assert verdict(found) == says


def test_one_run_is_none_to_compare(session: Session) -> None:
    with pytest.raises(UsageError, match="Only one was named; give two or more"):
        compared(session, record("one"))


def test_an_unknown_run(session: Session) -> None:
    compared(session, record("one"), record("other"))
    with pytest.raises(UnknownNameError, match="There is no run 'none'"):
        compare_runs(session, ["one", "none"])
