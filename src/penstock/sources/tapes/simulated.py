"""Tapes whose rows come from the embedded simulators; they say so on their label."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from penstock.sources.denmark_rows import DENMARK_ROWS
from penstock.sources.energidata import BASE_URL
from penstock.sources.simulators.denmark import DenmarkSimulator, DenmarkSimulatorConfig
from penstock.sources.tapes.tables import table_of
from penstock.sources.tapes.tape import TableEntry, Tape, TapeLabel, save_table

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.domain.windows import Window

_MADE = datetime(2026, 11, 21, tzinfo=UTC)  # of the simulator, which a seed makes the same for ever
_FILE = "ConsumptionDE35Hour.csv"


def denmark_tape(config: DenmarkSimulatorConfig | None = None) -> Tape:
    """Return a tape that answers any window from the Danish simulator, as far as it has published."""
    source = DenmarkSimulator(config or DenmarkSimulatorConfig())
    table = table_of("energidata", source, "HourUTC", source.config.window)
    return Tape(label=_label(source.config), tables=[table])


def save_denmark_tape(folder: Path, window: Window, config: DenmarkSimulatorConfig | None = None) -> None:
    """Write a tape with the simulator's rows of ``window`` into a new folder.

    Raises
    ------
    UsageError
        If something is there already.
    """
    source = DenmarkSimulator(config or DenmarkSimulatorConfig())
    entry = TableEntry(service="energidata", file=_FILE, time="HourUTC", rows=DENMARK_ROWS)
    save_table(folder, _label(source.config), entry, source.fetch(window))


def _label(config: DenmarkSimulatorConfig) -> TapeLabel:
    return TapeLabel(
        name="denmark",
        base_url=BASE_URL,
        recorded_at=_MADE,
        simulated=True,
        note=f"Made by the simulator with seed {config.seed}; no real consumption.",
    )
