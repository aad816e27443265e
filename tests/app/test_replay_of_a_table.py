"""Real load in two halves with a made-up revision: nothing is known before its time."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from penstock.app.ingest import IngestOptions, ingest
from penstock.app.lineage import lineage
from penstock.app.replay import ReplayOptions, replay
from penstock.app.reproduce import reproduce
from penstock.app.runs import list_runs
from penstock.app.session import Session
from penstock.domain.errors import UsageError

FILE = Path(os.environ.get("PENSTOCK_TEST_DATA", "../shared/data")) / "pjm_zones_2023.csv.gz"
WORDS = ("target=y", "time=ds", "series=unique_id", "name=pjm", "horizon=24", "threads=1")
SMALL = ("features.lags=[1,24,168]", "features.means=[]", "features.deviations=[]", "model.n_estimators=20")
TOLD = datetime(2024, 9, 16, 6, tzinfo=UTC)
"""When the revision became known."""

WRONG = (datetime(2024, 9, 10, tzinfo=UTC), datetime(2024, 9, 11, tzinfo=UTC))
"""The day that it corrects."""


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with both halves of the file, and a file that raises one day by half."""
    if not FILE.is_file():
        pytest.skip(f"there is no {FILE}; set PENSTOCK_TEST_DATA to the folder with the test data")
    folder = tmp_path_factory.mktemp("halves")
    rows = pl.read_csv(FILE, try_parse_dates=True).with_columns(pl.col("ds").dt.replace_time_zone("UTC"))
    middle = datetime(2024, 8, 20, tzinfo=UTC)
    rows.filter(pl.col("ds").is_between(datetime(2024, 6, 1, tzinfo=UTC), middle, closed="left")).write_csv(
        folder / "first.csv"
    )
    rows.filter(pl.col("ds") >= middle).write_csv(folder / "second.csv")
    revised = rows.filter(pl.col("ds").is_between(*WRONG, closed="left"))
    revised.with_columns(pl.col("y") * 1.5, told=pl.lit(TOLD)).write_csv(folder / "revised.csv")
    return folder


def session_in(folder: Path) -> Session:
    return Session.open(folder, environ={"PENSTOCK_TRACKING_URI": "off"})


def taken_in(session: Session, folder: Path, *files: str) -> str:
    """Ingest the files in their order and return the version that is published then."""
    for file in files:
        told = ("known_at=told",) if file == "revised.csv" else ()
        overrides = (f"data={folder / file}", *WORDS, *told)
        done = ingest(IngestOptions(system="panel", overrides=overrides), session)
    assert done.dataset
    return done.dataset


def replay_of(dataset: str, days: int = 30) -> ReplayOptions:
    """Return the wish for a slot each day."""
    start = datetime(2024, 9, 1, tzinfo=UTC)
    return ReplayOptions(
        system="panel",
        overrides=(f"dataset={dataset}", *WORDS, *SMALL),
        start=start,
        end=start + timedelta(days=days),
        every="1d",
        refit="10d",
    )


def replayed(session: Session, dataset: str) -> pl.DataFrame:
    """Return the forecasts of thirty days."""
    outcome = replay(replay_of(dataset), session)
    assert outcome.result.slots == 30
    return pl.read_parquet(outcome.result.forecasts).sort("cutoff", "series", "time")


def test_a_revision_is_not_seen_before_it_was_known(halves: Path, tmp_path: Path) -> None:
    session = session_in(tmp_path / "home")
    before = replayed(session, taken_in(session, halves, "first.csv", "second.csv"))
    after = replayed(session, taken_in(session, halves, "revised.csv"))
    early = pl.col("cutoff") < TOLD
    keys = ["cutoff", "series", "time", "prediction"]
    assert before.filter(early).height == 16 * 5 * 24
    assert before.filter(early).select(keys).equals(after.filter(early).select(keys))
    late = before.filter(~early)["prediction"] != after.filter(~early)["prediction"]
    assert late.any()


def test_a_version_without_a_table_does_not_say_when_its_rows_were_known(
    halves: Path, tmp_path: Path
) -> None:
    from penstock.app.run import RunOptions, run

    session = session_in(tmp_path / "home")
    overrides = (f"data={halves / 'first.csv'}", *WORDS)
    run(RunOptions(system="panel", overrides=overrides, only=("publish",)), session)
    with pytest.raises(UsageError, match="dataset=pjm@v1 was not cut from a table"):
        replayed(session, "pjm@v1")


def test_it_can_be_reproduced_and_an_ingest_cannot(halves: Path, tmp_path: Path) -> None:
    session = session_in(tmp_path / "home")
    dataset = taken_in(session, halves, "second.csv")
    outcome = replay(replay_of(dataset, days=3), session)
    assert outcome.run.result.dataset == dataset
    (source,) = lineage(session, outcome.result.run_id).back
    assert (source.kind, source.name, len(source.parts)) == ("data", dataset, 1)
    assert reproduce(session, outcome.result.run_id).is_equal
    ingested = list_runs(session)[-1].run_id
    with pytest.raises(UsageError, match="was asked to ingest: only trainings and replays can be reproduced"):
        reproduce(session, ingested)
