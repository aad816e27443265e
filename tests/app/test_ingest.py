"""One table, whatever the source and however often it is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from penstock.app.ingest import IngestOptions, IngestResult, ingest
from penstock.app.plan import plan
from penstock.app.run import RunOptions, carry_out
from penstock.app.session import Session
from penstock.app.tapes import serve
from penstock.app.validate import validate
from penstock.domain.errors import UsageError
from penstock.storage.datasets import dataset
from penstock.storage.tables.open import find_table

SMALL = ("source.consumer_types=['111','443']",)
START, END = datetime(2023, 3, 20, tzinfo=UTC), datetime(2023, 4, 3, tzinfo=UTC)
CLOCK_CHANGE = datetime(2023, 3, 26, tzinfo=UTC)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session.open(tmp_path / "home", environ={"PENSTOCK_TRACKING_URI": "off"})


def from_simulator(session: Session, *words: str, end: datetime = END) -> IngestResult:
    options = IngestOptions(system="denmark", overrides=(*SMALL, *words), start=START, end=end)
    return ingest(options, session)


def rows_in(session: Session) -> pl.DataFrame:
    table = find_table(session.workspace, "denmark")
    return table.read(table.cut(as_of=session.clock()))


def test_a_service_and_the_simulator_bring_the_same_rows(session: Session) -> None:
    words = (
        *SMALL,
        "origin=energidata",
        "energidata.dataset=ConsumptionDE35Hour",
        "energidata.only={ConsumerType_DE35: ['111', '443']}",
    )
    with serve("denmark") as player:
        address = f"energidata.base_url={player.url}"
        options = IngestOptions(system="denmark", overrides=(*words, address), start=START, end=END)
        over_http = ingest(options, session)
    (landed,) = over_http.landed
    assert landed.added == rows_in(session).height > 4 * 24 * 13
    (again,) = from_simulator(session).landed
    assert (again.added, again.revised, again.removed, again.unchanged) == (0, 0, 0, landed.added)


def test_no_hour_is_lost_or_doubled_when_the_clock_changes(session: Session) -> None:
    calm = ("source.gaps_per_series_year=0", "source.duplicates_per_series_year=0")
    from_simulator(session, *calm)
    hours = rows_in(session).filter(pl.col("HourUTC").dt.date() == CLOCK_CHANGE.date())
    assert hours.group_by("PriceArea", "ConsumerType_DE35").len()["len"].to_list() == [24] * 4
    night = hours.filter(pl.col("PriceArea") == "DK1", pl.col("ConsumerType_DE35") == "111")["HourDK"]
    assert [f"{clock:%H:%M}" for clock in night.to_list()[:3]] == ["01:00", "03:00", "04:00"]


def test_a_window_after_the_last_row_brings_nothing_and_says_so(session: Session) -> None:
    options = IngestOptions(
        system="denmark",
        overrides=(*SMALL, "source.as_of=2023-03-01T00:00:00Z"),
        start=START,
        end=END,
    )
    from_simulator(session)
    (landed,) = ingest(options, session).landed
    assert (landed.added, landed.removed) == (0, 0)


def test_a_run_keeps_the_version_it_was_planned_on(session: Session) -> None:
    first = from_simulator(session, end=datetime(2023, 4, 1, tzinfo=UTC))
    assert first.dataset == "denmark@v1"
    short = ("split.origins=1", "split.folds=1", "features.lags=[24]", "ladder=[seasonal_naive_short]")
    options = RunOptions(system="denmark", overrides=("dataset=denmark@v1", *short), only=("publish",))
    planned = plan("denmark", options.overrides, session)
    assert from_simulator(session).dataset == "denmark@v2"
    outcome = carry_out(planned, options, session)
    assert outcome.result.dataset == "denmark@v1"
    read = next(step for step in outcome.result.steps if step.name == "pinned_rows")
    assert read.digest == dataset(session.catalogue, "denmark@v1").facts.digest
    assert read.digest != dataset(session.catalogue, "denmark@v2").facts.digest


def test_what_is_published_as_of_a_day_ends_a_lag_before_it(session: Session) -> None:
    past = IngestOptions(
        system="denmark",
        overrides=SMALL,
        start=START,
        end=END + timedelta(days=40),
        as_of=datetime(2023, 5, 1, tzinfo=UTC),
    )
    published = ingest(past, session).dataset
    assert published is not None
    assert dataset(session.catalogue, published).facts.last == datetime(2023, 4, 15, 23, tzinfo=UTC)


def test_revisions_are_there_with_the_moment_they_were_shown(session: Session) -> None:
    words = ("source.revisions_per_series_year=12",)
    (landed,) = from_simulator(session, *words).landed
    assert landed.revised > 0
    table = find_table(session.workspace, "denmark")
    history = table.history(table.cut(as_of=session.clock()))
    twice = history.filter(pl.struct("HourUTC", "PriceArea", "ConsumerType_DE35").is_duplicated())
    assert twice.height == 2 * landed.revised
    assert set(history["known_how"]) == {"published"}


def test_a_part_of_the_series_removes_no_others(session: Session) -> None:
    from_simulator(session)
    options = IngestOptions(
        system="denmark", overrides=("source.consumer_types=['111']",), start=START, end=END
    )
    (landed,) = ingest(options, session).landed
    assert landed.removed == 0
    assert set(rows_in(session)["ConsumerType_DE35"]) == {"111", "443"}


def test_a_live_source_that_fell_silent_is_told_with_the_command_that_fetches(session: Session) -> None:
    words = (
        *SMALL,
        "origin=energidata",
        "energidata.dataset=ConsumptionDE35Hour",
        "energidata.only={ConsumerType_DE35: ['111', '443']}",
    )
    with serve("denmark") as player:
        address = f"energidata.base_url={player.url}"
        options = IngestOptions(system="denmark", overrides=(*words, address), start=START, end=END)
        ingest(options, session)
    judged = validate("denmark", words, session, table=True)
    (banner,) = judged.banners
    assert banner.rule == "stale_input"
    assert "penstock data ingest denmark" in banner.finding


def test_a_system_without_a_table_says_what_it_needs(session: Session, tmp_path: Path) -> None:
    folder = tmp_path / "bare"
    folder.mkdir()
    (folder / "config.yaml").write_text("")
    (folder / "system.py").write_text(
        "from pathlib import Path\n"
        "from pydantic import BaseModel, ConfigDict\n"
        "from penstock.engine import pipeline\n"
        "from penstock.systems.shared.system import System\n\n\n"
        "class Config(BaseModel):\n"
        "    model_config = ConfigDict(frozen=True, extra='forbid')\n\n\n"
        "@pipeline(name='bare')\n"
        "def train(cfg: Config) -> None:\n"
        "    return None\n\n\n"
        "SYSTEM = System(name='bare', title='', folder=Path(__file__).parent, config=Config, train=train)\n"
    )
    with pytest.raises(
        UsageError, match="System 'bare' has no table of observations; give its System a `feed`"
    ):
        ingest(IngestOptions(system=str(folder)), session)
