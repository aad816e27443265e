"""The package as it is installed: what a wheel holds."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

DATA = {".gz", ".yaml", ".j2", ".js", ".css", ".csv", ".json", ".typed", ".txt", ".md", ".tmpl", ".in"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """Build the wheel in this process: offline, without isolation."""
    hatchling = pytest.importorskip("hatchling.builders.wheel", reason="the build backend is not installed")
    builder = hatchling.WheelBuilder(str(Path(__file__).parents[2]))
    (built,) = builder.build(directory=str(tmp_path_factory.mktemp("dist")), versions=["standard"])
    with zipfile.ZipFile(built) as archive:
        yield archive


def test_the_wheel_holds_everything_that_is_not_code(root: Path, wheel: zipfile.ZipFile) -> None:
    source = root / "src"
    wanted = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*")
        if path.suffix in DATA | {".py"} and "__pycache__" not in path.parts
    }
    assert wanted - set(wheel.namelist()) == set()


def test_the_wheel_names_licence_command_and_systems(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert any(name.endswith("licenses/LICENSE") for name in names)
    points = next(name for name in names if name.endswith("entry_points.txt"))
    text = wheel.read(points).decode()
    assert "penstock = penstock.cli.main:main" in text
    assert "denmark = penstock.systems.denmark.system:SYSTEM" in text


def test_the_wheel_holds_nothing_but_the_package(wheel: zipfile.ZipFile) -> None:
    assert {name.split("/")[0].split("-")[0] for name in wheel.namelist()} == {"penstock"}


def test_the_library_of_the_report_is_the_one_that_plotly_ships() -> None:
    from penstock.reporting.page import PLOTLY_FILE

    ours = gzip.decompress(files("penstock.reporting").joinpath("assets", PLOTLY_FILE).read_bytes())
    theirs = files("plotly").joinpath("package_data", "plotly.min.js").read_bytes()
    assert ours == theirs
    assert PLOTLY_FILE.removeprefix("plotly-").removesuffix(".min.js.gz") in ours[:100].decode()
