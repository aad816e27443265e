"""Files in a table: ingested, published, compared, judged, and followed back and forward."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.cli.samples import COLUMNS, TINY, Command, Rows, wave, write_csv
else:
    from cli.samples import COLUMNS, TINY, Command, Rows, wave, write_csv

NAMED = (*COLUMNS, "name=power")


def ingest(penstock: Command, file: str, *words: str) -> Any:
    said = penstock("data", "ingest", "panel", f"data={file}", *NAMED, *words, "--quiet", "--json")
    assert said.code == 0, said.err
    return json.loads(said.out)


def counts(ingested: Any) -> list[tuple[int, int, int, int]]:
    names = ("added", "revised", "removed", "unchanged")
    return [tuple(one[name] for name in names) for one in ingested["landed"]]


@pytest.fixture
def halves(home: Path, two_series: Rows) -> None:
    """Write two files that overlap by a day, and one that corrects two rows of the first."""
    first = [row for row in two_series if str(row[1]) < "2024-01-07"]
    second = [row for row in two_series if str(row[1]) >= "2024-01-06"]
    corrected = [(name, stamp, float(str(value)) + 1000) for name, stamp, value in first[10:12]]
    for file, rows in (("first.csv", first), ("second.csv", second), ("corrected.csv", corrected)):
        write_csv(Path(file), rows)


@pytest.mark.usefixtures("halves")
def test_only_what_is_new_is_kept(penstock: Command) -> None:
    first, second = ingest(penstock, "first.csv"), ingest(penstock, "second.csv")
    again, corrected = ingest(penstock, "second.csv"), ingest(penstock, "corrected.csv")
    assert counts(first) == [(288, 0, 0, 0)]
    assert counts(second) == [(192, 0, 0, 48)]
    assert counts(again) == [(0, 0, 0, 240)]
    assert counts(corrected) == [(0, 2, 0, 0)]
    versions = [one["dataset"] for one in (first, second, again, corrected)]
    assert versions == ["power@v1", "power@v2", "power@v2", "power@v3"]


@pytest.mark.usefixtures("halves")
def test_a_version_says_what_it_holds_and_how_it_differs(penstock: Command) -> None:
    for file in ("first.csv", "second.csv", "corrected.csv"):
        ingest(penstock, file)
    shown = penstock("data", "show", "power@v3")
    assert "source    table power" in shown.out
    assert "cut       power (version" in shown.out
    assert "No series misses a step." in shown.out
    assert "Datetime UTC" in penstock("data", "show", "power@v3", "--schema").out
    said = penstock("data", "diff", "power@v2", "power@v3")
    assert "power@v2 → power@v3: 0 rows added, 2 revised, 0 removed, 478 unchanged" in said.out
    assert "revised: a 2024-01-01T10:00Z y: " in said.out
    difference = json.loads(penstock("data", "diff", "power@v1", "power@v2", "--json").out)
    assert difference["changes"]["added"] == 192
    assert {column["name"] for column in difference["drift"]["columns"]} == {"series", "time", "y"}


@pytest.mark.usefixtures("halves")
def test_what_was_known_earlier_can_be_published(penstock: Command) -> None:
    ingest(penstock, "first.csv", "lag_days=1")
    early = ("--no-fetch", "--as-of", "2024-01-04T00:00Z", "lag_days=1")
    past = ingest(penstock, "first.csv", *early)
    assert past["landed"] == []
    shown = json.loads(penstock("data", "show", past["dataset"], "--json").out)
    assert shown["version"]["facts"]["last"] == "2024-01-03T00:00:00Z"


def test_the_file_may_say_when_a_row_became_known(home: Path, penstock: Command) -> None:
    rows = wave(48)
    begun = datetime(2024, 1, 1, tzinfo=UTC)
    told = [(*row, (begun + timedelta(days=5)).isoformat()) for row in rows]
    told += [("a", rows[3][1], 999.0, (begun + timedelta(days=9)).isoformat())]
    lines = ["id,stamp,load,told", *(",".join(map(str, row)) for row in told)]
    Path("told.csv").write_text("\n".join(lines) + "\n")
    landed = ingest(penstock, "told.csv", "known_at=told")["landed"]
    assert (landed[0]["added"], landed[0]["revised"]) == (48, 1)
    before = ingest(penstock, "told.csv", "known_at=told", "--no-fetch", "--as-of", "2024-01-08")["dataset"]
    after = ingest(penstock, "told.csv", "known_at=told", "--no-fetch")["dataset"]
    assert "1 revised" in penstock("data", "diff", before, after).out


@pytest.mark.usefixtures("halves")
def test_equal_rows_of_which_more_is_known_are_a_version_of_their_own(penstock: Command) -> None:
    words = ("run", "panel", "data=first.csv", *NAMED, *TINY, "search=false", "--quiet", "--json")
    assert json.loads(penstock(*words).out)["dataset"] == "power@v1"
    assert ingest(penstock, "first.csv")["dataset"] == "power@v2"
    assert ingest(penstock, "first.csv")["dataset"] == "power@v2"
    lines = Path("first.csv").read_text().splitlines()
    Path("wrong.csv").write_text("\n".join([lines[0], lines[1].rpartition(",")[0] + ",1.5"]) + "\n")
    assert ingest(penstock, "wrong.csv")["dataset"] == "power@v3"
    assert ingest(penstock, "first.csv")["dataset"] == "power@v4"
    same = json.loads(penstock("data", "diff", "power@v2", "power@v4", "--json").out)["changes"]
    assert (same["added"], same["revised"], same["removed"]) == (0, 0, 0)
    again = ("run", "panel", "dataset=power@v4", *TINY, "search=false", "--quiet", "--json")
    assert json.loads(penstock(*again).out)["dataset"] == "power@v4"
    assert json.loads(penstock(*words).out)["dataset"] == "power@v1"


@pytest.mark.usefixtures("halves")
def test_what_brings_nothing_new_keeps_no_further_cut(penstock: Command) -> None:
    for _ in range(2):
        assert ingest(penstock, "first.csv")["dataset"] == "power@v1"
    (table,) = json.loads(penstock("data", "tables", "--json").out)["tables"]
    assert (table["name"], table["pinned"]) == ("power", 1)


@pytest.mark.usefixtures("halves")
def test_everything_can_be_followed_back_and_forward(penstock: Command) -> None:
    first = ingest(penstock, "first.csv")
    trained = penstock("run", "panel", "dataset=power@v1", *TINY, "search=false", "--quiet", "--json")
    assert trained.code == 0, trained.err
    run = json.loads(trained.out)["run_id"]
    ingested = first["landed"][0]["ingest_id"]

    row = penstock("lineage", f"forecast:{run}/a/2024-01-07T02:00Z")
    naive = penstock("lineage", f"forecast:{run}/a/2024-01-07T02:00")
    assert (naive.code, "prediction" in naive.out) == (0, True)
    assert row.code == 0, row.err
    assert f"forecast {run}/a/2024-01-07T02:00Z  prediction " in row.out
    for word in ("model power@v1", f"run {run}", "data power@v1", f"ingest {ingested}"):
        assert word in row.out
    forward = penstock("lineage", f"ingest:{ingested}").out
    for word in ("data power@v1", f"run {run}", "model power@v1", f"forecast {run}"):
        assert word in forward
    tree = json.loads(penstock("lineage", "model:power@candidate", "--json").out)
    assert tree["back"][0]["parts"][0]["name"] == "power@v1"
    apart = penstock("runs", "compare", run, first["run"]["run_id"]).out.splitlines()
    assert len([line for line in apart if line.startswith("code ")]) == 101
    assert any(line.endswith("more (--json shows all)") for line in apart)


@pytest.mark.usefixtures("halves")
def test_a_forecast_that_was_moved_is_read_from_the_workspace(penstock: Command) -> None:
    ingest(penstock, "first.csv")
    words = ("run", "panel", "dataset=power@v1", *TINY, "search=false", "--quiet", "--json")
    run = json.loads(penstock(*words, "--forecast-to", "mine.csv").out)["run_id"]
    reference = f"forecast:{run}/a/2024-01-07T02:00Z"
    there = penstock("lineage", reference)
    Path("mine.csv").rename("elsewhere.csv")
    moved = penstock("lineage", reference)
    assert (moved.code, moved.out) == (0, there.out)
    next((Path("home") / "runs" / run).glob("forecast.*")).unlink()
    gone = penstock("lineage", reference)
    assert gone.code == 2
    assert "The forecast mine.csv" in gone.err


@pytest.mark.usefixtures("halves")
def test_references_to_nothing(penstock: Command) -> None:
    ingest(penstock, "first.csv")
    for reference, message in (
        ("nobody", "There is no finished run 'nobody'"),
        ("data:power@latest", "'power@latest' is no dataset version"),
        ("ingest:x", "There is no ingest 'x'"),
        ("model:power@v1", "There is no release power@v1"),
        ("power@v9", "There is no dataset version 'power@v9'; did you mean 'power@v1'?"),
    ):
        said = penstock("lineage", reference)
        assert said.code == 2
        assert message in said.err


@pytest.mark.usefixtures("halves")
def test_a_bare_name_that_may_mean_two_things(penstock: Command) -> None:
    ingest(penstock, "first.csv")
    trained = penstock("run", "panel", "dataset=power@v1", *TINY, "search=false", "--quiet", "--json")
    said = penstock("lineage", "power@v1")
    assert said.code == 2
    assert "Say which: data:power@v1 or model:power@v1." in said.err
    run = json.loads(trained.out)["run_id"]
    lost = penstock("lineage", f"forecast:{run}/a/2031-01-07T02:00Z")
    assert lost.code == 2
    assert "has no row of 'a' at 2031-01-07T02:00Z; it has 2024-01-07 00:00:00" in lost.err
    assert penstock("lineage", f"forecast:{run}/a/noon").code == 2


@pytest.mark.usefixtures("home")
def test_rows_that_landed_are_told_where_no_version_is_published(penstock: Command, two_series: Rows) -> None:
    write_csv(Path("gappy.csv"), [*two_series[:40], *two_series[60:]])
    said = penstock("data", "ingest", "panel", "data=gappy.csv", *NAMED, "--quiet")
    assert (said.code, said.out) == (3, "")
    assert "kept in table 'power', though no version was published: file gappy.csv [2024-01-01T" in said.err
    assert "460 added" in said.err
    again = penstock("data", "ingest", "panel", "data=gappy.csv", *NAMED, "--quiet")
    assert (again.code, "kept in table" in again.err) == (3, False)


@pytest.mark.usefixtures("home")
def test_rows_that_are_set_aside_are_told(penstock: Command, two_series: Rows) -> None:
    write_csv(Path("power.csv"), [("a", two_series[0][1], -7.0), *two_series[1:]])
    strict = ("quality.allow_negative=false", "quality.quarantine=true")
    said = penstock("data", "ingest", "panel", "data=power.csv", *NAMED, *strict, "--quiet")
    assert said.code == 0
    assert "Noted: quarantine (1): rows set aside by negative_values (1): a 2024-01-01T00:00Z" in said.out
    assert "T23:00:01Z): 480 added" in said.out


def test_banners_are_raised_and_cleared(home: Path, penstock: Command) -> None:
    rows = wave(96)
    write_csv(Path("gappy.csv"), [*rows[:40], *rows[60:]])
    said = penstock("data", "ingest", "panel", "data=gappy.csv", *NAMED, "--quiet")
    assert said.code == 3
    assert "gaps of more than 3 steps" in said.err
    judged = penstock("data", "validate", "panel", "data=gappy.csv", *NAMED, "--table", "--json")
    assert judged.code == 3
    (banner,) = json.loads(judged.out)["banners"]
    assert (banner["rule"], banner["cleared_at"]) == ("gaps", None)
    write_csv(Path("missing.csv"), rows[40:60])
    ingest(penstock, "missing.csv")
    healed = penstock("data", "validate", "panel", "data=gappy.csv", *NAMED, "--table")
    assert healed.code == 0
    assert "No banner stands." in healed.out


@pytest.mark.usefixtures("halves")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--start", "2024-02-01", "--end", "2024-01-01"), "give a --start before the --end"),
        (("--as-of", "2999-01-01"), "lies in the future"),
        (("--start", "tomorrow"), "--start 'tomorrow' is no time; write a date, 2023-05-01"),
        (("--end", "9999-12-31T23:00-05:00"), "--end '9999-12-31T23:00-05:00' is no time in UTC"),
    ],
)
def test_wrong_windows(penstock: Command, words: tuple[str, ...], message: str) -> None:
    said = penstock("data", "ingest", "panel", "data=first.csv", *NAMED, *words)
    assert said.code == 2
    assert message in said.err


def test_rows_of_another_schema_do_not_mix(home: Path, penstock: Command, two_series: Rows) -> None:
    write_csv(Path("power.csv"), two_series)
    ingest(penstock, "power.csv")
    Path("wider.csv").write_text("id,stamp,load,town\na,2024-01-01T00:00:00+00:00,1.0,Aarhus\n")
    said = penstock("data", "ingest", "panel", "data=wider.csv", *NAMED, "static=town")
    assert said.code == 3
    assert "Table 'power'" in said.err
    assert "has another schema: value town: absent here, text there" in said.err


def test_a_window_that_was_never_ingested_needs_a_start(home: Path, penstock: Command) -> None:
    said = penstock("data", "ingest", "denmark", "origin=energidata")
    assert said.code == 2
    assert "Nothing was ingested into table 'denmark-industry' yet" in said.err
    assert "give --start" in said.err


@pytest.mark.usefixtures("halves")
def test_a_table_is_listed_and_kept_in_order(penstock: Command) -> None:
    for file in ("first.csv", "second.csv", "corrected.csv"):
        ingest(penstock, file)
    (line,) = json.loads(penstock("data", "tables", "--json").out)["tables"]
    assert (line["name"], line["observations"], line["pinned"]) == ("power", 480, 3)
    assert "power" in penstock("data", "tables").out
    before = penstock("data", "show", "power@v2", "--json").out
    done = penstock("data", "compact", "power")
    assert done.code == 0
    assert "power: " in done.out
    assert penstock("data", "show", "power@v2", "--json").out == before
    lost = penstock("data", "compact", "powre")
    assert lost.code == 2
    assert "has no table 'powre'; did you mean 'power'?" in lost.err
