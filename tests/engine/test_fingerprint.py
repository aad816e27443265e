from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from penstock.engine import environment
from penstock.engine.declare import Pipeline, Step
from penstock.engine.fingerprint import SHOWN_CHARACTERS, Fingerprint, Fingerprinter, digest_of, paths_in
from penstock.engine.graph import Graph
from penstock.engine.records import Ingredients, OutputRef, Parameter
from penstock.engine.surroundings import surroundings

if TYPE_CHECKING:
    from tests.engine.sample.steps import (
        Size,
        declared,
        given,
        level,
        numbers,
        sized,
        together,
        total,
        validated,
        wrongly_declared,
    )
else:
    from engine.sample.steps import (
        Size,
        declared,
        given,
        level,
        numbers,
        sized,
        together,
        total,
        validated,
        wrongly_declared,
    )


def graph(work: Callable[[], object]) -> Graph:
    return Pipeline(function=work, name="sample").plan()


def output(logical: str = "a", kind: str = "builtins:list") -> OutputRef:
    return OutputRef(codec="values", type=kind, logical=logical, digest="d" * 64, size_bytes=1)


def fingerprint(
    work: Callable[[], object],
    environ: Mapping[str, str] | None = None,
    outputs: Mapping[str, OutputRef] | None = None,
) -> Fingerprint:
    """Return the fingerprint of the last step that ``work`` calls."""
    drawn = graph(work)
    node = drawn.nodes[-1]
    made = dict.fromkeys(node.parents, output()) | dict(outputs or {})
    return Fingerprinter(environ=environ or {}).fingerprint(node, made)


def digest(work: Callable[[], object]) -> str:
    return fingerprint(work).digest


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    one.write_text("1")
    two.write_text("2")
    return one, two


MADE_OF = Ingredients(
    step="steps:total",
    code={"steps:total": "a"},
    reads={"data.txt": "a"},
    params={"extra": Parameter(digest="a", shown="a")},
    inputs={"values": "a"},
    libraries={"numpy": "2.0"},
    environment={"python": "3.11"},
)


@pytest.mark.parametrize(
    "change",
    [
        {"step": "steps:other"},
        {"code": {"steps:total": "b"}},
        {"code": {"steps:other": "a"}},
        {"reads": {"data.txt": "b"}},
        {"reads": {"other.txt": "a"}},
        {"params": {"extra": Parameter(digest="b", shown="a")}},
        {"inputs": {"values": "b"}},
        {"libraries": {"numpy": "2.1"}},
        {"libraries": {}},
        {"environment": {"python": "3.12"}},
    ],
)
def test_every_ingredient_counts(change: Mapping[str, object]) -> None:
    assert digest_of(MADE_OF.model_copy(update=change)) != digest_of(MADE_OF)


@pytest.mark.parametrize(
    "change",
    [
        {"params": {"extra": Parameter(digest="a", shown="other text")}},
        {"dynamic": ("a reason",)},
    ],
)
def test_texts_for_people_do_not_count(change: Mapping[str, object]) -> None:
    assert digest_of(MADE_OF.model_copy(update=change)) == digest_of(MADE_OF)


def test_where_a_checkout_lies_does_not_count_and_which_file_is_which_does() -> None:
    def reads(**texts: str) -> str:
        return digest_of(MADE_OF.model_copy(update={"reads": texts}))

    here, there = {"/here/a.csv": "1", "/here/b/c.csv": "2"}, {"/far/off/a.csv": "1", "/far/off/b/c.csv": "2"}
    assert reads(**here) == reads(**there)
    assert reads(**here) != reads(**{"/here/a.csv": "2", "/here/b/c.csv": "1"})


def test_two_steps_differ_by_their_code() -> None:
    assert digest(lambda: numbers(3)) != digest(level)
    code = fingerprint(lambda: numbers(3)).ingredients.code
    assert f"{numbers.function.__module__}:numbers" in code


def test_parameters_count_by_value_and_defaults_are_parameters() -> None:
    assert digest(lambda: numbers(3)) == digest(lambda: numbers(count=3))
    assert len({digest(lambda: numbers(3)), digest(lambda: numbers(4)), digest(lambda: numbers(True))}) == 3
    assert digest(lambda: total(numbers(1))) == digest(lambda: total(numbers(1), extra=0))


def test_a_parameter_is_shown_in_bounded_length() -> None:
    parameter = fingerprint(lambda: total([1] * 100_000)).ingredients.params["values"]
    assert len(parameter.shown) == SHOWN_CHARACTERS
    assert parameter.shown.endswith("…")


def test_inputs_count_by_what_they_mean() -> None:
    def of(logical: str) -> str:
        return fingerprint(lambda: total(numbers(3)), outputs={"numbers": output(logical)}).digest

    assert of("a") == of("a")
    assert of("a") != of("b")


def test_inputs_inside_containers_keep_their_places() -> None:
    def of(**logical: str) -> str:
        outputs = {"total": output(logical["one"]), "total.2": output(logical["two"])}
        work = lambda: together({"a": total([1]), "b": total([2])})  # noqa: E731 - drawn twice
        return fingerprint(work, outputs=outputs).digest

    assert of(one="1", two="2") != of(one="2", two="1")


def test_a_path_counts_by_name_and_content_and_not_by_folder(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    one, two = files
    before = digest(lambda: given(one))
    copy = tmp_path / "elsewhere" / one.name
    copy.parent.mkdir()
    shutil.copy(one, copy)
    assert digest(lambda: given(copy)) == before
    assert digest(lambda: given(two)) != before
    renamed = shutil.copy(one, tmp_path / "renamed.csv")
    assert digest(lambda: given(Path(renamed))) != before
    one.write_text("2")
    assert digest(lambda: given(one)) != before


def test_a_path_that_leads_nowhere_counts_by_its_name(tmp_path: Path) -> None:
    absent = tmp_path / "absent.csv"
    before = fingerprint(lambda: given(absent))
    assert before.data_files == {absent: "missing"}
    absent.write_text("")
    assert digest(lambda: given(absent)) != before.digest


def test_a_folder_counts_with_everything_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "inner").mkdir(parents=True)
    seen = {digest(lambda: given(folder))}
    for name, text in (("inner/a", "1"), ("inner/a", "2"), ("inner/b", "2")):
        (folder / name).write_text(text)
        seen.add(digest(lambda: given(folder)))
    (folder / "inner/b").rename(folder / "inner/c")
    seen.add(digest(lambda: given(folder)))
    assert len(seen) == 5


def test_files_inside_arguments_count_each_in_its_place(files: tuple[Path, Path], tmp_path: Path) -> None:
    one, two = files

    def of(size: Size) -> str:
        return digest(lambda: sized(size))

    before = of(Size(1, one)), digest(lambda: together({"a": total([1])}, [one, two]))
    one.write_text("2")
    two.write_text("1")
    after = of(Size(1, one)), digest(lambda: together({"a": total([1])}, [one, two]))
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_a_text_that_names_a_file_counts_with_its_content(files: tuple[Path, Path]) -> None:
    one, two = files
    assert list(paths_in({"a": [str(one), "no file"], "b": (two, {"c": str(two)})})) == [one, two, two]
    assert list(paths_in("x" * 10_000)) == []
    assert list(paths_in("with\nlines")) == []


def test_members_of_a_set_come_in_one_order(files: tuple[Path, Path]) -> None:
    assert list(paths_in(set(files))) == list(paths_in(frozenset(reversed(files)))) == list(files)


def test_the_class_of_an_argument_counts() -> None:
    made = fingerprint(lambda: sized(Size(1)))
    assert any(name.endswith(":Size") for name in made.ingredients.code)
    assert digest(lambda: sized(Size(1))) != digest(lambda: sized(Size(2)))


def test_the_class_of_an_input_counts() -> None:
    kind = f"{Size.__module__}:Size"
    plain = fingerprint(lambda: total(numbers(1)))
    typed = fingerprint(lambda: total(numbers(1)), outputs={"numbers": output("a", kind)})
    assert any(name.endswith(":Size") for name in typed.ingredients.code)
    assert typed.digest != plain.digest


def test_declared_files_count_and_may_be_read() -> None:
    made = fingerprint(declared)
    (path,) = made.data_files
    assert path.name == "data.txt"
    assert made.ingredients.reads == {"data.txt": made.data_files[path]}


def test_declared_variables_count_by_digest_and_others_do_not() -> None:
    def of(**environ: str) -> Fingerprint:
        return fingerprint(level, environ)

    assert of(SAMPLE_LEVEL="7").digest != of(SAMPLE_LEVEL="8").digest != of().digest
    assert of(OTHER="1").digest == of().digest
    assert of().ingredients.environment["env:SAMPLE_LEVEL"] == "unset"
    assert len(of(SAMPLE_LEVEL="secret").ingredients.environment["env:SAMPLE_LEVEL"]) == 64


def test_surroundings_count() -> None:
    utc, cet = (fingerprint(lambda: numbers(3), {"TZ": zone}) for zone in ("UTC", "CET"))
    assert utc.digest != cet.digest


def test_versions_of_reached_libraries_count() -> None:
    made = fingerprint(lambda: validated(3))
    assert made.ingredients.libraries == environment.libraries(["pydantic"])
    assert {"pydantic", "pydantic-core"} <= made.ingredients.libraries.keys()
    assert fingerprint(lambda: numbers(3)).ingredients.libraries == {}


def test_interpreter_flags_are_surroundings() -> None:
    script = "import os; from penstock.engine.surroundings import surroundings; print(surroundings(os.environ)['flags'])"

    def flags(*arguments: str) -> str:
        command = [sys.executable, *arguments, "-c", script]
        environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        return subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout.strip()

    assert flags() == ""
    assert flags("-O") == "optimize=1"
    assert flags("-OO", "-W", "error") == "optimize=2 warnings=error"
    assert surroundings({"TZ": "CET"})["timezone"] == "CET"


def test_what_a_graph_reaches_is_known_before_it_runs(files: tuple[Path, Path]) -> None:
    def work() -> object:
        return [declared(), given(files[0]), sized(Size(1, files[1]))]

    reached = Fingerprinter(environ={}).reached(graph(work))
    assert {path.name for path in reached.data} == {"data.txt", "one.csv", "two.csv"}
    here = Path(declared.function.__code__.co_filename)
    assert reached.sources[here] == declared.function.__module__
    assert here.parent in reached.folders


def test_a_missing_declared_file_is_refused_before_anything_runs() -> None:
    step: Step[[], None] = wrongly_declared
    with pytest.raises(Exception, match=r"absent\.txt"):
        Fingerprinter(environ={}).reached(graph(step))
