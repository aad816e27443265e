from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from penstock.cli.invocation import Invocation


def invocation(folder: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> Invocation:
    return Invocation(arguments=arguments, environ=environ or {}, folder=folder, started_at=0.0)


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (("run", "denmark"), "run"),
        (("--verbose", "run", "denmark"), "run"),
        (("--help",), None),
        ((), None),
    ],
)
def test_the_first_word_that_is_no_option_is_the_command(
    tmp_path: Path, arguments: tuple[str, ...], command: str | None
) -> None:
    assert invocation(tmp_path, *arguments).command == command


def test_options_of_showing_make_no_other_door(tmp_path: Path) -> None:
    plain = invocation(tmp_path, "run", "denmark").door()
    assert invocation(tmp_path, "run", "denmark", "--json", "--quiet").door().path == plain.path
    assert invocation(tmp_path, "run", "denmark", "horizon=3").door().path != plain.path
    assert (
        invocation(tmp_path / "x", "run", "denmark", environ={"PENSTOCK_HOME": str(plain.workspace)})
        .door()
        .path
        != plain.path
    )


@pytest.mark.parametrize(
    ("written", "environ", "home"),
    [
        (None, {}, ".penstock"),
        (None, {"PENSTOCK_HOME": "there"}, "there"),
        (None, {"PENSTOCK_HOME": " "}, ".penstock"),
        ("PENSTOCK_HOME=there\n", {}, "there"),
        ("# a comment\nexport PENSTOCK_HOME = 'there'\n", {}, "there"),
        ('PENSTOCK_HOME=one\nPENSTOCK_HOME="there"\n', {}, "there"),
        ("PENSTOCK_HOME=there\n", {"PENSTOCK_HOME": "here"}, "here"),
        ("OTHER=there\n", {}, ".penstock"),
    ],
)
def test_the_workspace_is_found_as_the_session_finds_it(
    tmp_path: Path, written: str | None, environ: Mapping[str, str], home: str
) -> None:
    from penstock.app.session import Session

    if written is not None:
        (tmp_path / ".env").write_text(written)
    found = invocation(tmp_path, "run", environ=environ).home
    assert found == tmp_path / home
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        assert Session.open(environ=environ).workspace.root.resolve() == found.resolve()


def test_another_file_of_variables_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "my.env").write_text("PENSTOCK_HOME=there\n")
    assert invocation(tmp_path, environ={"PENSTOCK_ENV_FILE": "my.env"}).home == tmp_path / "there"
