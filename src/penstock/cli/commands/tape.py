"""``penstock tape serve | record | faults``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penstock.cli.answers import AsJson, answer, answer_many
from penstock.cli.groups import group

if TYPE_CHECKING:
    from penstock.app.tapes import ServedTape
    from penstock.sources.http.access import Progress

LOOKING_EVERY_S = 0.2


def build() -> typer.Typer:
    """Return the group of commands."""
    app = group("Stand in for a service on this machine, and record one.")
    app.command(epilog="Example: penstock tape serve denmark --port 8090 --fault away@1-2")(serve)
    app.command(
        epilog="Example: penstock tape record ConsumptionIndustry --start 2024-01-01 --end 2024-02-01 --to industry"
    )(record)
    app.command(epilog="Example: penstock tape faults")(faults)
    return app


def serve(
    tape: Annotated[str, typer.Argument(help="denmark (simulated), or the folder of a tape.")] = "denmark",
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to listen; 0 takes a free port.")] = 0,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FAULT[@WHEN][:ARGUMENT]", help="What goes wrong, such as too_many@1:30. Repeat it."
        ),
    ] = None,
    fault_file: Annotated[
        Path | None, typer.Option("--faults", metavar="FILE", help="YAML file with further faults.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Answer as a service would, until Ctrl-C.

    Only this machine is listened to. `penstock tape faults` lists what can go wrong.
    """
    from rich.text import Text

    from penstock.app.tapes import serve as start
    from penstock.app.tapes import served

    player = start(tape, port=port, faults=fault or [], file=fault_file)
    try:
        found = served(player)
        answer(found, Text("\n".join(_lines(found))), as_json=as_json)
        sys.stdout.flush()  # whoever started us waits for the address
        while not player.wait(LOOKING_EVERY_S):
            pass
    except KeyboardInterrupt:
        sys.stderr.write(f"{len(player.requests)} requests answered.\n")
    finally:
        player.close()


def _lines(found: ServedTape) -> list[str]:
    label = " SIMULATED" if found.simulated else ""
    return [
        f"{found.url}{label}",
        f"plays {found.tape}: {', '.join(found.datasets)}",
        f"use it as the base_url of a source, such as energidata.base_url={found.url}; Ctrl-C ends it",
    ]


def record(  # noqa: PLR0913 - the options of the command
    dataset: Annotated[
        str, typer.Argument(help="A data set of a known service, such as ConsumptionIndustry.")
    ],
    *,
    start: Annotated[str, typer.Option(metavar="TIME", help="First moment, in UTC unless it has an offset.")],
    end: Annotated[str, typer.Option(metavar="TIME", help="First moment that is left out.")],
    to: Annotated[Path, typer.Option(metavar="FOLDER", help="New folder for the tape.")],
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Another address of the service.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch a window from a service and keep its answers as a tape.

    The rate that the service publishes is kept. The tape is written whole or not at all.
    """
    from rich.text import Text

    from penstock.app.ingest import moment
    from penstock.app.session import Session
    from penstock.app.tapes import RecordOptions, record_tape
    from penstock.domain.windows import Window

    window = Window(moment(start, "--start"), moment(end, "--end"))
    options = RecordOptions(dataset=dataset, window=window, folder=to, base_url=base_url)
    made = record_tape(options, Session.open(), None if as_json else _tell)
    lines = [
        f"{made.folder}: {made.rows:,} rows of {made.dataset} for {window}, answers: {made.answers}",
        f"play it: penstock tape serve {made.folder}",
    ]
    answer(made, Text("\n".join(lines)), as_json=as_json)


def _tell(progress: Progress) -> None:
    place = f"[{progress.done}/{progress.total}] " if progress.total else ""
    sys.stderr.write(f"{place}{progress.note}\n")


def faults(*, as_json: AsJson = False) -> None:
    """List what can go wrong on demand, and when it does unless told otherwise."""
    from penstock.app.tapes import list_faults
    from penstock.cli.summary import table

    lines = list_faults()
    shown = table("Faults", "fault", "usually at", "argument", "what happens")
    for line in lines:
        shown.add_row(line.fault, line.when, line.argument, line.meaning)
    answer_many("faults", lines, shown, as_json=as_json)
