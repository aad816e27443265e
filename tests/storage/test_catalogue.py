from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from penstock.domain.errors import StorageError, WorkspaceError
from penstock.storage.catalogue import Catalogue, SqliteCatalogue
from penstock.storage.manifests import ManifestFiles
from penstock.storage.workspace import Workspace
from penstock.testing.catalogues import NOW, CatalogueContract, Fact


def open_catalogue(folder: Path) -> SqliteCatalogue:
    return SqliteCatalogue(Workspace.open(folder))


def index_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("catalogue.sqlite*"))


class TestSqliteCatalogue(CatalogueContract):
    def open_catalogue(self, folder: Path) -> Catalogue:
        return open_catalogue(folder)

    def lose_index(self, folder: Path) -> None:
        for path in index_files(folder):
            path.unlink()

    def damage_index(self, folder: Path) -> None:
        self.lose_index(folder)
        (folder / "catalogue.sqlite").write_bytes(b"rubbish" * 1000)


@pytest.fixture
def catalogue(tmp_path: Path) -> SqliteCatalogue:
    return open_catalogue(tmp_path)


def run(script: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PRELUDE + script, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> int:
    process.communicate()
    return process.returncode


PRELUDE = """
import os, sys
from pathlib import Path
from datetime import datetime, UTC
from pydantic import BaseModel
from penstock.storage import rows
from penstock.storage.catalogue import SqliteCatalogue
from penstock.storage.workspace import Workspace
class Fact(BaseModel):
    name: str = "none"
    score: float = 0.0
now = datetime(2026, 3, 1, 12, tzinfo=UTC)
catalogue = SqliteCatalogue(Workspace.open(Path(sys.argv[1])))
"""


def test_eight_processes_begin_at_once(tmp_path: Path) -> None:
    script = """
added = sum(catalogue.add("run", f"r{n}", Fact(), now=now) for n in range(20))
numbers = [catalogue.add_numbered("dataset", lambda n: Fact(score=n), scope="a", now=now).number for _ in range(5)]
same = catalogue.add_numbered("release", lambda n: Fact(score=n), scope="a", now=now, same="x").number
print(added, same, *numbers)
"""
    processes = [run(script, tmp_path) for _ in range(8)]
    told = [[int(word) for word in process.communicate()[0].split()] for process in processes]
    assert sum(line[0] for line in told) == 20
    assert {line[1] for line in told} == {1}
    assert sorted(number for line in told for number in line[2:]) == list(range(1, 41))


@pytest.mark.parametrize("moment", ["insert", "next_sequence"])
def test_killed_writer_does_not_stop_the_next(tmp_path: Path, moment: str) -> None:
    open_catalogue(tmp_path).add("run", "before", Fact(), now=NOW)
    script = """
setattr(rows, sys.argv[2], lambda *_: os.kill(os.getpid(), 9))
catalogue.add("run", "killed", Fact(name="killed"), now=now)
"""
    assert ended(run(script, tmp_path, moment)) == -9
    after = open_catalogue(tmp_path)
    expected = ["before"] if moment == "next_sequence" else ["killed", "before"]
    assert [entry.key for entry in after.find("run", Fact)] == expected
    assert after.add("run", "killed", Fact(name="later"), now=NOW) == (moment == "next_sequence")
    assert list((tmp_path / "manifests" / "announced").glob("*")) == []


def test_killed_numbering_gives_no_number_twice(tmp_path: Path) -> None:
    before = open_catalogue(tmp_path)
    script = """
rows.insert = lambda *_: os.kill(os.getpid(), 9)
catalogue.add_numbered("dataset", lambda n: Fact(name="killed"), scope="a", now=now, same="x")
"""
    assert ended(run(script, tmp_path)) == -9
    assert before.add_numbered("dataset", lambda _: Fact(), scope="a", now=NOW, same="y").number == 2
    kept = before.add_numbered("dataset", lambda _: Fact(), scope="a", now=NOW, same="x")
    assert (kept.number, kept.body.name) == (1, "killed")


def test_manifest_unknown_to_the_index_is_adopted(tmp_path: Path, catalogue: SqliteCatalogue) -> None:
    catalogue.add("run", "r1", Fact(name="kept"), now=NOW)
    with sqlite3.connect(tmp_path / "catalogue.sqlite") as connection:
        connection.execute("DELETE FROM entries")
    connection.close()
    assert not catalogue.add("run", "r1", Fact(name="new"), now=NOW)
    with sqlite3.connect(tmp_path / "catalogue.sqlite") as connection:
        connection.execute("DELETE FROM entries")
    connection.close()
    entry = catalogue.get("run", "r1", Fact)
    assert entry is not None
    assert entry.body.name == "kept"


def test_altered_row_is_not_believed(tmp_path: Path, catalogue: SqliteCatalogue) -> None:
    catalogue.add("run", "r1", Fact(score=1.5), now=NOW)
    with sqlite3.connect(tmp_path / "catalogue.sqlite") as connection:
        connection.execute("UPDATE entries SET body = replace(body, '1.5', '7.5')")
    connection.close()
    assert [entry.body.score for entry in catalogue.find("run", Fact)] == [1.5]


def test_flipped_bits_of_the_index_are_healed_or_told(tmp_path: Path) -> None:
    first = open_catalogue(tmp_path)
    for number in range(30):
        first.add("run", f"r{number:02}", Fact(score=number), now=NOW)
    first.close()
    path = tmp_path / "catalogue.sqlite"
    sound = path.read_bytes()
    for place in range(100, len(sound), 397):
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 0x10]) + sound[place + 1 :])
        after = open_catalogue(tmp_path)
        found = {entry.key: entry.body.score for entry in after.find("run", Fact)}
        assert found.items() <= {f"r{number:02}": number for number in range(30)}.items()
        assert all(after.get("run", f"r{number:02}", Fact) is not None for number in range(30))
        after.close()
        for extra in index_files(tmp_path)[1:]:
            extra.unlink()


def test_manifest_with_a_flipped_bit_is_named(tmp_path: Path, catalogue: SqliteCatalogue) -> None:
    catalogue.add("run", "r1", Fact(name="kept"), now=NOW)
    path = tmp_path / "manifests" / "run" / "r1.json"
    path.chmod(0o644)
    path.write_text(path.read_text().replace("kept", "kepT"))
    with pytest.raises(StorageError, match=r"manifest .*r1\.json is damaged.*Restore it from a copy"):
        catalogue.rebuild()


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"{", b'{"kind": "run"}'])
def test_manifest_that_is_none_is_named(tmp_path: Path, catalogue: SqliteCatalogue, data: bytes) -> None:
    catalogue.add("run", "r1", Fact(), now=NOW)
    (tmp_path / "manifests" / "run" / "r2.json").write_bytes(data)
    with pytest.raises(StorageError, match=r"r2\.json is damaged"):
        catalogue.rebuild()


def test_index_of_a_newer_format_is_refused(tmp_path: Path, catalogue: SqliteCatalogue) -> None:
    catalogue.close()
    with sqlite3.connect(tmp_path / "catalogue.sqlite") as connection:
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    for _ in range(2):
        with pytest.raises(WorkspaceError, match="format 2, and this Penstock reads format 1; upgrade"):
            open_catalogue(tmp_path)
        with pytest.raises(WorkspaceError, match="upgrade Penstock"):
            catalogue.find("run", Fact)


def test_manifest_of_a_newer_format_is_refused(tmp_path: Path, catalogue: SqliteCatalogue) -> None:
    catalogue.add("run", "r1", Fact(), now=NOW)
    path = tmp_path / "manifests" / "run" / "r1.json"
    tree = json.loads(path.read_text())
    path.unlink()
    path.write_text(json.dumps({**tree, "format": 2}))
    with pytest.raises(WorkspaceError, match="has format 2, and this Penstock reads format 1"):
        catalogue.rebuild()


def test_body_of_another_shape_is_refused(catalogue: SqliteCatalogue) -> None:
    class Other(BaseModel):
        unheard_of: int

    catalogue.add("run", "r1", Fact(), now=NOW)
    with pytest.raises(StorageError, match=r"cannot read the run 'r1' as .*Other.*unheard_of"):
        catalogue.get("run", "r1", Other)


def test_full_disk_adds_nothing(catalogue: SqliteCatalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StorageError, match="disk is full"):
            catalogue.add("run", "r1", Fact(), now=NOW)
    assert catalogue.find("run", Fact) == []
    assert catalogue.add("run", "r1", Fact(), now=NOW)


def test_full_index_is_told(tmp_path: Path, catalogue: SqliteCatalogue) -> None:
    catalogue._index.read(lambda sql: sql.execute("PRAGMA max_page_count = 1"))
    with pytest.raises(StorageError, match="disk is full"):
        catalogue.add("run", "r1", Fact(name="x" * 1_000_000), now=NOW)
    assert open_catalogue(tmp_path).get("run", "r1", Fact) is None
    assert list((tmp_path / "manifests" / "run").iterdir()) == []


def test_lost_index_without_manifests_is_no_news(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    open_catalogue(tmp_path)
    assert caplog.text == ""


def test_workspace_can_be_moved(tmp_path: Path) -> None:
    first = open_catalogue(tmp_path / "here")
    first.add("run", "r1", Fact(), now=NOW)
    first.close()
    (tmp_path / "here").rename(tmp_path / "there")
    assert open_catalogue(tmp_path / "there").get("run", "r1", Fact) is not None


def test_forked_child_uses_a_connection_of_its_own(tmp_path: Path) -> None:
    script = """
catalogue.add("run", "parent", Fact(), now=now)
child = os.fork()
if child == 0:
    ok = catalogue.add("run", "child", Fact(), now=now) and len(catalogue.find("run", Fact)) == 2
    sys.exit(0 if ok else 1)
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(code, catalogue.add("run", "late", Fact(), now=now), len(catalogue.find("run", Fact)))
"""
    assert run(script, tmp_path).communicate()[0].split() == ["0", "True", "3"]


def test_importing_is_light() -> None:
    script = """
import sys
import penstock.storage.workspace, penstock.storage.catalogue, penstock.storage.digests, penstock.storage.locks
import penstock.storage.codecs, penstock.storage.local
print(sorted({"polars", "pyarrow", "numpy", "pandas", "sklearn", "pydantic", "lightgbm"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "remove", "number", "rebuild"]), st.integers(0, 3)), max_size=12
    )
)
def test_catalogue_behaves_like_a_dictionary(
    tmp_path_factory: pytest.TempPathFactory, actions: list[tuple[str, int]]
) -> None:
    catalogue = open_catalogue(tmp_path_factory.mktemp("catalogue"))
    expected: dict[str, float] = {}
    last = 0
    for count, (action, place) in enumerate(actions):
        key = f"r{place}"
        if action == "add":
            assert catalogue.add("run", key, Fact(score=count), now=NOW) == (key not in expected)
            expected.setdefault(key, count)
        elif action == "remove":
            catalogue.remove("run", key)
            expected.pop(key, None)
        elif action == "number":
            last += 1
            assert catalogue.add_numbered("dataset", lambda _: Fact(), scope="a", now=NOW).number == last
        else:
            assert catalogue.rebuild() == len(expected) + last
    found = {entry.key: entry.body.score for entry in reversed(catalogue.find("run", Fact))}
    assert list(found.items()) == list(expected.items())
    catalogue.close()


@given(st.lists(st.text(), unique=True, max_size=8))
def test_no_two_keys_share_a_file(keys: list[str]) -> None:
    files = ManifestFiles(Path("manifests"))
    paths = {str(files.path("run", key)).lower() for key in keys}
    assert len(paths) == len(keys)
    assert all(
        len(Path(path).name.encode()) < 200 and Path(path).parent == Path("manifests/run") for path in paths
    )
