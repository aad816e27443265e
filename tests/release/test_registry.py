from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from penstock.domain.errors import GateError, UnknownNameError, UsageError
from penstock.domain.values import Digest
from penstock.release.gates import Finding, Verdict
from penstock.release.registry import (
    AliasRequest,
    Release,
    ReleaseRequest,
    aliases,
    history,
    register,
    releases,
    resolve,
    set_alias,
)
from penstock.storage.artifacts import ArtifactRef
from penstock.storage.catalogue import Catalogue, SqliteCatalogue
from penstock.storage.workspace import Workspace

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class StrictGate:
    """Lets a release pass when its error is below the threshold and below that of the one that serves."""

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self.asked: list[tuple[str, str, str | None]] = []

    def judge(self, release: Release, alias: str, serving: Release | None) -> Verdict:
        self.asked.append((release.name, alias, serving.name if serving else None))
        error = release.metrics["model"]["mae"]
        finding = Finding(name="error", passed=error < self.threshold, value=error, threshold=self.threshold)
        return Verdict(gate="strict", findings=(finding,))


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return SqliteCatalogue(Workspace.open(tmp_path))


def request(
    number: int = 1, *, model: str = "denmark", run_id: str = "run-1", error: float = 1.0
) -> ReleaseRequest:
    digest = Digest(f"{number:064x}")
    bundle = ArtifactRef(codec="tree", type="pathlib:Path", logical=digest, digest=digest, size_bytes=10)
    return ReleaseRequest(
        model=model,
        bundle=bundle,
        digest=digest,
        logical=digest,
        run_id=run_id,
        dataset="denmark@v3",
        metrics={"model": {"mae": error}},
    )


def alias(version: int, name: str = "candidate") -> AliasRequest:
    return AliasRequest(model="denmark", version=version, alias=name, who="ada", why="a test")


def test_versions_count_per_model(catalogue: Catalogue) -> None:
    names = [
        register(catalogue, request(number, model=model), now=NOW).name
        for number, model in ((1, "denmark"), (2, "denmark"), (1, "france"))
    ]

    assert names == ["denmark@v1", "denmark@v2", "france@v1"]
    assert [release.name for release in releases(catalogue, "denmark")] == ["denmark@v2", "denmark@v1"]
    assert len(releases(catalogue)) == 3


def test_the_same_bundle_stays_the_release_of_the_run_that_trained_it(catalogue: Catalogue) -> None:
    first = register(catalogue, request(run_id="run-1"), now=NOW)

    again = register(catalogue, request(run_id="run-2"), now=NOW + timedelta(days=1))

    assert again == first
    assert again.run_id == "run-1"


def test_another_key_makes_another_release_of_the_same_bundle(catalogue: Catalogue) -> None:
    register(catalogue, request(), now=NOW)

    other = register(catalogue, request().model_copy(update={"key": "evidence-2"}), now=NOW)

    assert other.version == 2


def test_a_release_is_found_by_alias_and_by_version(catalogue: Catalogue) -> None:
    for number in (1, 2):
        register(catalogue, request(number), now=NOW)
    set_alias(catalogue, alias(2), now=NOW)

    assert resolve(catalogue, "denmark@candidate").version == 2
    assert resolve(catalogue, "denmark@v1") == resolve(catalogue, "denmark@1")


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("denmark", UsageError, "names no release; write MODEL@ALIAS"),
        ("@v1", UsageError, "names no release"),
        ("denmark@", UsageError, "names no release"),
        ("denmark@v9", UnknownNameError, "no release denmark@v9; denmark has v1"),
        ("denmrk@v1", UnknownNameError, "no release denmrk@v1; did you mean 'denmark'"),
        ("denmrk@candidate", UnknownNameError, "'denmrk' has no aliases; did you mean 'denmark'"),
        ("denmark@candidat", UnknownNameError, "no alias 'candidat'; did you mean 'candidate'"),
    ],
)
def test_a_name_that_stands_for_nothing_is_explained(
    catalogue: Catalogue, name: str, error: type[Exception], message: str
) -> None:
    register(catalogue, request(), now=NOW)
    set_alias(catalogue, alias(1), now=NOW)

    with pytest.raises(error, match=message):
        resolve(catalogue, name)


def test_an_empty_register_says_how_to_fill_it(catalogue: Catalogue) -> None:
    with pytest.raises(UnknownNameError, match="no model is registered yet, `penstock run`"):
        resolve(catalogue, "denmark@candidate")


def test_every_move_of_an_alias_is_kept(catalogue: Catalogue) -> None:
    for number in (1, 2):
        register(catalogue, request(number), now=NOW)
        set_alias(catalogue, alias(number), now=NOW + timedelta(hours=number))
    back = set_alias(catalogue, alias(1), now=NOW + timedelta(hours=5))

    assert [(move.version, move.previous) for move in history(catalogue, "denmark")] == [
        (1, 2),
        (2, 1),
        (1, None),
    ]
    assert (back.who, back.why, back.moved_at) == ("ada", "a test", NOW + timedelta(hours=5))
    assert aliases(catalogue, "denmark") == {"candidate": 1}


def test_a_move_to_where_the_alias_stands_adds_nothing(catalogue: Catalogue) -> None:
    register(catalogue, request(), now=NOW)
    first = set_alias(catalogue, alias(1), now=NOW)

    assert set_alias(catalogue, alias(1), now=NOW + timedelta(hours=1)) == first
    assert len(history(catalogue, "denmark")) == 1


@pytest.mark.parametrize("name", ["champion", "production", "staging", "anything"])
def test_an_alias_that_serves_cannot_be_moved_without_a_gate(catalogue: Catalogue, name: str) -> None:
    register(catalogue, request(), now=NOW)

    with pytest.raises(GateError, match=f"cannot become '{name}': an alias that serves is moved by a gate"):
        set_alias(catalogue, alias(1, name), now=NOW)
    assert history(catalogue, "denmark") == []


def test_a_gate_that_refuses_names_itself_and_the_number(catalogue: Catalogue) -> None:
    register(catalogue, request(error=2.5), now=NOW)

    with pytest.raises(GateError, match=r"gate 'strict' refused: error 2\.5 against 2"):
        set_alias(catalogue, alias(1, "champion"), now=NOW, gates={"champion": StrictGate(2.0)})
    assert aliases(catalogue, "denmark") == {}


def test_a_gate_that_passes_leaves_its_verdict_in_the_history(catalogue: Catalogue) -> None:
    gate = StrictGate(2.0)
    for number in (1, 2):
        register(catalogue, request(number, error=1.0 / number), now=NOW)
        set_alias(catalogue, alias(number, "champion"), now=NOW, gates={"champion": gate})

    assert gate.asked == [("denmark@v1", "champion", None), ("denmark@v2", "champion", "denmark@v1")]
    verdict = history(catalogue, "denmark")[0].verdict
    assert verdict is not None
    assert verdict.findings[0].value == 0.5


def test_a_verdict_without_findings_does_not_pass() -> None:
    empty = Verdict(gate="empty", findings=())

    assert not empty.passed
    assert empty.refusal() == "it found nothing to judge"


@pytest.mark.parametrize("name", ["v1", "latest", "Champion", "a b", "", "1st"])
def test_an_alias_that_means_something_else_is_refused(catalogue: Catalogue, name: str) -> None:
    register(catalogue, request(), now=NOW)

    with pytest.raises(UsageError, match="cannot name an alias"):
        set_alias(catalogue, alias(1, name), now=NOW)


@pytest.mark.parametrize("name", ["", "a/b", "a@b", "-x", "a b"])
def test_a_model_name_that_cannot_be_written_is_refused(catalogue: Catalogue, name: str) -> None:
    with pytest.raises(UsageError, match="cannot name a model"):
        register(catalogue, request(model=name), now=NOW)


def test_an_alias_for_a_version_that_is_not_there_is_refused(catalogue: Catalogue) -> None:
    register(catalogue, request(), now=NOW)

    with pytest.raises(UnknownNameError, match=r"no release denmark@v7"):
        set_alias(catalogue, alias(7), now=NOW)


def test_releases_survive_the_loss_of_the_index(catalogue: Catalogue) -> None:
    release = register(catalogue, request(), now=NOW)
    set_alias(catalogue, alias(1), now=NOW)

    catalogue.rebuild()

    assert resolve(catalogue, "denmark@candidate") == release
