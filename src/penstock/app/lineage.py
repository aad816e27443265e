"""``penstock lineage``: from a forecast row, model, run or dataset version back to the source, and forward again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from penstock.app.forecast_files import FORECAST_FILE
from penstock.app.runs import RUN, RUN_RESULT
from penstock.domain.errors import UnknownNameError, UsageError, bounded, did_you_mean
from penstock.domain.results import Result, RunResult
from penstock.engine.records import RunRecord
from penstock.release.registry import Release, releases, resolve
from penstock.storage.datasets import DatasetVersion, dataset, datasets
from penstock.systems.shared.ingest import INGEST, Landed

if TYPE_CHECKING:
    import polars as pl

    from penstock.app.session import Session

Kind = Literal["forecast", "run", "model", "data", "ingest", "file"]
KINDS: tuple[Kind, ...] = ("forecast", "run", "model", "data", "ingest")


class Thing(Result):
    """One thing on the way, and what it came from, or what came of it: ``parts``, each with parts of its own."""

    kind: Kind
    name: str
    note: str = ""
    parts: tuple[Thing, ...] = ()


class Lineage(Result):
    """What was asked for, what it came from, and what came of it."""

    of: Thing
    back: tuple[Thing, ...]
    forward: tuple[Thing, ...]


def lineage(session: Session, reference: str) -> Lineage:
    """Follow ``reference`` back to the source and forward to forecasts.

    Parameters
    ----------
    reference
        A run id; ``data:denmark@v3``; ``model:denmark@v2`` or ``model:denmark@candidate``; ``ingest:ID``;
        ``forecast:RUN`` or a row of it, ``forecast:RUN/SERIES/TIME`` (ISO 8601, UTC). ``NAME@…`` alone will do
        where only one of dataset and model has that name.

    Raises
    ------
    UnknownNameError
        If nothing answers to it.
    UsageError
        If it may mean two things, or is no reference.
    """
    catalogue = _Catalogue(session)
    kind, name = _parsed(catalogue, reference)
    if kind == "forecast":
        return _of_forecast(catalogue, name)
    if kind == "run":
        run = catalogue.run(name)
        return Lineage(of=_run(run), back=catalogue.before_run(run), forward=catalogue.after_run(run))
    if kind == "model":
        release = resolve(session.catalogue, name)
        return Lineage(
            of=_model(release),
            back=catalogue.before_model(release),
            forward=catalogue.after_model(release),
        )
    if kind == "data":
        version = dataset(session.catalogue, name)
        return Lineage(
            of=_data(version), back=catalogue.before_data(version), forward=catalogue.after_data(version)
        )
    ingest = catalogue.ingest(name)
    return Lineage(of=_ingest(ingest), back=(), forward=catalogue.after_ingest(ingest))


def _of_forecast(catalogue: _Catalogue, name: str) -> Lineage:
    run_id, _, row = name.partition("/")
    run = catalogue.run(run_id)
    if run.forecast is None:
        raise UnknownNameError(
            f"Run {run_id} made no forecast; `penstock runs show {run_id}` shows what it did."
        )
    note = _row(_kept(catalogue.session, run_id, Path(run.forecast)), row) if row else run.forecast
    made = _run(run).model_copy(update={"parts": catalogue.before_run(run)})
    model = catalogue.model_of(run)
    back = (made,)
    if model is not None and model.run_id == run_id:
        back = (_model(model).model_copy(update={"parts": (made,)}),)
    return Lineage(of=Thing(kind="forecast", name=name, note=note), back=back, forward=())


@dataclass(frozen=True)
class _Catalogue:
    """Everything that was written down, found by name."""

    session: Session

    @cached_property
    def runs(self) -> dict[str, RunResult]:
        found = self.session.catalogue.find(RUN_RESULT, RunResult)
        return {entry.key: entry.body for entry in reversed(found)}

    @cached_property
    def releases(self) -> list[Release]:
        return releases(self.session.catalogue)

    @cached_property
    def ingests(self) -> dict[str, Landed]:
        found = self.session.catalogue.find(INGEST, Landed)
        return {entry.key: entry.body for entry in reversed(found)}

    def run(self, run_id: str) -> RunResult:
        if run_id not in self.runs:
            raise UnknownNameError(f"There is no finished run {run_id!r}{did_you_mean(run_id, self.runs)}")
        return self.runs[run_id]

    def ingest(self, name: str) -> Landed:
        if name not in self.ingests:
            raise UnknownNameError(f"There is no ingest {name!r}{did_you_mean(name, self.ingests)}")
        return self.ingests[name]

    def model_of(self, run: RunResult) -> Release | None:
        """Return the release that a run made, or forecast with."""
        wanted = None if run.model is None else (run.model.name, run.model.version)
        return next((one for one in self.releases if (one.model, one.version) == wanted), None)

    def before_run(self, run: RunResult) -> tuple[Thing, ...]:
        model, found = self.model_of(run), []
        if model is not None and model.run_id != run.run_id and not self._trained(run):
            found.append(_model(model).model_copy(update={"parts": self.before_model(model)}))
        if run.dataset:
            version = dataset(self.session.catalogue, run.dataset)
            found.append(_data(version).model_copy(update={"parts": self.before_data(version)}))
        return (*found, *self._files(run.run_id))

    def before_model(self, model: Release) -> tuple[Thing, ...]:
        if model.run_id in self.runs:
            run = self.runs[model.run_id]
            return (_run(run).model_copy(update={"parts": self.before_run(run)}),)
        return (Thing(kind="run", name=model.run_id, note="not in this workspace any more"),)

    def before_data(self, version: DatasetVersion) -> tuple[Thing, ...]:
        cut = version.facts.cut
        if cut is None:
            return ()
        landed = (
            one for one in self.ingests.values() if one.table == cut.table and one.version <= cut.version
        )
        return tuple(_ingest(one) for one in landed)

    def after_ingest(self, ingest: Landed) -> tuple[Thing, ...]:
        versions = (
            version
            for version in reversed(datasets(self.session.catalogue))
            if version.facts.cut is not None
            and version.facts.cut.table == ingest.table
            and version.facts.cut.version >= ingest.version
        )
        return tuple(_data(one).model_copy(update={"parts": self.after_data(one)}) for one in versions)

    def after_data(self, version: DatasetVersion) -> tuple[Thing, ...]:
        runs = (run for run in self.runs.values() if run.dataset == str(version))
        return tuple(_run(run).model_copy(update={"parts": self.after_run(run)}) for run in runs)

    def after_run(self, run: RunResult) -> tuple[Thing, ...]:
        made = (one for one in reversed(self.releases) if one.run_id == run.run_id)
        models = tuple(_model(one).model_copy(update={"parts": self.after_model(one)}) for one in made)
        if run.forecast is None:
            return models
        return (*models, Thing(kind="forecast", name=run.run_id, note=run.forecast))

    def after_model(self, model: Release) -> tuple[Thing, ...]:
        users = (
            run
            for run in self.runs.values()
            if run.run_id != model.run_id and not self._trained(run) and self.model_of(run) == model
        )
        return tuple(_run(run).model_copy(update={"parts": self.after_run(run)}) for run in users)

    def _trained(self, run: RunResult) -> bool:
        return any(step.stage in ("train", "register") for step in run.steps)

    def _files(self, run_id: str) -> Iterator[Thing]:
        entry = self.session.catalogue.get(RUN, run_id, RunRecord)
        inputs = entry.body.inputs if entry else {}
        for name, ref in sorted(inputs.items()):
            yield Thing(kind="file", name=name, note=f"digest {ref.logical[:12]}")


def _parsed(catalogue: _Catalogue, reference: str) -> tuple[Kind, str]:
    prefix, colon, rest = reference.partition(":")
    for kind in KINDS:
        if colon and prefix == kind:
            return kind, rest
    if "@" not in reference:
        return ("ingest", reference) if reference in catalogue.ingests else ("run", reference)
    return _named(catalogue, reference)


def _named(catalogue: _Catalogue, reference: str) -> tuple[Kind, str]:
    """Tell which of dataset and model a bare ``NAME@…`` means."""
    is_data = reference in map(str, datasets(catalogue.session.catalogue))
    is_model = any(one.name == reference for one in catalogue.releases)
    if is_data and is_model:
        raise UsageError(
            f"{reference!r} is a dataset version and a model. Say which: data:{reference} or model:{reference}."
        )
    if not is_data and not is_model and catalogue.releases:
        resolve(catalogue.session.catalogue, reference)  # an alias, or the error that names the nearest
        is_model = True
    return ("model" if is_model else "data"), reference


def _kept(session: Session, run_id: str, asked: Path) -> Path:
    """Return the forecast where the user wanted it, or the copy of the workspace where it is there no more."""
    copy = session.workspace.runs / run_id / FORECAST_FILE
    if asked.is_file() or copy.is_file():
        return asked if asked.is_file() else copy
    raise UnknownNameError(f"The forecast {asked} of run {run_id} is not there any more, nor is {copy}.")


def _row(place: Path, row: str) -> str:
    """Return one row of a kept forecast in words."""
    import polars as pl

    series, _, stamp = row.rpartition("/")
    if not series:
        raise UsageError(
            f"{row!r} is no row of a forecast; name its series and time: DK1/111/2023-06-30T00:00:00Z."
        )
    frame = pl.read_csv(place, try_parse_dates=True) if place.suffix == ".csv" else pl.read_parquet(place)
    time = _moment(stamp)
    clock = next(name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime))
    there = frame.filter(pl.col(clock).dt.replace_time_zone("UTC", non_existent="null") == time)
    names = _series_of(there, clock)
    if series not in names:
        raise UnknownNameError(
            f"The forecast {place} has no row of {series!r} at {stamp}; it has "
            f"{frame[clock].min()!s} … {frame[clock].max()!s} for {bounded(sorted(set(names)) or ['no series then'])}."
        )
    return f"prediction {there['prediction'][names.index(series)]}"


def _series_of(frame: pl.DataFrame, clock: str) -> list[str]:
    """Return the name of the series of each row: the user's own id columns, joined."""
    numbers = ("prediction", "lower_", "upper_", "step")
    ids = [name for name in frame.columns if name != clock and not name.startswith(numbers)]
    return ["/".join(map(str, values)) for values in frame.select(ids).iter_rows()]


def _moment(stamp: str) -> datetime:
    try:
        found = datetime.fromisoformat(stamp)
    except ValueError as error:
        raise UsageError(f"{stamp!r} is no time; write it as 2023-06-30T00:00:00Z.") from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _run(run: RunResult) -> Thing:
    return Thing(kind="run", name=run.run_id, note=f"{run.system}, {run.status}")


def _model(release: Release) -> Thing:
    return Thing(kind="model", name=release.name, note=f"digest {release.digest[:12]}")


def _data(version: DatasetVersion) -> Thing:
    facts = version.facts
    span = f"{facts.first:%Y-%m-%d %H:%M} … {facts.last:%Y-%m-%d %H:%M} UTC"
    made_up = " (SIMULATED)" if facts.simulated else ""
    cut = f"; {facts.cut}" if facts.cut else ""
    return Thing(kind="data", name=str(version), note=f"{facts.source}{made_up}, {span}{cut}")


def _ingest(record: Landed) -> Thing:
    return Thing(kind="ingest", name=record.ingest_id, note=record.told)
