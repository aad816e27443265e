"""The contract of an observation table: subclass :class:`ObservationTableContract` and say how to make one."""

# ruff: noqa: S101, PLR2004 - assertions and the numbers of their samples are what a contract suite is made of

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.domain.errors import DataError, StorageError, UnknownNameError, UsageError
from penstock.domain.windows import Window
from penstock.storage.tables.arrival import Arrival, Known
from penstock.testing.table_model import Answer, Shown, SlowTable, frame

if TYPE_CHECKING:
    import polars as pl

    from penstock.storage.tables.arrival import Appended
    from penstock.storage.tables.cut import TableCut
    from penstock.storage.tables.protocol import ObservationTable

DAY = datetime(2023, 5, 1, tzinfo=UTC)
WINDOW = Window(DAY, DAY + timedelta(hours=4))
WRITERS = 4
_TIMES = [DAY + timedelta(hours=hour) for hour in range(4)]
_CLOCK = [DAY + timedelta(hours=hour) for hour in range(0, 24, 2)]


def hour(number: float) -> datetime:
    """Return so many hours after the first time of the samples."""
    return DAY + timedelta(hours=number)


def shown(*values: float | None, series: str = "a", known_at: datetime | None = None) -> list[Shown]:
    """Return one row for each hour from the first; ``None`` is a row without a value."""
    return [
        Shown(time=hour(number), series=series, value=value, known_at=known_at)
        for number, value in enumerate(values)
    ]


@dataclass(kw_only=True)
class Desk:
    """Brings answers to a table and reads it, in few words."""

    table: ObservationTable
    number: int = 0

    def bring(
        self, rows: Sequence[Shown] | pl.DataFrame, at: float, known: Known | None = None, **changes: Any
    ) -> Appended:
        """Append rows received ``at`` so many hours; ``changes`` are other fields of the arrival."""
        self.number += 1
        known = known or Known.received()
        fields: dict[str, Any] = {
            "rows": frame(rows, published=known.how == "published") if isinstance(rows, Sequence) else rows,
            "window": WINDOW,
            "received_at": hour(at),
            "known": known,
            "mark": f"mark {self.number}",
        }
        return self.table.append(Arrival(**{**fields, **changes}))

    def values(self, at: float, window: Window | None = None) -> list[float | None]:
        """Return the values known ``at`` so many hours, in order."""
        return list(self.table.read(self.table.cut(as_of=hour(at), window=window))["value"])

    def rows(self) -> pl.DataFrame:
        """Return every row ever stored."""
        return self.table.history(self.table.cut(as_of=DAY + timedelta(days=3650)))


class ObservationTableContract(ABC):
    """What every observation table keeps; pytest collects the subclass."""

    @abstractmethod
    def make_table(self, folder: Path) -> ObservationTable:
        """Return the table with ``SCHEMA`` of the slow model in ``folder``; a second one on the same folder shares it."""

    @pytest.fixture
    def desk(self, tmp_path: Path) -> Desk:
        """Return an empty table."""
        return Desk(table=self.make_table(tmp_path))

    def test_rows_come_back_with_their_clocks(self, desk: Desk) -> None:
        """What was received is known from then on, and not before."""
        done = desk.bring(shown(1.0, None), 5)
        assert (done.added, done.revised, done.removed, done.unchanged) == (2, 0, 0, 0)
        read = desk.table.read(desk.table.cut(as_of=hour(5)))
        assert list(read.columns) == ["time", "series", "value", "known_at", "known_how"]
        assert read.rows() == [
            (hour(0), "a", 1.0, hour(5), "received"),
            (hour(1), "a", None, hour(5), "received"),
        ]
        assert desk.values(4.999) == []

    def test_a_cut_before_all_knowledge_has_all_columns(self, desk: Desk) -> None:
        """Nothing known is no error, and has the same shape."""
        desk.bring(shown(1.0), 5)
        cut = desk.table.cut(as_of=hour(5))
        nothing = desk.table.read(desk.table.cut(as_of=hour(-99)))
        assert nothing.is_empty()
        assert nothing.schema == desk.table.read(cut).schema
        assert desk.table.history(desk.table.cut(as_of=hour(-99))).schema == desk.table.history(cut).schema

    def test_an_empty_table_reads_as_nothing(self, desk: Desk) -> None:
        """Before the first ingest there is a shape already."""
        assert desk.values(5) == []
        assert list(desk.rows()["deleted"]) == []

    def test_equal_values_are_kept_once(self, desk: Desk) -> None:
        """A → A is one row, however often it is ingested."""
        desk.bring(shown(1.0, None), 5)
        again = desk.bring(shown(1.0, float("nan")), 6)
        assert (again.added, again.revised, again.unchanged) == (0, 0, 2)
        assert desk.rows().height == 2

    def test_there_and_back_is_three_rows(self, desk: Desk) -> None:
        """A → B → A keeps what was believed in between."""
        for at, value in ((5, 1.0), (6, 2.0), (7, 1.0)):
            desk.bring(shown(value), at)
        assert desk.rows().height == 3
        assert [desk.values(at) for at in (5, 6, 7)] == [[1.0], [2.0], [1.0]]

    def test_null_and_value_are_a_revision_of_each_other(self, desk: Desk) -> None:
        """A missing value is something that was said."""
        for at, value in ((5, 1.0), (6, None), (7, 1.0)):
            desk.bring(shown(value), at)
        assert [desk.values(at) for at in (5, 6, 7)] == [[1.0], [None], [1.0]]

    def test_a_missing_row_becomes_a_tombstone_and_may_come_back(self, desk: Desk) -> None:
        """A removal is known from the arrival that did not show the row."""
        desk.bring(shown(1.0, 2.0), 5)
        assert desk.bring(shown(1.0), 6).removed == 1
        assert desk.bring(shown(1.0), 7).removed == 0
        back = desk.bring(shown(1.0, 2.0), 8)
        assert (back.added, back.revised) == (1, 0)
        assert [desk.values(at) for at in (5, 6, 7, 8)] == [[1.0, 2.0], [1.0], [1.0], [1.0, 2.0]]
        assert desk.rows().filter(series="a", deleted=True)["value"].to_list() == [None]

    def test_only_the_window_of_a_complete_arrival_is_compared(self, desk: Desk) -> None:
        """What was not asked for is not missing; the end of the window was not asked for."""
        desk.bring(shown(1.0, 2.0, 3.0), 5)
        desk.bring(shown(1.0), 6, window=Window(hour(0), hour(1)))
        desk.bring(shown(1.0), 7, complete=False)
        assert desk.values(9) == [1.0, 2.0, 3.0]

    def test_an_empty_answer_must_be_meant(self, desk: Desk) -> None:
        """A source that fails often answers with nothing."""
        desk.bring([], 4)
        desk.bring(shown(1.0), 5)
        with pytest.raises(
            DataError, match=r"no rows, but table 'demo' knows 1 there: a at 2023-05-01T00:00:00Z"
        ):
            desk.bring([], 6)
        assert desk.values(7) == [1.0]
        desk.bring([], 8, complete=False)
        assert desk.bring([], 8, may_empty=True).removed == 1
        assert desk.values(8) == []

    def test_an_assumed_lag_counts_for_the_first_sight_only(self, desk: Desk) -> None:
        """A revision is known from its arrival, so that the past as it was known cannot change."""
        lag = Known.assumed(timedelta(hours=2))
        desk.bring(shown(1.0), 9, lag)
        desk.bring(shown(2.0), 10, lag)
        assert [desk.values(at) for at in (1.9, 2, 9.9, 10)] == [[], [1.0], [1.0], [2.0]]
        assert list(desk.rows()["known_how"]) == ["assumed", "received"]

    def test_rows_seen_before_their_lag_are_known_when_received(self, desk: Desk) -> None:
        """A lag is a guess; an arrival is a fact."""
        desk.bring(shown(1.0), 1, Known.assumed(timedelta(hours=2)))
        assert desk.values(1) == [1.0]
        assert list(desk.rows()["known_how"]) == ["received"]

    def test_a_row_that_an_earlier_look_did_not_show_was_not_known_then(self, desk: Desk) -> None:
        """Late rows do not slip into a past in which the source was seen without them."""
        lag = Known.assumed(timedelta(hours=2))
        desk.bring(shown(1.0), 9, lag)
        desk.bring(shown(1.0, 2.0), 12, lag)
        assert [desk.values(at) for at in (4, 11, 12)] == [[1.0], [1.0], [1.0, 2.0]]

    def test_a_row_that_comes_back_is_known_when_it_came_back(self, desk: Desk) -> None:
        """A tombstone is no first sight."""
        lag = Known.assumed(timedelta(hours=2))
        desk.bring(shown(1.0, 2.0), 9, lag)
        desk.bring(shown(1.0), 10, lag)
        desk.bring(shown(1.0, 2.0), 11, lag)
        assert [desk.values(at) for at in (9, 10, 11)] == [[1.0, 2.0], [1.0], [1.0, 2.0]]

    def test_published_stamps_may_come_out_of_order(self, desk: Desk) -> None:
        """Late news of early knowledge finds its place and takes nothing back."""
        known = Known.published()
        desk.bring(shown(2.0, known_at=hour(6)), 7, known)
        desk.bring(shown(1.0, known_at=hour(3)), 8, known)
        assert [desk.values(at) for at in (2, 3, 5, 6, 9)] == [[], [1.0], [1.0], [2.0], [2.0]]

    def test_one_arrival_may_tell_a_whole_history(self, desk: Desk) -> None:
        """Each publication is compared with the one before it."""
        rows = [*shown(1.0, known_at=hour(3)), *shown(1.0, known_at=hour(4)), *shown(2.0, known_at=hour(5))]
        done = desk.bring(rows, 7, Known.published())
        assert (done.added, done.revised, done.unchanged) == (1, 1, 1)
        assert [desk.values(at) for at in (3, 4, 5)] == [[1.0], [1.0], [2.0]]

    def test_a_stamp_later_than_the_arrival_or_missing_gives_way_to_it(self, desk: Desk) -> None:
        """Nobody receives what is not known yet."""
        rows = [*shown(1.0, known_at=hour(99)), *shown(2.0, series="b")]
        desk.bring(rows, 7, Known.published())
        assert desk.values(7) == [1.0, 2.0]
        assert list(desk.rows()["known_how"]) == ["received", "received"]

    def test_of_equal_stamps_the_last_ingest_counts(self, desk: Desk) -> None:
        """A source may correct a row without a new stamp."""
        for at in range(5, 12):
            desk.bring(shown(float(at), known_at=hour(3)), at, Known.published())
            assert desk.values(3) == [float(at)]

    def test_of_equal_stamps_the_later_arrival_counts_if_it_was_written_first(self, desk: Desk) -> None:
        """Writing last is not knowing best."""
        desk.bring(shown(2.0, known_at=hour(3)), 6, Known.published())
        assert desk.bring(shown(1.0, known_at=hour(3)), 5, Known.published()).unchanged == 1
        assert desk.values(9) == [2.0]

    def test_an_overtaken_arrival_takes_nothing_back(self, desk: Desk) -> None:
        """Of two ingests at once, the one that asked later is right, whichever writes last."""
        lag = Known.assumed(timedelta(hours=1))
        desk.bring(shown(2.0, 5.0), 9, lag)
        late = desk.bring(shown(1.0), 8, lag)
        assert (late.revised, late.removed) == (0, 0)
        assert desk.values(9) == [2.0, 5.0]

    def test_a_mark_counts_once(self, desk: Desk) -> None:
        """A repeated arrival changes nothing, even if it brought nothing the first time."""
        desk.bring(shown(1.0), 5, mark="one")
        desk.bring(shown(1.0), 6, mark="two")
        desk.bring(shown(2.0), 7)
        repeated = desk.bring(shown(1.0), 8, mark="two")
        assert repeated.repeated
        assert (repeated.added, repeated.revised, repeated.removed, repeated.unchanged) == (0, 0, 0, 0)
        assert desk.values(9) == [2.0]

    def test_a_version_changes_with_the_rows_only(self, desk: Desk) -> None:
        """An ingest without news leaves equal cuts equal, and what depends on them stands."""
        desk.bring(shown(1.0), 5)
        before = desk.table.cut(as_of=hour(9))
        assert desk.bring(shown(1.0), 6).version == before.version == desk.table.version
        desk.table.compact()
        assert desk.table.cut(as_of=hour(9)) == before
        assert desk.bring(shown(2.0), 7).version == desk.table.version > before.version

    def test_a_cut_reads_the_same_for_ever(self, desk: Desk) -> None:
        """Later ingests are not seen, even if they bring earlier knowledge."""
        desk.bring(shown(1.0), 5)
        cut = desk.table.cut(as_of=hour(9))
        desk.bring(shown(2.0, known_at=hour(8)), 8, Known.published())
        desk.table.compact()
        desk.table.vacuum()
        assert desk.table.read(cut)["value"].to_list() == [1.0]
        assert desk.values(9) == [2.0]

    def test_reads_are_cut_by_window(self, desk: Desk) -> None:
        """The end of a window does not belong to it; a window without rows is no error."""
        desk.bring(shown(1.0, 2.0, 3.0), 5)
        assert desk.values(5, Window(hour(1), hour(2))) == [2.0]
        assert desk.values(5, Window(hour(2), hour(2))) == []
        assert desk.values(5, Window(hour(50), hour(60))) == []
        assert desk.values(5, Window(hour(-9), hour(60))) == [1.0, 2.0, 3.0]

    def test_values_can_be_chosen(self, desk: Desk) -> None:
        """Only what is needed is read; an unknown name is refused with the nearest."""
        desk.bring(shown(1.0), 5)
        cut = desk.table.cut(as_of=hour(5))
        assert list(desk.table.read(cut, values=[]).columns) == ["time", "series", "known_at", "known_how"]
        with pytest.raises(UnknownNameError, match=r"no value 'valu'; did you mean 'value'"):
            desk.table.read(cut, values=["valu"])

    def test_conflicting_rows_of_one_arrival_are_refused(self, desk: Desk) -> None:
        """Two values for one observation: nobody can say which is right. Equal copies are one row."""
        assert desk.bring([*shown(1.0), *shown(1.0)], 5).added == 1
        with pytest.raises(
            DataError, match=r"different values for 1 observations .*: a at 2023-05-01T00:00:00Z"
        ):
            desk.bring([*shown(1.0), *shown(2.0)], 6)
        assert desk.rows().height == 1

    @pytest.mark.parametrize("at", [-0.001, 4])
    def test_rows_outside_the_window_are_refused(self, desk: Desk, at: float) -> None:
        """A source that answers another question than was asked is not believed."""
        with pytest.raises(DataError, match=r"1 rows lie outside the window .* a at 2023-0"):
            desk.bring([Shown(time=hour(at), series="a", value=1.0)], 6)
        assert desk.rows().is_empty()

    def test_rows_of_another_shape_are_refused(self, desk: Desk) -> None:
        """All faults are told at once."""
        rows = frame(shown(1.0)).select("series", "time", price="value")
        with pytest.raises(DataError, match=r"value is missing, price is unknown.*changed its schema"):
            desk.bring(rows, 6)
        with pytest.raises(DataError, match=r"value is String, needed Float64"):
            desk.bring(frame(shown(1.0)).cast({"value": str}), 6)
        with pytest.raises(DataError, match=r"1 rows have no series"):
            desk.bring(frame(shown(1.0)).with_columns(series=None).cast({"series": str}), 6)

    def test_stamps_without_zone_and_empty_marks_are_refused(self, desk: Desk) -> None:
        """A time without a zone is no time."""
        with pytest.raises(UsageError, match="no time zone"):
            desk.table.cut(as_of=datetime(2023, 5, 1))  # noqa: DTZ001 - what is refused
        with pytest.raises(UsageError, match=r"received_at .* no time zone"):
            desk.bring([], 6, received_at=datetime(2023, 5, 1))  # noqa: DTZ001
        with pytest.raises(UsageError, match="needs a mark"):
            desk.bring([], 6, mark=" ")

    def test_a_foreign_or_future_cut_is_refused(self, desk: Desk) -> None:
        """Equal names are not equal tables."""
        desk.bring(shown(1.0), 5)
        cut = desk.table.cut(as_of=hour(9))
        with pytest.raises(StorageError, match="identity"):
            desk.table.read(cut.model_copy(update={"table_id": "other"}))
        with pytest.raises(StorageError, match=r"newest version is \d+"):
            desk.table.read(cut.model_copy(update={"version": 99}))

    def test_upkeep_loses_nothing(self, desk: Desk) -> None:
        """Fewer files, equal rows, equal marks; a second round has nothing to do."""
        for at in range(5, 12):
            desk.bring(shown(float(at), 1.0, float(at % 2)), at)
        cuts = [desk.table.cut(as_of=hour(at)) for at in range(4, 13)]
        before = [desk.table.read(cut) for cut in cuts]
        done = desk.table.compact()
        assert done.before > done.after >= 1
        assert desk.table.vacuum().files == done.before
        assert desk.table.vacuum().files == 0
        assert desk.table.compact().before == 0
        assert all(desk.table.read(cut).equals(frame) for cut, frame in zip(cuts, before, strict=True))
        assert desk.bring(shown(1.0), 20, mark="mark 1").repeated

    def test_pins_are_listed_and_keep_their_files(self, desk: Desk) -> None:
        """Pinning twice is no error."""
        desk.bring(shown(1.0), 5)
        desk.bring(shown(2.0), 6)
        cut = desk.table.cut(as_of=hour(5))
        desk.table.pin(cut)
        desk.table.pin(cut)
        desk.table.compact()
        assert desk.table.pinned() == [cut]
        assert desk.table.vacuum().files == 0
        assert desk.table.read(cut)["value"].to_list() == [1.0]

    def test_writers_at_once_make_one_copy(self, desk: Desk, tmp_path: Path) -> None:
        """Several threads bring overlapping windows; every row is there once."""

        def write(number: int) -> None:
            window = Window(hour(0), hour(number % 2 + 2))
            rows = shown(1.0, 2.0, 3.0)[: number % 2 + 2]
            Desk(table=self.make_table(tmp_path)).bring(rows, 5, window=window, mark=f"writer {number}")

        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(write, range(2 * WRITERS)))
        assert desk.values(5) == [1.0, 2.0, 3.0]
        assert desk.rows().height == 3

    def test_readers_never_meet_half_of_anything(self, desk: Desk, tmp_path: Path) -> None:
        """While one thread ingests, compacts and vacuums, another reads whole versions only."""
        desk.bring(shown(0.0, 0.0), 4)
        cut = desk.table.cut(as_of=hour(4))

        def churn() -> None:
            for at in range(5, 15):
                desk.bring(shown(float(at), float(at)), at)
                desk.table.compact()
                desk.table.vacuum()

        with ThreadPoolExecutor(1) as pool:
            work = pool.submit(churn)
            other = Desk(table=self.make_table(tmp_path))
            while not work.done():
                first, second = other.values(99)
                assert first == second
                assert other.table.read(cut)["value"].to_list() == [0.0, 0.0]
            work.result()

    @settings(deadline=None, max_examples=20, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def test_any_history_reads_as_the_slow_table_says(
        self, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
    ) -> None:
        """Arrivals in any order, compactions, vacuums and pins: every cut is what plain loops say, for ever."""
        table = self.make_table(tmp_path_factory.mktemp("table"))
        slow, taken = SlowTable(), [_Taken.of(table, SlowTable(), None, hour(99))]
        for number in range(data.draw(st.integers(1, 7), label="arrivals")):
            answer = data.draw(answers(f"mark {number}"), label="answer")
            table.append(answer.arrival)
            slow.append(answer)
            for act in data.draw(st.lists(st.sampled_from(_UPKEEP), max_size=2), label="upkeep"):
                act(table)
            window = data.draw(st.sampled_from([None, WINDOW, Window(hour(1), hour(3))]), label="window")
            taken.append(_Taken.of(table, slow, window, data.draw(st.sampled_from(_CLOCK), label="as of")))
            if data.draw(st.booleans(), label="pin"):
                table.pin(taken[-1].cut)
        taken += [_Taken.of(table, slow, None, as_of) for as_of in _CLOCK[1::4]]
        for one in taken:
            one.check(table)


_UPKEEP: list[Callable[[ObservationTable], object]] = [
    lambda table: table.compact(),
    lambda table: table.vacuum(),
]


@dataclass(frozen=True, kw_only=True)
class _Taken:
    """A cut, and what it must read for ever."""

    cut: TableCut
    newest: list[tuple[object, ...]]
    every: list[tuple[object, ...]]

    @classmethod
    def of(cls, table: ObservationTable, slow: SlowTable, window: Window | None, as_of: datetime) -> _Taken:
        newest = slow.read(as_of, window, slow.content)
        every = slow.history(as_of, window, slow.content)
        return cls(
            cut=table.cut(as_of=as_of, window=window),
            newest=[(row.time, row.series, row.value, row.known_at, row.known_how) for row in newest],
            every=[
                (row.time, row.series, row.value, row.known_at, row.known_how, row.received_at, row.deleted)
                for row in every
            ],
        )

    def check(self, table: ObservationTable) -> None:
        assert table.read(self.cut).rows() == self.newest
        assert table.history(self.cut).drop("sequence", "revision").rows() == self.every


@st.composite
def answers(draw: st.DrawFn, mark: str) -> Answer:
    """Draw what a source may answer: any rows, clocks and kinds of knowledge, in any order."""
    start, end = sorted(draw(st.tuples(st.integers(0, 4), st.integers(0, 4))))
    window = Window(hour(start), hour(end))
    lag = st.integers(-2, 6).map(lambda hours: Known.assumed(timedelta(hours=hours)))
    known = draw(st.one_of(st.just(Known.received()), st.just(Known.published()), lag))
    received_at = draw(st.sampled_from(_CLOCK))
    return Answer(
        shown=draw(_rows(window, received_at, published=known.how == "published")),
        window=window,
        received_at=received_at,
        known=known,
        mark=draw(st.sampled_from([mark, mark, mark, "the same"])),
        complete=draw(st.booleans()),
    )


@st.composite
def _rows(draw: st.DrawFn, window: Window, received_at: datetime, *, published: bool) -> list[Shown]:
    times = [time for time in _TIMES if time in window]
    stamps = st.sampled_from([*_CLOCK, None]) if published else st.none()
    values = st.sampled_from([None, float("nan"), 1.0, 2.0])
    row = st.builds(
        Shown, time=st.sampled_from(times), series=st.sampled_from(["a", "b"]), value=values, known_at=stamps
    )
    rows = draw(st.lists(row, max_size=6)) if times else []
    # Rows that contradict each other are refused elsewhere; here the first of them is enough.
    named = {
        (row.time, row.series, min(row.known_at or received_at, received_at)): row for row in reversed(rows)
    }
    return list(named.values())
