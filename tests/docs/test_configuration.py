"""Every shipped configuration builds, every key of it is explained, used, and in the documentation."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel

from penstock.app.config import SystemFiles, load_config
from penstock.app.config.groups import SUFFIXES
from penstock.app.config.recording import unused_keys
from penstock.app.config.schema import broken_rules, keys, undescribed
from penstock.app.systems import find_system
from penstock.forecasting.replay.slots import plan_slots
from penstock.proving.promotion import PromotionConfig
from penstock.sources.http.access import Access
from penstock.systems.shared.ladders import COURSE_FEATURES
from penstock.systems.shared.system import PRESETS, System

ROOT = Path(__file__).parents[2]
NEEDED = {"denmark": (), "panel": ("data=sales.csv", "target=units", "time=day")}
VARIANTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "denmark": ((), ("origin=energidata",), ("ladder=full",)),
    "panel": ((), ("ladder=full",)),
}
ORDER = (
    "prepare",
    "publish",
    "split",
    "seasonal_naive_short",
    "search",
    "keep_best",
    "fit_candidate",
    "try_candidate",
    "judge",
    "refit",
    "forecast_future",
    "bundle",
    "register",
)
READ_BY_APP = {
    *("currency", "dataset"),
    *(f"promotion.{key}" for key in PromotionConfig.model_fields),
}


@pytest.fixture(params=sorted(NEEDED))
def system(request: pytest.FixtureRequest) -> System:
    return find_system(str(request.param))


def files_of(system: System) -> SystemFiles:
    return SystemFiles(folder=system.folder, schema=system.config, presets=PRESETS, name=system.name)


def choices(system: System) -> Iterator[str]:
    groups = [name for name, key in keys(system.config).items() if key.components and "." not in name]
    for group in groups:
        for folder in (system.folder / group, PRESETS / group):
            for file in sorted(folder.glob("*")) if folder.is_dir() else ():
                if file.name.endswith(SUFFIXES):
                    yield f"{group}={file.stem}"


def test_it_builds_with_its_defaults_and_with_every_choice(system: System) -> None:
    needed = NEEDED[system.name]
    assert isinstance(load_config(files_of(system), needed).value, system.config)
    for choice in choices(system):
        loaded = load_config(files_of(system), (*needed, choice))
        group, _, name = choice.partition("=")
        assert loaded.choices[group] == name


def test_its_schema_keeps_the_rules_and_explains_every_key(system: System) -> None:
    assert broken_rules(system.config) == ()
    assert undescribed(system.config) == ()


def every_value(system: System, config: BaseModel) -> Iterator[Any]:
    """Yield what goes from a configuration to the steps of every pipeline, and to what the system takes in."""
    day = datetime(2024, 1, 1, tzinfo=UTC)
    graphs = [system.train.plan(config)]
    if system.replay is not None:
        graphs.append(system.replay.plan(config, plan_slots(day, day + timedelta(days=2), "1d", "1d")))
    if system.feed is not None:
        graphs.append(system.feed.ingest.plan(config, (), None))
        yield from parts(system.feed.intake(config, Access(clock=lambda: day)))
    for graph in graphs:
        for node in graph.nodes:
            for value in node.arguments.values():
                yield from parts(value)


def parts(value: object) -> Iterator[object]:
    """Yield the fields of dataclasses inside one another."""
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from parts(getattr(value, field.name))
    else:
        yield value


@pytest.mark.usefixtures("sales")
def test_every_key_is_read_by_a_step_or_by_the_application(system: System) -> None:
    unread = [
        set(
            unused_keys(
                load_config(files_of(system), (*NEEDED[system.name], *variant)).value,
                partial(every_value, system),
            )
        )
        for variant in VARIANTS[system.name]
    ]
    assert set.intersection(*unread) == READ_BY_APP


@pytest.fixture
def sales(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lay the file there that the panel system reads."""
    (tmp_path / "sales.csv").write_text("day,units\n2024-01-01,1\n2024-01-02,2\n")
    monkeypatch.chdir(tmp_path)


def test_the_rung_of_the_course_is_the_course_s() -> None:
    assert COURSE_FEATURES.lags == tuple(range(1, 73))
    assert COURSE_FEATURES.means == COURSE_FEATURES.deviations == (24, 48, 72)
    assert COURSE_FEATURES.calendar == ("hour", "weekday")


def test_mape_selects_and_mase_stands_beside_it(system: System) -> None:
    config = load_config(files_of(system), NEEDED[system.name]).masked()
    tune = config["tune"]
    assert isinstance(tune, dict)
    assert (config["metric"], tune["metric"]) == ("mape", "mape")


def test_final_training_runs_in_the_stated_order(system: System) -> None:
    config = load_config(files_of(system), NEEDED[system.name]).value
    names = [node.name for node in system.train.plan(config).nodes]
    order = [name for name in names if name in ORDER]
    assert order == list(ORDER)


def test_the_page_says_what_the_schemas_say() -> None:
    page = (ROOT / "docs/config.md").read_text(encoding="utf-8")
    assert page == build().config_page(), "run `make docs`"


def build() -> ModuleType:
    specification = importlib.util.spec_from_file_location("docs_build", ROOT / "docs/build.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
