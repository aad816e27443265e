from __future__ import annotations

import errno
from typing import TYPE_CHECKING, NoReturn

import pytest

from penstock.domain.errors import (
    ArtifactCorruptError,
    ConfigError,
    DataError,
    GateError,
    LockTimeoutError,
    MissingExtraError,
    PenstockError,
    PipelineError,
    ServiceError,
    StepError,
    UnknownNameError,
    ValidationError,
    WorkspaceError,
)

if TYPE_CHECKING:
    from tests.cli.samples import Answer, Command
else:
    from cli.samples import Answer, Command


@pytest.fixture
def raising(monkeypatch: pytest.MonkeyPatch, penstock: Command) -> Command:
    """Return a function that runs a command whose work raises the given error."""

    def call(error: BaseException) -> Answer:
        def fail() -> NoReturn:
            raise error

        monkeypatch.setattr("penstock.app.systems.list_systems", fail)
        return penstock("systems")

    return call


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (PenstockError, 1),
        (StepError, 1),
        (ArtifactCorruptError, 1),
        (LockTimeoutError, 1),
        (ConfigError, 2),
        (UnknownNameError, 2),
        (PipelineError, 2),
        (MissingExtraError, 2),
        (WorkspaceError, 2),
        (DataError, 3),
        (ValidationError, 3),
        (GateError, 4),
        (ServiceError, 5),
    ],
)
def test_every_error_is_one_message_with_its_code(
    raising: Command, kind: type[PenstockError], code: int
) -> None:
    said = raising(kind("what failed, and what to do"))
    assert (said.code, said.out) == (code, "")
    assert said.err == "Error: what failed, and what to do\n"


def test_notes_stand_behind_the_message(raising: Command) -> None:
    error = DataError("bad rows.")
    error.add_note("while reading power.csv")
    assert raising(error).err == "Error: bad rows. (while reading power.csv)\n"


def test_a_fault_of_ours_says_so_and_how_to_see_more(raising: Command) -> None:
    said = raising(ZeroDivisionError("division by zero"))
    assert said.code == 1
    assert said.err.startswith("Error: ZeroDivisionError: division by zero\nThis is a fault of Penstock")
    assert "PENSTOCK_DEBUG=1" in said.err
    assert "Traceback" not in said.err


def test_debugging_shows_the_traceback_too(raising: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_DEBUG", "1")
    said = raising(DataError("bad rows"))
    assert said.code == 3
    assert "Traceback" in said.err
    assert said.err.endswith("Error: bad rows\n")


def test_ctrl_c_is_130(raising: Command) -> None:
    said = raising(KeyboardInterrupt())
    assert (said.code, said.out) == (130, "")
    assert said.err == "Error: Interrupted. Finished steps are kept; the same command continues.\n"


def test_a_broken_pipe_is_no_error(raising: Command) -> None:
    said = raising(BrokenPipeError())
    assert (said.code, said.err) == (0, "")


def test_a_full_disk_names_the_place_and_the_way_out(raising: Command) -> None:
    said = raising(OSError(errno.ENOSPC, "No space left on device", "/data/x"))
    assert said.code == 1
    assert "No space left on device: /data/x. Free some space" in said.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("rnu",), "There is no command 'rnu'; did you mean 'run'? Allowed: "),
        (("runs", "lst"), "There is no command 'lst'; did you mean 'list'? Allowed: "),
        (("run", "denmark", "--jbos", "2"), "No such option: --jbos"),
        (("run",), "Missing argument"),
        (("run", "denmark", "--jobs", "0"), "--jobs"),
        (("run", "denmark", "--log-format", "xml"), "--log-format"),
        (("cache", "gc"), "Missing option"),
        (("runs", "list", "extra"), "extra"),
    ],
)
def test_wrong_use_names_the_word_and_where_to_read_more(
    penstock: Command, words: tuple[str, ...], message: str
) -> None:
    said = penstock(*words)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("Error: ")
    assert message in said.err
    assert "--help` explains" in said.err
    assert "Traceback" not in said.err


def test_no_command_at_all_shows_the_overview(penstock: Command) -> None:
    said = penstock()
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("Usage: penstock")
    assert "reproduce" in said.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "denmrk"), "There is no system 'denmrk'; did you mean 'denmark'?"),
        (("runs", "show", "nothing"), "There is no run 'nothing'; there are none yet"),
        (
            ("runs", "list", "--system", "denmrk"),
            "There is no system 'denmrk', and no run of one; did you mean",
        ),
        (("models", "show", "power"), "such as power@candidate"),
        (("why", "nothing", "step"), "There is no run 'nothing'"),
        (("reproduce", "nothing"), "There is no run 'nothing'"),
        (("models", "show", "nothing@v1"), "nothing"),
        (("models", "list", "nothing"), "There is no model 'nothing'"),
        (("data", "show", "nothing@v1"), "nothing"),
        (("data", "show", "nothing"), "nothing"),
        (("data", "list", "nothing"), "There is no dataset 'nothing'"),
        (("cache", "gc", "--max-size", "much"), "'much' is no size"),
        (("config", "show", "denmark", "horizno=3"), "did you mean horizon?"),
        (("config", "show", "denmark", "horizon=0"), "horizon"),
        (("config", "show", "denmark", "--config", "a/best_config@v1"), "There is no configuration"),
        (("dag", "show", "panel"), "data"),
        (("new", "Two Words"), "cannot name a system"),
    ],
)
def test_unknown_names_and_values_are_refused(
    home: object, penstock: Command, words: tuple[str, ...], message: str
) -> None:
    said = penstock(*words)
    assert (said.code, said.out) == (2, "")
    assert message in said.err
    assert said.err.startswith("Error: ")
    assert "Traceback" not in said.err
