"""Steps from rows to a published dataset version: check, regularise, describe, publish, split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from penstock.engine import effect, step
from penstock.engine.context import shelf, world
from penstock.evaluation.splits import Split, SplitConfig, panel_times, plan_split, up_to
from penstock.forecasting.features import FeatureConfig
from penstock.quality.config import QualityConfig
from penstock.quality.report import QualityReport
from penstock.storage.datasets import DatasetFacts, DatasetPin, DatasetVersion, read_pinned, version_with
from penstock.storage.datasets import publish as publish_version
from penstock.storage.tables.cut import TableCut
from penstock.storage.tables.open import find_table
from penstock.systems.shared.ingest import holds_made_up_rows
from penstock.systems.shared.values import Demand, Origin, PanelShape

if TYPE_CHECKING:
    import polars as pl

    from penstock.quality.rules import Asked


UNKNOWN_AHEAD = "unknown_ahead"
"""Rule that notes that covariates are missing for the steps to forecast."""

ANY_FREQUENCY = "1h"
"""Stands for the frequency of rows that have none, so that the rules can say what is wrong with them."""


@step(stage="acquire")
def pinned_rows(pin: DatasetPin) -> pl.DataFrame:
    """Return the panel of a published dataset version, its bytes verified."""
    return read_pinned(shelf().store, pin)


@step(stage="validate")
def check_panel(
    rows: pl.DataFrame, quality: QualityConfig, demand: Demand | None, leads: Mapping[str, int] | None = None
) -> QualityReport:
    """Ask every time-series rule about the rows, then whether there are enough of them for what is demanded.

    Raises
    ------
    ValidationError
        If a rule is broken; nothing is published then.
    DataError
        If the whole panel is too short for its folds and its final window.
    """
    report = asked(rows, quality, leads)
    report.raise_if_broken()
    if demand is None:
        return report
    least = max(quality.min_rows, _rows_needed(rows, report, quality, demand))
    enough = asked(rows, quality.model_copy(update={"min_rows": least}), leads)
    enough.raise_if_broken()
    return enough


def asked(
    rows: pl.DataFrame, quality: QualityConfig, leads: Mapping[str, int] | None = None
) -> QualityReport:
    """Ask every time-series rule about panel rows; nothing is raised for bad data."""
    from penstock.quality.rules import findings, report_on

    return report_on(rows, findings(rows, quality, _asked_with(rows, quality, leads)))


def _asked_with(rows: pl.DataFrame, quality: QualityConfig, leads: Mapping[str, int] | None) -> Asked:
    from penstock.quality.rules import Asked

    return Asked(
        frequency=_frequency(rows), known_series=quality.known_series, now=quality.as_of, leads=leads or {}
    )


def _frequency(rows: pl.DataFrame) -> str:
    from penstock.forecasting.panel import usual_frequency
    from penstock.quality.facts import COLUMNS

    is_panel = all(rows.schema.get(name) == kind for name, kind in COLUMNS.items())
    return (usual_frequency(rows) if is_panel else None) or ANY_FREQUENCY


@step(stage="validate")
def set_aside(
    rows: pl.DataFrame, quality: QualityConfig, leads: Mapping[str, int] | None = None
) -> pl.DataFrame:
    """Return the rows that break a rule, each with ``rule`` and ``finding``: they are not learnt from.

    Raises
    ------
    ValidationError
        If a rule about the whole table is broken, or more rows break a rule than may be set aside.
    """
    from penstock.quality.quarantine import sift_panel

    return sift_panel(rows, quality, _asked_with(rows, quality, leads)).set_aside


@step(stage="validate")
def without(rows: pl.DataFrame, aside: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that were not set aside; whoever shares series and stamp with one that was, was too."""
    return rows.join(aside, on=["series", "time"], how="anti", nulls_equal=True, maintain_order="left")


@step(stage="validate")
def with_set_aside(report: QualityReport, aside: pl.DataFrame) -> QualityReport:
    """Add to the report how many rows were set aside, and by which rules."""
    from penstock.quality.quarantine import told_of

    return report.model_copy(update={"rules": (*report.rules, told_of(aside))})


def _rows_needed(rows: pl.DataFrame, report: QualityReport, quality: QualityConfig, demand: Demand) -> int:
    """Return the fewest values of a series: what its model looks back on, one row to learn from, the final window."""
    from penstock.forecasting.forecaster import history_needed
    from penstock.forecasting.panel import detect_frequency, regularise, season_lengths
    from penstock.forecasting.training import resolve
    from penstock.quality.rules import clean

    cleaned = clean(rows, report)
    frequency = detect_frequency(cleaned)
    panel, _ = regularise(cleaned, frequency, quality.max_gap)
    times = panel_times(panel)
    windows = plan_split(
        times,
        frequency=frequency,
        horizon=demand.horizon,
        config=demand.split,
        seasons=season_lengths(frequency),
    )
    train = up_to(panel, windows.train_end)
    features, model = resolve(train, demand.features, demand.model, horizon=demand.horizon)
    return history_needed(features, model) + 1 + int((times > windows.train_end).sum())


@step(stage="prepare")
def prepare(rows: pl.DataFrame, report: QualityReport, quality: QualityConfig) -> pl.DataFrame:
    """Drop exact duplicates and fill short gaps from each series' own past; no feature is made here."""
    from penstock.forecasting.ahead import with_covariates
    from penstock.forecasting.panel import detect_frequency, regularise
    from penstock.quality.rules import clean

    cleaned = clean(rows, report)
    panel, _ = regularise(cleaned, detect_frequency(cleaned), quality.max_gap)
    return with_covariates(panel, rows)


@step(stage="validate")
def known_ahead(
    rows: pl.DataFrame, panel: pl.DataFrame, horizon: int, features: FeatureConfig
) -> pl.DataFrame:
    """Return what is known of the ``horizon`` steps after each series; no row where nothing is.

    Raises
    ------
    DataError
        Something is known of these steps, but not all that a forecast needs; lists the pairs of series and time.
    """
    from penstock.forecasting.ahead import rows_ahead

    return rows_ahead(rows, panel, horizon, _wanted(features))


@step(stage="validate")
def with_unknown_ahead(
    report: QualityReport, panel: pl.DataFrame, ahead: pl.DataFrame, horizon: int, features: FeatureConfig
) -> QualityReport:
    """Note in the report that nothing is known of the steps to forecast, where that is so."""
    from penstock.domain.covariates import plain
    from penstock.forecasting.ahead import needed_ahead, steps_ahead
    from penstock.quality.found import found

    names = needed_ahead(panel, _wanted(features))
    if ahead.height or not names:
        return report
    note = found(
        UNKNOWN_AHEAD,
        "noted",
        steps_ahead(panel, horizon),
        finding=f"no value of {', '.join(map(plain, names))} for the steps to forecast",
        remedy="So the unseen future is not forecast. Add rows with these series and times and an empty target, or name a "
        "file with them: future=FILE",
    )
    return report.model_copy(update={"rules": (*report.rules, note.told())})


def _wanted(features: FeatureConfig) -> tuple[str, ...] | None:
    return None if features.covariates == "auto" else features.covariates


@step(stage="prepare")
def describe(rows: pl.DataFrame, panel: pl.DataFrame) -> PanelShape:
    """Find the grid and the seasons of a panel, and count what was repaired."""
    from penstock.forecasting.panel import detect_frequency, season_lengths, static_columns

    frequency = detect_frequency(panel)
    times = panel_times(panel)
    kept = (
        rows.filter(rows["series"].is_in(panel["series"].unique().to_list())).drop_nans("y").drop_nulls("y")
    )
    unique = kept.unique(["series", "time"]).height
    return PanelShape(
        frequency=frequency,
        seasons=season_lengths(frequency, panel),
        rows=panel.height,
        series=panel["series"].n_unique(),
        first=times[0],
        last=times[-1],
        static=static_columns(panel),
        columns={name: str(kind) for name, kind in panel.schema.items()},
        cleaning={"duplicates_dropped": kept.height - unique, "gaps_filled": panel.height - unique},
    )


@step(stage="validate")
def with_prices(panel: pl.DataFrame, shape: PanelShape, price: str) -> PanelShape:
    """Return the shape as it is, once it is sure that every series has a price: before anything is learned.

    Raises
    ------
    ConfigError
        The price is no static column, or does not hold numbers of at least 0.
    """
    from penstock.evaluation.bands import price_sum

    price_sum(panel.select("series", *shape.static), price)
    return shape


@effect(stage="prepare", once_per=["panel", "shape", "origin", "cut"])
def publish(
    panel: pl.DataFrame, shape: PanelShape, origin: Origin, cut: TableCut | None = None
) -> DatasetVersion:
    """Make the panel an immutable, numbered dataset version; the same content and cut keep their version.

    ``cut`` is the cut of a table that the panel was made of, if it was; it stays readable for ever.
    """
    del panel  # its artifact is what counts
    here = world()
    ref = here.inputs["panel"]
    if cut is not None and version_with(here.catalogue, origin.name, ref.logical, cut) is None:
        find_table(here.workspace, cut.table).pin(cut)
    made_up = cut is not None and holds_made_up_rows(here.catalogue, cut.table)
    facts = DatasetFacts(
        digest=ref.logical,
        artifact=ref.digest,
        rows=shape.rows,
        series=shape.series,
        first=shape.first,
        last=shape.last,
        frequency=shape.frequency,
        columns=shape.columns,
        source=origin.source,
        simulated=origin.simulated or made_up,
        cleaning=shape.cleaning,
        cut=cut,
    )
    return publish_version(here.catalogue, origin.name, facts, run_id=here.run_id, now=here.now)


@step(stage="prepare")
def split(panel: pl.DataFrame, shape: PanelShape, horizon: int, config: SplitConfig) -> Split:
    """Divide the time into folds for tuning and a final window for judging."""
    from penstock.forecasting.panel import season_lengths

    seasons = season_lengths(shape.frequency)
    times = panel_times(panel)
    return plan_split(times, frequency=shape.frequency, horizon=horizon, config=config, seasons=seasons)
