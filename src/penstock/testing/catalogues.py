"""The contract of a catalogue: subclass :class:`CatalogueContract` and say how to open one and how to harm it."""

# ruff: noqa: S101, PLR2004 - assertions and examples are what a contract suite is made of

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from pydantic import BaseModel

from penstock.domain.errors import StorageError
from penstock.storage.catalogue import Catalogue

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AWKWARD_KEYS = [
    "a/b",
    "../../up",
    "A",
    "a",
    "",
    "œ∑",
    "a\nb",
    "nul\0in",
    "~",
    "." * 3,
    "x" * 500,
    "a b",
    "k~",
    "%2F",
]
THREADS = 8


class Fact(BaseModel):
    """What the suite stores."""

    name: str = "none"
    score: float = 0.0


class CatalogueContract(ABC):
    """What every catalogue keeps; pytest collects the subclass.

    ``lose_index`` and ``damage_index`` must go round the catalogue, straight to where its index lies.
    """

    @abstractmethod
    def open_catalogue(self, folder: Path) -> Catalogue:
        """Return a catalogue that lives in ``folder``; a second one on the same folder shares it."""

    @abstractmethod
    def lose_index(self, folder: Path) -> None:
        """Remove the index that the manifests can restore."""

    @abstractmethod
    def damage_index(self, folder: Path) -> None:
        """Overwrite the index with rubbish."""

    @pytest.fixture
    def catalogue(self, tmp_path: Path) -> Catalogue:
        """Return an empty catalogue."""
        return self.open_catalogue(tmp_path)

    def test_added_entry_is_found_by_its_key(self, catalogue: Catalogue) -> None:
        """Every field comes back as it was."""
        assert catalogue.add("run", "r1", Fact(name="é", score=0.1), scope="denmark", now=NOW)
        entry = catalogue.get("run", "r1", Fact)
        assert entry is not None
        assert (entry.kind, entry.key, entry.scope, entry.number) == ("run", "r1", "denmark", None)
        assert (entry.created_at, entry.body) == (NOW, Fact(name="é", score=0.1))

    @pytest.mark.parametrize("score", [float("nan"), float("inf"), -0.0, 1e-300])
    def test_unusual_numbers_come_back(self, catalogue: Catalogue, score: float) -> None:
        """JSON has no word for some of them."""
        catalogue.add("run", "r1", Fact(score=score), now=NOW)
        entry = catalogue.get("run", "r1", Fact)
        assert entry is not None
        assert repr(entry.body.score) == repr(score)

    def test_unknown_key_gives_none(self, catalogue: Catalogue) -> None:
        """Kinds keep their keys apart."""
        catalogue.add("run", "r1", Fact(), now=NOW)
        assert catalogue.get("run", "r2", Fact) is None
        assert catalogue.get("release", "r1", Fact) is None

    def test_first_entry_of_a_key_stays(self, catalogue: Catalogue) -> None:
        """Entries never change."""
        assert catalogue.add("run", "r1", Fact(name="first"), now=NOW)
        assert not catalogue.add("run", "r1", Fact(name="second"), now=NOW)
        entry = catalogue.get("run", "r1", Fact)
        assert entry is not None
        assert entry.body.name == "first"

    def test_moments_are_kept_in_utc(self, catalogue: Catalogue) -> None:
        """Another zone is converted, none is refused."""
        local = NOW.astimezone(timezone(timedelta(hours=2)))
        catalogue.add("run", "r1", Fact(), now=local)
        entry = catalogue.get("run", "r1", Fact)
        assert entry is not None
        assert (entry.created_at, entry.created_at.tzinfo) == (NOW, UTC)
        with pytest.raises(StorageError, match="no time zone"):
            catalogue.add("run", "r2", Fact(), now=NOW.replace(tzinfo=None))

    def test_awkward_keys_stay_apart(self, catalogue: Catalogue, tmp_path: Path) -> None:
        """A key may be any text, and survives the loss of the index."""
        for number, key in enumerate(AWKWARD_KEYS):
            assert catalogue.add("run", key, Fact(score=number), now=NOW)
        self.lose_index(tmp_path)
        again = self.open_catalogue(tmp_path)
        found = {entry.key: entry.body.score for entry in again.find("run", Fact)}
        assert found == {key: number for number, key in enumerate(AWKWARD_KEYS)}

    @pytest.mark.parametrize("kind", ["", "Run", "../run", "a b", "run/../x"])
    def test_kinds_must_be_words(self, catalogue: Catalogue, kind: str) -> None:
        """A kind names a folder."""
        with pytest.raises(StorageError, match="not a kind of catalogue entry"):
            catalogue.add(kind, "r1", Fact(), now=NOW)

    def test_newest_come_first(self, catalogue: Catalogue) -> None:
        """By sequence, not by the clock, which may be set back."""
        for number in range(4):
            scope = "even" if number % 2 == 0 else "odd"
            catalogue.add("run", f"r{number}", Fact(), scope=scope, now=NOW - timedelta(days=number))
        assert [entry.key for entry in catalogue.find("run", Fact)] == ["r3", "r2", "r1", "r0"]
        assert [entry.key for entry in catalogue.find("run", Fact, scope="even")] == ["r2", "r0"]
        assert [entry.key for entry in catalogue.find("run", Fact, limit=1)] == ["r3"]
        assert catalogue.find("run", Fact, scope="") == []
        assert catalogue.find("run", Fact, limit=0) == []

    def test_removed_entry_is_gone_for_good(self, catalogue: Catalogue) -> None:
        """Also after a rebuild; removing twice is no error."""
        catalogue.add("run", "r1", Fact(), now=NOW)
        catalogue.remove("run", "r1")
        catalogue.remove("run", "r1")
        assert catalogue.rebuild() == 0
        assert catalogue.get("run", "r1", Fact) is None

    def test_sequence_grows_even_after_a_removal(self, catalogue: Catalogue) -> None:
        """A later entry is never taken for an earlier one."""
        catalogue.add("run", "r1", Fact(), now=NOW)
        first = catalogue.find("run", Fact)[0].sequence
        catalogue.remove("run", "r1")
        catalogue.add("run", "r1", Fact(), now=NOW)
        assert catalogue.find("run", Fact)[0].sequence > first

    def test_numbers_count_within_kind_and_scope(self, catalogue: Catalogue) -> None:
        """1, 2, 3, each beginning anew; the key names scope and number."""
        for kind, scope in [("dataset", "a"), ("dataset", "a"), ("dataset", "b"), ("release", "a")]:
            catalogue.add_numbered(kind, lambda number: Fact(score=number), scope=scope, now=NOW)
        found = [(entry.key, entry.number, entry.body.score) for entry in catalogue.find("dataset", Fact)]
        assert found == [("b@v1", 1, 1), ("a@v2", 2, 2), ("a@v1", 1, 1)]
        entry = catalogue.get("release", "a@v1", Fact)
        assert entry is not None
        assert entry.number == 1

    def test_same_content_gets_no_second_number(self, catalogue: Catalogue) -> None:
        """The entry that is there is returned, unless it was removed."""

        def add(same: str | None, scope: str = "a") -> int | None:
            return catalogue.add_numbered("dataset", lambda _: Fact(), scope=scope, now=NOW, same=same).number

        assert [add("x"), add("y"), add("x"), add("y")] == [1, 2, 1, 2]
        assert add("x", scope="b") == 1
        assert [add(None), add(None)] == [3, 4]

    def test_removed_number_is_not_given_again(self, catalogue: Catalogue, tmp_path: Path) -> None:
        """Names of versions are for ever, also when the index is lost."""
        for _ in range(3):
            catalogue.add_numbered("dataset", lambda _: Fact(), scope="a", now=NOW)
        catalogue.remove("dataset", "a@v3")
        self.lose_index(tmp_path)
        again = self.open_catalogue(tmp_path)
        assert again.add_numbered("dataset", lambda _: Fact(), scope="a", now=NOW).number == 4

    def test_failing_body_gives_no_number(self, catalogue: Catalogue) -> None:
        """The exception passes through; the next caller gets the number."""

        def fail(_number: int) -> Fact:
            raise ValueError("no body")

        with pytest.raises(ValueError, match="no body"):
            catalogue.add_numbered("dataset", fail, scope="a", now=NOW)
        assert catalogue.add_numbered("dataset", lambda _: Fact(), scope="a", now=NOW).number == 1

    def test_revision_grows_with_every_change_of_its_scope_only(self, catalogue: Catalogue) -> None:
        """Adding what is there, and reading, change nothing."""
        changes: list[Callable[[], object]] = [
            lambda: catalogue.add("run", "r1", Fact(), scope="a", now=NOW),
            lambda: catalogue.add_numbered("dataset", lambda _: Fact(), scope="a", now=NOW, same="x"),
            lambda: catalogue.remove("run", "r1"),
        ]
        for change in changes:
            before, other = catalogue.revision("a"), catalogue.revision("b")
            change()
            assert catalogue.revision("a") > before
            assert catalogue.revision("b") == other
        before = catalogue.revision("a")
        catalogue.add_numbered("dataset", lambda _: Fact(), scope="a", now=NOW, same="x")
        catalogue.remove("run", "r1")
        catalogue.find("run", Fact)
        assert catalogue.revision("a") == before

    @pytest.mark.parametrize("harm", ["lose", "damage"])
    def test_index_is_restored_from_the_manifests(
        self, tmp_path: Path, harm: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Order, numbers, content keys and revisions survive, and the log has a warning."""
        before = self.open_catalogue(tmp_path)
        _fill(before)
        entries = [before.find(kind, Fact) for kind in ("run", "dataset")]
        revision = before.revision("a")
        {"lose": self.lose_index, "damage": self.damage_index}[harm](tmp_path)
        with caplog.at_level("WARNING"):
            after = self.open_catalogue(tmp_path)
            assert [after.find(kind, Fact) for kind in ("run", "dataset")] == entries
        assert "built it again from 7 manifests" in caplog.text
        assert after.revision("a") > revision
        assert after.add_numbered("dataset", lambda _: Fact(), scope="a", now=NOW, same="x1").number == 2
        assert after.add_numbered("dataset", lambda _: Fact(), scope="a", now=NOW).number == 4

    @pytest.mark.parametrize("harm", ["lose", "damage"])
    def test_index_is_restored_under_the_hands_of_an_open_catalogue(self, tmp_path: Path, harm: str) -> None:
        """Both those who read and those who write go on."""
        catalogue = self.open_catalogue(tmp_path)
        _fill(catalogue)
        {"lose": self.lose_index, "damage": self.damage_index}[harm](tmp_path)
        assert not catalogue.add("run", "r0", Fact(), scope="a", now=NOW)
        assert catalogue.add("run", "late", Fact(), scope="a", now=NOW)
        assert [entry.key for entry in catalogue.find("run", Fact)] == ["late", "r3", "r2", "r1", "r0"]

    def test_rebuild_changes_nothing_that_is_asked(self, catalogue: Catalogue) -> None:
        """It only makes the revision grow."""
        _fill(catalogue)
        before, revision = catalogue.find("run", Fact), catalogue.revision("a")
        assert catalogue.rebuild() == 7
        assert catalogue.find("run", Fact) == before
        assert catalogue.revision("a") > revision

    def test_of_many_threads_one_adds(self, tmp_path: Path) -> None:
        """Each thread with a catalogue of its own, and all with one."""
        shared = self.open_catalogue(tmp_path)

        def add(number: int) -> bool:
            own = shared if number % 2 else self.open_catalogue(tmp_path)
            return own.add("run", "r1", Fact(score=number), now=NOW)

        with ThreadPoolExecutor(THREADS) as pool:
            assert sum(pool.map(add, range(THREADS))) == 1

    def test_many_threads_get_different_numbers(self, tmp_path: Path) -> None:
        """No number is given twice and none is left out."""
        shared = self.open_catalogue(tmp_path)

        def add(number: int) -> int | None:
            own = shared if number % 2 else self.open_catalogue(tmp_path)
            return own.add_numbered("dataset", lambda _: Fact(), scope="a", now=NOW).number

        with ThreadPoolExecutor(THREADS) as pool:
            assert sorted(map(int, filter(None, pool.map(add, range(THREADS))))) == list(
                range(1, THREADS + 1)
            )


def _fill(catalogue: Catalogue) -> None:
    for number in range(4):
        catalogue.add("run", f"r{number}", Fact(score=number), scope="a", now=NOW + timedelta(seconds=number))
    for number in range(1, 4):
        content = f"x{number - 1}"
        catalogue.add_numbered("dataset", lambda count: Fact(score=count), scope="a", now=NOW, same=content)
