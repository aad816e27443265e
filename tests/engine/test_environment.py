from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from penstock.engine import environment
from penstock.engine.environment import installed, libraries


def forget() -> None:
    for function in vars(environment).values():
        if hasattr(function, "cache_clear"):
            function.cache_clear()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the only folder on the import path."""
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    forget()
    yield tmp_path
    forget()


def install(site: Path, name: str, *, record: str = "", needs: tuple[str, ...] = ()) -> Path:
    folder = site / f"{name}.dist-info"
    folder.mkdir()
    project, _, version = name.partition("-")
    lines = [f"Name: {project}", f"Version: {version}", *(f"Requires-Dist: {need}" for need in needs)]
    (folder / "METADATA").write_text("\n".join(lines) + "\n\nRequires-Dist: in-the-description\n")
    (folder / "RECORD").write_text(record)
    return folder


def test_it_agrees_with_importlib_about_this_environment() -> None:
    forget()
    slow = {d.metadata["Name"].lower().replace("_", "-").replace(".", "-") for d in metadata.distributions()}
    assert set(installed()) == slow
    assert installed()["scikit-learn"] == metadata.version("scikit-learn")


def test_it_agrees_with_importlib_about_requirements() -> None:
    forget()
    assert libraries(["sklearn"]) == {name: metadata.version(name) for name in libraries(["scikit-learn"])}
    assert {"scikit-learn", "numpy", "scipy", "joblib", "threadpoolctl"} <= set(libraries(["sklearn"]))


def test_the_first_on_the_path_counts(
    site: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = tmp_path_factory.mktemp("later")
    install(site, "one-1.0")
    install(later, "one-2.0")
    monkeypatch.setattr(sys, "path", [str(site), str(later)])
    assert installed() == {"one": "1.0"}


def test_names_are_normalised(site: Path) -> None:
    install(site, "Typing_Extensions.more-1.0+local")
    assert installed() == {"typing-extensions-more": "1.0+local"}


@pytest.mark.parametrize(
    "record",
    ["gadget/__init__.py,,", "other/x.py,,\ngadget.py,,", "gadget.cpython-311-darwin.so,,", "gadget.pyd,,"],
)
def test_an_import_is_found_in_the_list_of_files(site: Path, record: str) -> None:
    install(site, "acme_tools-3.1", record=record)
    assert libraries(["gadget"]) == {"acme-tools": "3.1"}


@pytest.mark.parametrize("record", ["gadgets/__init__.py,,", "other/gadget/x.py,,", "gadget.txt,,"])
def test_a_similar_name_is_not_taken(site: Path, record: str) -> None:
    install(site, "acme_tools-3.1", record=record)
    assert libraries(["gadget"]) == {"gadget": "missing"}


def test_what_no_distribution_owns_counts_by_its_content(site: Path) -> None:
    (site / "loose.py").write_text("VALUE = 1\n")
    (site / "parcel").mkdir()
    (site / "parcel/__init__.py").write_text("")
    (site / "parcel/inner.py").write_text("VALUE = 1\n")
    importlib.invalidate_caches()
    before = libraries(["loose", "parcel"])
    assert all(version.startswith("content ") for version in before.values())
    (site / "parcel/__pycache__").mkdir()
    (site / "parcel/__pycache__/inner.pyc").write_bytes(b"1")
    assert libraries(["loose", "parcel"]) == before
    (site / "parcel/inner.py").write_text("VALUE = 2\n")
    assert libraries(["loose"])["loose"] == before["loose"]
    assert libraries(["parcel"])["parcel"] != before["parcel"]


def test_top_level_names_count_where_they_are_given(site: Path) -> None:
    (install(site, "pyyaml-6.0") / "top_level.txt").write_text("_yaml\nyaml\n")
    assert libraries(["yaml"]) == {"pyyaml": "6.0"}


def test_all_homes_of_a_shared_package_count(site: Path) -> None:
    install(site, "google_a-1", record="google/a.py,,")
    install(site, "google_b-2", record="google/b.py,,")
    assert libraries(["google"]) == {"google-a": "1", "google-b": "2"}


def test_requirements_of_requirements_count_and_extras_do_not(site: Path) -> None:
    install(site, "top-1", needs=("middle>=2; python_version > '3'", 'extra-one; extra == "more"'))
    install(site, "middle-2", needs=("bottom[fast] (>=1)", "absent"))
    install(site, "bottom-3")
    install(site, "extra_one-4")
    assert libraries(["top"]) == {"top": "1", "middle": "2", "bottom": "3"}


def test_an_old_style_distribution_is_found(site: Path) -> None:
    folder = site / "old.egg-info"
    folder.mkdir()
    (folder / "PKG-INFO").write_text("Name: old\nVersion: 0.1\nRequires-Dist: new\n\n")
    (folder / "top_level.txt").write_text("ancient\n")
    install(site, "new-1")
    assert libraries(["old"]) == libraries(["ancient"]) == {"old": "0.1", "new": "1"}


def test_places_that_do_not_exist_are_passed_over(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(site, "one-1.0")
    monkeypatch.setattr(sys, "path", [str(site / "absent"), str(site)])
    assert installed() == {"one": "1.0"}
