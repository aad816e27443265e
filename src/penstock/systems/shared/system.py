"""What a system is, seen from outside: a name, a configuration and a pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import BaseModel

from penstock.engine.declare import Pipeline
from penstock.storage.workspace import Workspace
from penstock.systems.shared.feed import Feed

Reveals: TypeAlias = Callable[[Any, Any, Workspace], Any]
"""From a configuration and a forecast of the workspace to one that its user can read."""

PRESETS = Path(__file__).parent / "presets"
"""Group files that every system may choose from."""


@dataclass(frozen=True, kw_only=True)
class System:
    """One thing a team predicts.

    Attributes
    ----------
    name
        By which ``penstock run`` finds it.
    title
        One line for people.
    folder
        Where ``config.yaml`` and the system's own group files lie.
    config
        Frozen pydantic schema of the effective configuration.
    train
        The pipeline from raw data to a registered model. It takes the configuration and returns its outputs by
        name; these names mean something to the application: ``dataset``, ``summary``, ``report``, ``forecast``,
        ``release``. A system that has no such output leaves it out.
    predict
        The pipeline from raw data to a forecast by a registered model. It takes the configuration and the folder of
        the model's bundle, and returns ``dataset`` and ``forecast``.
    check
        The pipeline from raw data to verdicts on a registered model. It takes what ``predict`` takes, and returns
        ``dataset`` and ``summary``. ``None``: its releases cannot be checked again.
    prepare
        Names of the nodes that acquire, check and prepare the data: what ``FeaturesExtractor`` runs.
    loaders
        For each kind of model in a bundle's ``inference.json``, the function that loads it from its folder.
    simulated
        Whether the configuration asks for made-up data; such results are labelled wherever they are shown.
    live
        Whether the configuration asks for a service: only an ingest asks it, so that runs and replays need a dataset
        version.
    feed
        How observations come into the system's table; ``None``: it has no table.
    replay
        The pipeline that looks back. It takes the configuration and a ``ReplayPlan``, and returns ``slots``,
        ``summary`` and ``report``.
    reveal
        ``(configuration, forecast, workspace)`` to a forecast with the user's own names: what is written where the user
        asks for it, while the workspace keeps pseudonyms. ``None``: there are none.
    sample
        Writes small made-up files into a folder, for a system that has no data of its own: ``smoke.yaml`` names them
        as ``{sample}/…``. ``None``: there are none.
    """

    name: str
    title: str
    folder: Path
    config: type[BaseModel]
    train: Pipeline[Any, Any]
    predict: Pipeline[Any, Any] | None = None
    check: Pipeline[Any, Any] | None = None
    prepare: tuple[str, ...] = ()
    loaders: Mapping[str, Callable[[Path], Any]] = field(default_factory=dict)
    simulated: Callable[[BaseModel], bool] = lambda _: False
    live: Callable[[Any], bool] = lambda _: False
    feed: Feed | None = None
    replay: Pipeline[Any, Any] | None = None
    reveal: Reveals | None = None
    sample: Callable[[Path], None] | None = None
