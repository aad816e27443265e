"""The contracts of a source: subclass :class:`SourceContract` and say which source and which window.

A source over HTTP subclasses :class:`TapedSourceContract` and says which tape: it is then played to the source over
real HTTP on this machine, once as it is and once with each fault.
"""

# ruff: noqa: S101 - assertions are what a contract suite is made of

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

import pytest

from penstock.domain.errors import DataError, ExitCode, ServiceError
from penstock.domain.windows import Window
from penstock.sources.http.access import Access, Progress
from penstock.sources.http.paging import time_column, within
from penstock.sources.http.service import HttpPolicy
from penstock.sources.tapes.faults import parse_fault
from penstock.sources.tapes.player import TapePlayer

if TYPE_CHECKING:
    import polars as pl

    from penstock.sources.protocol import Source
    from penstock.sources.tapes.tape import Tape


class SourceContract(ABC):
    """What every source keeps; pytest collects the subclass.

    The first ``instant`` column of the schema is the time by which windows are cut, else the first ``date``: a day
    lies where its midnight in UTC does.
    """

    @abstractmethod
    def source(self) -> Source:
        """Return the source under test, the same state of the world each time."""

    @abstractmethod
    def window(self) -> Window:
        """Return a window with rows, known for longer than the lag."""

    def test_rows_have_the_columns_of_the_schema_in_order(self) -> None:
        """Code downstream relies on names, not on luck."""
        assert tuple(self._rows().columns) == self.source().schema.names

    def test_window_has_rows_and_all_lie_in_it(self) -> None:
        """The end of a window does not belong to it."""
        rows = self._rows()
        assert rows.height > 0
        assert within(rows, self.window(), time_column(self.source().schema)).all()

    def test_rows_come_oldest_first(self) -> None:
        """Appending window after window keeps a table in order."""
        assert self._times(self._rows()).is_sorted()

    def test_fetching_again_gives_the_same_rows(self) -> None:
        """A retry can never change what is known."""
        assert self._rows().equals(self._rows())

    def test_two_halves_are_the_whole(self) -> None:
        """Half-open windows that meet lose no row and repeat none."""
        import polars as pl

        whole = self.window()
        middle = whole.start + timedelta(seconds=whole.length.total_seconds() // 2)
        halves = (Window(whole.start, middle), Window(middle, whole.end))
        assert pl.concat([self.source().fetch(half) for half in halves]).equals(self._rows())

    def test_empty_window_gives_no_rows_but_all_columns(self) -> None:
        """Nothing to fetch is no error, and has the same shape."""
        start = self.window().start
        nothing = self.source().fetch(Window(start, start))
        assert nothing.is_empty()
        assert nothing.schema == self._rows().schema

    def _rows(self) -> pl.DataFrame:
        return self.source().fetch(self.window())

    def _times(self, rows: pl.DataFrame) -> pl.Series:
        return rows[time_column(self.source().schema)]


@dataclass
class FakeTime:
    """A clock that only moves when somebody sleeps; ``slept`` lists for how many seconds."""

    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    slept: list[float] = field(default_factory=list)

    def clock(self) -> datetime:
        """Return the moment."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Wait for nothing and be later."""
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Played:
    """A source that hears a tape: the player with its requests, the clock, and what was told meanwhile."""

    source: Source
    player: TapePlayer
    time: FakeTime
    told: list[str]


class TapedSourceContract(SourceContract):
    """What every source over HTTP keeps, whatever its service does; pytest collects the subclass.

    ``counted`` says that the service tells how many rows there are.
    """

    counted: ClassVar[bool] = True

    @abstractmethod
    def tape(self) -> Tape:
        """Return a tape with rows in the window."""

    @abstractmethod
    def connect(self, base_url: str, access: Access, policy: HttpPolicy) -> Source:
        """Return the source under test, asking ``base_url`` so."""

    def setup_method(self) -> None:
        """Have a place for the players of one test."""
        self._players = ExitStack()

    def teardown_method(self) -> None:
        """Stop them."""
        self._players.close()

    def source(self) -> Source:
        """Return the source at a faultless tape."""
        return self.played().source

    def played(self, *faults: str, policy: HttpPolicy | None = None) -> Played:
        """Return the source at a tape with ``faults``, as :func:`~penstock.sources.tapes.faults.parse_fault` reads them."""
        time, told = FakeTime(), list[str]()
        spoiled = [parse_fault(fault) for fault in faults]
        player = self._players.enter_context(TapePlayer(self.tape(), spoiled, clock=time.clock))

        def tell(progress: Progress) -> None:
            told.append(progress.note)

        access = Access(clock=time.clock, sleep=time.sleep, tell=tell)
        return Played(self.connect(player.url, access, policy or HttpPolicy()), player, time, told)

    def test_a_move_on_the_same_host_is_followed_and_told(self) -> None:
        """301 to another path."""
        played = self.played("moved")
        assert self._fetched(played).equals(self._rows())
        assert any("redirects (301)" in note for note in played.told)

    def test_a_move_to_another_host_is_refused_with_the_new_address(self) -> None:
        """301 to a host that nobody has chosen to trust."""
        with pytest.raises(ServiceError, match=r"moved for good .* https://elsewhere\.example"):
            self._fetched(self.played("moved_away"))

    @pytest.mark.parametrize("fault", ["missing", "closed"])
    def test_a_data_set_that_is_gone_is_named(self, fault: str) -> None:
        """404 and 410 are not asked again."""
        played = self.played(fault)
        with pytest.raises(ServiceError, match="unknown there or was closed"):
            self._fetched(played)
        assert played.time.slept == []

    def test_no_permission_is_told(self) -> None:
        """403 is not asked again."""
        with pytest.raises(ServiceError, match="without permission"):
            self._fetched(self.played("forbidden"))

    @pytest.mark.parametrize("asked", ["7", "date"])
    def test_retry_after_is_honoured(self, asked: str) -> None:
        """429 with seconds or a date, waited for to the second."""
        played = self.played(f"too_many@1:{asked}")
        assert self._fetched(played).equals(self._rows())
        assert played.time.slept == [7.0 if asked == "7" else 2.0]

    def test_a_retry_after_that_is_too_long_ends_the_fetch(self) -> None:
        """A service that is closed until tomorrow blocks nobody."""
        played = self.played("too_many@1:86400")
        with pytest.raises(ServiceError, match="come back in 86400 s"):
            self._fetched(played)
        assert played.time.slept == []

    def test_a_service_that_is_away_for_a_moment_does_no_harm(self) -> None:
        """500 twice, then 200."""
        played = self.played("away@1-2")
        assert self._fetched(played).equals(self._rows())
        assert played.time.slept == [1.0, 2.0]

    def test_a_service_that_stays_away_ends_with_code_5(self) -> None:
        """500 again and again."""
        with pytest.raises(ServiceError, match=r"answered 500 .* Asked 5 times") as caught:
            self._fetched(self.played("away@always"))
        assert caught.value.exit_code == ExitCode.SERVICE_AWAY

    def test_a_slow_answer_is_asked_for_again(self) -> None:
        """The first answer does not come in time."""
        patient = HttpPolicy(read_timeout_s=0.5, attempts=20)
        played = self.played("slow@1", policy=patient)
        assert self._fetched(played).equals(self._rows())
        assert played.time.slept

    def test_a_cut_connection_is_asked_for_again(self) -> None:
        """Half a body is no answer."""
        played = self.played("cut@1")
        assert self._fetched(played).equals(self._rows())
        assert played.time.slept == [1.0]

    def test_an_answer_that_ends_too_early_is_refused(self) -> None:
        """It calls itself whole, so only its content can tell."""
        with pytest.raises(DataError, match=r"not whole JSON|fewer fields"):
            self._fetched(self.played("truncated"))

    def test_a_renamed_column_is_named(self) -> None:
        """The missing column and the new one that is nearest."""
        with pytest.raises(DataError, match=r"missing columns: '(.+)' \(now '\1_new'\?\)"):
            self._fetched(self.played("renamed"))

    def test_revised_values_change_values_and_nothing_else(self) -> None:
        """The same rows with other numbers."""
        found, before = self._fetched(self.played("revised")), self._rows()
        numbers = [rule.name for rule in self.source().schema.columns if rule.kind == "number"]
        assert found.drop(numbers).equals(before.drop(numbers))
        assert not found.equals(before)

    def test_a_count_that_does_not_match_is_refused(self) -> None:
        """Rows that the service has and did not send."""
        if not self.counted:
            pytest.skip("this service does not say how many rows there are")
        with pytest.raises(DataError, match="the service says that there are"):
            self._fetched(self.played("miscounted"))

    def test_an_empty_answer_gives_no_rows_but_all_columns(self) -> None:
        """Whether no rows are plausible is for the caller to say."""
        nothing = self._fetched(self.played("empty"))
        assert nothing.is_empty()
        assert nothing.schema == self._rows().schema

    def _fetched(self, played: Played) -> pl.DataFrame:
        return played.source.fetch(self.window())
