"""Penstock's parts in a plain script: track, store and register without configuration, pipeline or server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.app.models import bundle_folder
from penstock.app.run import new_run_id
from penstock.app.session import Session
from penstock.app.tracking import MIRROR_RELEASE, open_tracker
from penstock.release.bundle import BundleParts, Inference, load_bundle, write_bundle
from penstock.release.card import CardFacts
from penstock.release.environment import installed_distributions
from penstock.release.mirror import release_note
from penstock.release.registry import CANDIDATE, AliasRequest, Release, ReleaseRequest, register, set_alias
from penstock.storage.codecs import save
from penstock.systems.shared.packaging import FORECASTER, input_schema
from penstock.tracking.script import ScriptRun, script_run

if TYPE_CHECKING:
    import polars as pl

    from penstock.domain.values import Json
    from penstock.forecasting.forecaster import ForecastModel


@dataclass(frozen=True, kw_only=True)
class Script:
    """A script's run: ``run`` tracks steps and metrics, ``register`` makes a release of what it trained."""

    name: str
    session: Session
    run: ScriptRun

    def register(
        self,
        model: ForecastModel,
        panel: pl.DataFrame,
        horizon: int,
        metrics: Mapping[str, Mapping[str, float]],
    ) -> Release:
        """Package ``model`` and register it under the script's name; alias ``candidate`` stands for it then.

        Parameters
        ----------
        model
            A trained forecaster.
        panel
            What it was trained on: names, types and ranges of the input are taken from it.
        horizon
            Steps that it forecasts when nobody says otherwise.
        metrics
            Rung → metric → value.
        """
        folder = self.session.workspace.scratch / self.run.run_id
        parameters: dict[str, Json] = {"horizon": horizon, "frequency": model.frequency}
        kept = {rung: dict(values) for rung, values in metrics.items()}
        write_bundle(
            folder,
            BundleParts(
                save_model=model.save,
                inference=Inference(kind=FORECASTER, parameters=parameters),
                schema=input_schema(panel, ""),
                card=CardFacts(model=self.name, horizon=horizon, frequency=model.frequency, metrics=kept),
                environment=installed_distributions(),
            ),
        )
        bundle, ref = load_bundle(folder), save(self.session.store, folder)
        shutil.rmtree(folder)
        now = self.session.clock()
        wanted = ReleaseRequest(
            model=self.name,
            bundle=ref,
            digest=bundle.digest,
            logical=bundle.logical,
            run_id=self.run.run_id,
            metrics=kept,
        )
        release = register(self.session.catalogue, wanted, now=now)
        wish = AliasRequest(
            model=self.name, version=release.version, alias=CANDIDATE, who="script", why=self.run.run_id
        )
        move = set_alias(self.session.catalogue, wish, now=now)
        note = release_note(release, bundle_folder(self.session, release), move)
        self.run.tracker.extend(self.run.run_id, MIRROR_RELEASE, note)
        return release


@contextmanager
def script(name: str, params: Mapping[str, Json], *, home: Path | None = None) -> Iterator[Script]:
    """Open the workspace and track everything inside the ``with`` block as one run.

    Parameters
    ----------
    name
        Of the run's system and of the model it may register.
    params
        What the script was asked to do.
    home
        Workspace folder; ``None`` means ``PENSTOCK_HOME`` or ``./.penstock``.

    Examples
    --------
    >>> with script("load", {"season": 24}) as mine:  # doctest: +SKIP
    ...     with mine.run.step("fit"):
    ...         model = fit(panel, features, config, seed=1, threads=2)
    ...     mine.register(model, panel, 24, {"model": {"mae": 1.5}})
    """
    session = Session.open(home)
    run_id = new_run_id(name, session.clock())
    tracker = open_tracker(session)
    with script_run(tracker, run_id, system=name, params=params, clock=session.clock) as run:
        yield Script(name=name, session=session, run=run)
