from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import ServiceError
from penstock.sources.http.access import Access
from penstock.sources.http.queue import DatasetQueue
from penstock.testing.sources import FakeTime

ONE_PROCESS = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from penstock.sources.http.access import Access
from penstock.sources.http.queue import DatasetQueue

access = Access(clock=lambda: datetime.now(UTC), stamps=Path(sys.argv[1]))
queue = DatasetQueue(access=access, interval_s=0.05, longest_s=60.0)
for _ in range(4):
    print(queue.enter("load").isoformat())
"""


def queue(time: FakeTime, folder: Path | None = None, interval_s: float = 60.0) -> DatasetQueue:
    access = Access(clock=time.clock, sleep=time.sleep, stamps=folder)
    return DatasetQueue(access=access, interval_s=interval_s, longest_s=300.0)


@pytest.mark.parametrize("on_disk", [True, False])
def test_turns_for_one_data_set_are_a_minute_apart_and_others_do_not_wait(
    tmp_path: Path, on_disk: bool
) -> None:
    time = FakeTime()
    turns = queue(time, tmp_path if on_disk else None)
    first = turns.enter("load")
    assert turns.enter("weather") == first
    assert turns.enter("load") == first + timedelta(minutes=1)
    assert time.slept == [60.0]


def test_another_object_on_the_same_folder_keeps_the_rate_too(tmp_path: Path) -> None:
    time = FakeTime()
    first = queue(time, tmp_path).enter("load")
    assert queue(time, tmp_path).enter("load") == first + timedelta(minutes=1)


def test_processes_of_one_workspace_keep_the_rate_together(tmp_path: Path) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", ONE_PROCESS, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    said = [process.communicate(timeout=60)[0] for process in running]
    given = sorted(datetime.fromisoformat(line) for text in said for line in text.split())
    assert len(given) == 12
    # a turn is stamped under the lock and told a moment later, so the span is what counts, not each gap
    assert given[-1] - given[0] >= timedelta(seconds=0.05 * 10)


def test_who_is_told_to_wait_lets_others_wait_too(tmp_path: Path) -> None:
    time = FakeTime()
    queue(time, tmp_path, interval_s=0.0).postpone("load", 30.0)
    queue(time, tmp_path, interval_s=0.0).enter("load")
    assert time.slept == [30.0]


def test_a_shorter_wait_does_not_undo_a_longer_one() -> None:
    time = FakeTime()
    turns = queue(time, interval_s=0.0)
    turns.postpone("load", 30.0)
    turns.postpone("load", 1.0)
    turns.enter("load")
    assert time.slept == [30.0]


@pytest.mark.parametrize("text", ["", "yesterday", "2023-99-99", "\x00"])
def test_a_stamp_that_cannot_be_read_stops_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / "load.stamp").write_text(text)
    time = FakeTime()
    queue(time, tmp_path).enter("load")
    assert time.slept == []


def test_a_clock_that_was_wrong_once_stops_nobody_for_ever(tmp_path: Path) -> None:
    ahead = FakeTime(datetime(2031, 1, 1, tzinfo=UTC))
    queue(ahead, tmp_path).enter("load")
    time = FakeTime()
    queue(time, tmp_path).enter("load")
    assert time.slept == [300.0]


def test_a_data_set_that_others_ask_for_all_the_time_is_given_up(tmp_path: Path) -> None:
    time = FakeTime()

    def sleep_while_another_asks(seconds: float) -> None:
        time.sleep(seconds)
        (tmp_path / "load.stamp").write_text((time.now + timedelta(seconds=60)).isoformat())

    turns = DatasetQueue(
        access=Access(clock=time.clock, sleep=sleep_while_another_asks, stamps=tmp_path),
        interval_s=60.0,
        longest_s=300.0,
    )
    turns.enter("load")
    with pytest.raises(ServiceError, match="No turn for the data set 'load' after 1000 waits"):
        turns.enter("load")


@given(st.lists(st.floats(0.0, 100.0), min_size=2, max_size=20), st.floats(0.1, 60.0))
def test_whenever_one_asks_turns_are_never_too_close(pauses: list[float], interval_s: float) -> None:
    time = FakeTime()
    turns = queue(time, interval_s=interval_s)
    given_at = []
    for pause in pauses:
        time.now += timedelta(seconds=pause)
        given_at.append(turns.enter("load"))
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(given_at)]
    assert min(gaps) >= interval_s - 1e-5
