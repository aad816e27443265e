"""Finding a system, loading its configuration and drawing one of its pipelines; nothing runs."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass

from penstock.app.config.groups import SystemFiles
from penstock.app.config.loading import LoadedConfig, load_config
from penstock.app.config.origins import Layer
from penstock.app.session import Session
from penstock.app.space import GivenSpace, read_space, require_space
from penstock.app.systems import find_system
from penstock.domain.errors import UsageError
from penstock.engine.declare import Pipeline
from penstock.engine.graph import Graph
from penstock.storage.datasets import DatasetPin, dataset
from penstock.systems.shared.system import PRESETS, System

PINNED = "pinned"
"""Parameter by which a pipeline is handed the dataset version that the user named."""


@dataclass(frozen=True, kw_only=True)
class Configured:
    """A system with its configuration.

    ``layers`` are those that came between files and command line, ``space`` the search space that was put in place of
    the configured one.
    """

    system: System
    config: LoadedConfig
    layers: tuple[Layer, ...]
    space: GivenSpace | None = None

    def planned(self, graph: Graph, pinned: tuple[DatasetPin, ...] = ()) -> Planned:
        """Return it with a graph of one of its pipelines."""
        return Planned(
            system=self.system,
            config=self.config,
            layers=self.layers,
            space=self.space,
            graph=graph,
            pinned=pinned,
        )


@dataclass(frozen=True, kw_only=True)
class Planned(Configured):
    """A system with its configuration and its graph, before anything ran."""

    graph: Graph
    pinned: tuple[DatasetPin, ...] = ()

    @property
    def simulated(self) -> bool:
        """Whether the data are made up."""
        if self.pinned:
            return any(pin.simulated for pin in self.pinned)
        return self.system.simulated(self.config.value)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be planned; ``model``, ``config`` and ``space`` are those of :class:`RunOptions`."""

    system: str
    overrides: Sequence[str]
    model: str | None = None
    config: str | None = None
    space: str | None = None


def plan(
    system: str,
    overrides: Sequence[str],
    session: Session,
    *,
    model: str | None = None,
    config: str | None = None,
) -> Planned:
    """Load the system, its configuration and its graph; nothing runs.

    Raises
    ------
    ConfigError, UsageError
        As :func:`plan_wanted`.
    """
    return plan_wanted(Wanted(system=system, overrides=overrides, model=model, config=config), session)


def plan_wanted(wanted: Wanted, session: Session) -> Planned:
    """Load a system, its configuration and its graph; nothing runs.

    Raises
    ------
    ConfigError
        If the configuration is wrong, or the space that is to be searched does not fit the model.
    UsageError
        If ``model`` is given and the system has no pipeline that predicts, or a space and nothing is searched.
    """
    space = None if wanted.space is None else read_space(wanted.space)
    ready = configure(wanted.system, wanted.overrides, session, config=wanted.config, space=space)
    return _training(ready, session) if wanted.model is None else _prediction(ready, wanted.model, session)


def _training(ready: Configured, session: Session) -> Planned:
    pipeline, value = ready.system.train, ready.config.value
    require_space(value, ready.space)
    pinned = pinned_by(session, pipeline, ready)
    return ready.planned(pipeline.plan(value, *pinned), pinned)


def _prediction(ready: Configured, model: str, session: Session) -> Planned:
    found, value = ready.system, ready.config.value
    if found.predict is None:
        raise UsageError(f"System {found.name!r} has no pipeline that predicts: give its System a `predict`.")
    from penstock.app.models import bundle_folder
    from penstock.release.registry import resolve

    pinned = pinned_by(session, found.predict, ready)
    package = bundle_folder(session, resolve(session.catalogue, model))
    return ready.planned(found.predict.plan(value, package, *pinned), pinned)


def configure(
    system: str,
    overrides: Sequence[str],
    session: Session,
    *,
    config: str | None = None,
    space: GivenSpace | None = None,
) -> Configured:
    """Find a system and load its configuration; ``config`` is that of :class:`RunOptions`."""
    found = find_system(system)
    layers = () if config is None else (_best_layer(session, config),)
    above = () if space is None else (space.layer,)
    loaded = load_config(
        SystemFiles(folder=found.folder, schema=found.config, presets=PRESETS, name=found.name),
        overrides,
        session.environ,
        (*layers, *above),
    )
    return Configured(system=found, config=loaded, layers=layers, space=space)


def pinned_by(session: Session, pipeline: Pipeline[..., object], ready: Configured) -> tuple[DatasetPin, ...]:
    """Return the dataset version that the configuration names, if it names one.

    Raises
    ------
    UsageError
        It is no reference to a version, or the pipeline cannot read one; none is named, and the rows come from a
        service, which only an ingest asks.
    UnknownNameError
        There is no such version.
    """
    reference = getattr(ready.config.value, "dataset", "")
    if not reference:
        _refuse_service(ready)
        return ()
    if PINNED not in inspect.signature(pipeline.function).parameters:
        raise UsageError(
            f"dataset={reference}: pipeline {pipeline.name!r} cannot read a dataset version; give it a last parameter "
            f"`{PINNED}: DatasetPin | None = None`."
        )
    return (dataset(session.catalogue, reference).pin,)


def _refuse_service(ready: Configured) -> None:
    if ready.system.live(ready.config.value):
        name = ready.system.name
        raise UsageError(
            f"System {name!r} is told to take its rows from a service, and only `penstock data ingest {name}` asks it. Ingest "
            "first, then name the version that was published, such as dataset=NAME@v1; `penstock data list` shows them. "
            "To judge the rows of its table, add --table to `penstock data validate`."
        )


def _best_layer(session: Session, config: str) -> Layer:
    from penstock.app.best import best_layer

    return best_layer(session, config)
