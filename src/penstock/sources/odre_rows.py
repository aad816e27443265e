"""Rows of the French data sets of ODRÉ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.domain.rows import ColumnRule, RowSchema

if TYPE_CHECKING:
    import polars as pl

FRENCH_ZONE = "Europe/Paris"

FRENCH_CONSUMPTION = RowSchema(
    name="consommation-quotidienne-brute",
    columns=(
        ColumnRule(name="date_heure", kind="instant"),
        ColumnRule(name="date", kind="date"),
        ColumnRule(name="heure", kind="text"),
        ColumnRule(
            name="consommation_brute_electricite_rte", kind="number", unit="MW", nullable=True, minimum=0.0
        ),
        ColumnRule(name="statut_rte", kind="text", nullable=True),
    ),
)
"""Mean load of each half hour of mainland France without Corsica; ``statut_rte`` says how final a value is."""

FRENCH_TEMPERATURE = RowSchema(
    name="temperature-quotidienne-regionale",
    columns=(
        ColumnRule(name="date", kind="date"),
        ColumnRule(name="code_insee_region", kind="text"),
        ColumnRule(name="region", kind="text"),
        ColumnRule(name="tmin", kind="number", unit="°C", nullable=True),
        ColumnRule(name="tmax", kind="number", unit="°C", nullable=True),
        ColumnRule(name="tmoy", kind="number", unit="°C", nullable=True),
    ),
)
"""Least, greatest and mean temperature of each day and region."""

ODRE_SCHEMAS = {schema.name: schema for schema in (FRENCH_CONSUMPTION, FRENCH_TEMPERATURE)}
"""The data sets that are known here, by name."""


def without_skipped_hours(rows: pl.DataFrame) -> pl.DataFrame:
    """Leave out half hours that no clock shows: those whose ``heure`` is not the French time of ``date_heure``.

    The portal lists 48 half hours for every local day. In spring it lists 02:00 and 02:30, which the clock skips, with
    the stamps of 03:00 and 03:30: two values for one moment, of which those of the skipped hour repeat earlier ones.
    In autumn it lists the hour from 02:00 only once: the hour of summer time is missing there and stays a gap here.
    Rows without a column ``heure`` pass.
    """
    import polars as pl

    if "heure" not in rows.columns:
        return rows
    shown = pl.col("date_heure").dt.convert_time_zone(FRENCH_ZONE).dt.strftime("%H:%M")
    return rows.filter(pl.col("heure").str.slice(0, 5) == shown)
