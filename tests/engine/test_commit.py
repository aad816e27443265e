from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from penstock.engine.commit import Results, effect_key
from penstock.engine.declare import Effect
from penstock.engine.graph import Node
from penstock.engine.records import EffectRecord, Ingredients, OutputRef, ResultRecord, Undeclared
from penstock.engine.watch import observed_value
from penstock.engine.work import output_ref
from penstock.storage.catalogue import SqliteCatalogue
from penstock.storage.codecs import save
from penstock.storage.local import LocalStore
from penstock.storage.workspace import Workspace

if TYPE_CHECKING:
    from tests.engine.conftest import BEGINNING
    from tests.engine.sample.steps import noted, sent
else:
    from engine.conftest import BEGINNING
    from engine.sample.steps import noted, sent

FINGERPRINT = "f" * 64


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path)


def results(workspace: Workspace, environ: Mapping[str, str] | None = None) -> Results:
    """Return the results as another process sees them."""
    return Results(
        workspace=workspace,
        store=LocalStore(workspace.objects),
        catalogue=SqliteCatalogue(workspace),
        environ=environ or {},
    )


def record(output: OutputRef, **changes: object) -> ResultRecord:
    made = ResultRecord(
        fingerprint=FINGERPRINT,
        system="sample",
        node="numbers",
        ingredients=Ingredients(step="steps:numbers"),
        output=output,
        run_id="run-1",
        seconds=0,
        cpu_seconds=0,
        peak_mb=0,
    )
    return made.model_copy(update=changes)


def kept(workspace: Workspace, value: object) -> OutputRef:
    return output_ref(save(LocalStore(workspace.objects), value))


def damage(workspace: Workspace, output: OutputRef) -> None:
    (path,) = (workspace.objects / output.digest[:2] / output.digest).iterdir()
    path.chmod(0o644)
    path.write_bytes(b"damaged")


def test_a_committed_result_is_found_by_others(workspace: Workspace) -> None:
    made = record(kept(workspace, [1, 2]))
    assert results(workspace).find(FINGERPRINT) is None
    results(workspace).commit(made, now=BEGINNING)
    assert results(workspace).find(FINGERPRINT) == made
    assert results(workspace).latest("sample", "numbers") == made
    assert results(workspace).latest("sample", "other") is None


def test_a_result_with_undeclared_touches_is_kept_but_never_found(workspace: Workspace) -> None:
    spoilt = record(kept(workspace, [1]), undeclared=(Undeclared(kind="file", name="a"),))
    results(workspace).commit(spoilt, now=BEGINNING)
    assert results(workspace).find(FINGERPRINT) is None
    assert results(workspace).latest("sample", "numbers") == spoilt


def test_it_neither_hides_nor_replaces_a_good_one(workspace: Workspace) -> None:
    good = record(kept(workspace, [1]))
    results(workspace).commit(good, now=BEGINNING)
    spoilt = record(kept(workspace, [2]), undeclared=(Undeclared(kind="file", name="a"),), run_id="run-2")
    results(workspace).commit(spoilt, now=BEGINNING)
    assert results(workspace).find(FINGERPRINT) == good


def test_a_result_stands_while_observed_variables_do(workspace: Workspace) -> None:
    seen = {"A": observed_value("A", {"A": "1"}), "B": "unset"}
    made = record(kept(workspace, [1]), observed=seen)
    results(workspace).commit(made, now=BEGINNING)
    assert results(workspace, {"A": "1"}).find(FINGERPRINT) == made
    assert results(workspace, {"A": "2"}).find(FINGERPRINT) is None
    assert results(workspace, {"A": "1", "B": ""}).find(FINGERPRINT) is None
    assert results(workspace, {}).find(FINGERPRINT) is None


@pytest.mark.parametrize("harm", ["damage", "delete"])
def test_a_result_without_its_artifact_is_made_again_and_replaced(workspace: Workspace, harm: str) -> None:
    made = record(kept(workspace, [1]))
    results(workspace).commit(made, now=BEGINNING)
    if harm == "damage":
        damage(workspace, made.output)
    else:
        LocalStore(workspace.objects).delete(made.output.digest)  # type: ignore[arg-type] # a digest
    assert results(workspace).find(FINGERPRINT) is None
    assert results(workspace).latest("sample", "numbers") == made
    again = record(kept(workspace, [1]), run_id="run-2")
    results(workspace).commit(again, now=BEGINNING)
    assert results(workspace).find(FINGERPRINT) == again


def test_an_effect_is_found_by_its_key(workspace: Workspace) -> None:
    done = EffectRecord(key="k" * 64, node="sent", output=kept(workspace, "sent"), run_id="run-1", seconds=0)
    results(workspace).commit_effect(done, system="sample", now=BEGINNING)
    assert results(workspace).find_effect("k" * 64) == done
    assert results(workspace).find_effect("l" * 64) is None


def key(step: Effect[Any, Any], *, name: str = "sent", run_id: str = "run-1", **params: str) -> str:
    node = Node(name=name, step=step, arguments={})
    return effect_key(node, {}, {"value": "1", "folder": "f", "aside": "0", **params}, run_id)


def test_the_key_of_an_effect_is_made_of_what_it_declares() -> None:
    assert isinstance(sent, Effect)
    assert key(sent) == key(sent, aside="1", run_id="run-2")
    assert len({key(sent), key(sent, value="2"), key(sent, name="sent.2")}) == 3


def test_the_key_of_an_effect_without_one_is_the_run() -> None:
    assert isinstance(noted, Effect)
    assert key(noted) == key(noted, value="2")
    assert key(noted) != key(noted, run_id="run-2")


def test_inputs_count_in_the_key_like_parameters() -> None:
    node = Node(name="sent", step=sent, arguments={})
    first, second = (effect_key(node, {"value": digest}, {}, "run-1") for digest in ("a", "b"))
    assert first != second
