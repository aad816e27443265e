"""The public classes: one for each pipeline, for people who prefer objects, and for subclassing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.app.models import load_model
from penstock.app.plan import plan
from penstock.app.run import RunOptions, RunOutcome, run
from penstock.app.session import Session
from penstock.app.tracking import describe, tracked
from penstock.domain.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

    from penstock.domain.results import RunResult


class SystemPipeline:
    """Binds a system, overrides of its configuration, and a workspace.

    Parameters
    ----------
    system
        Name of a system, or a folder with a ``system.py``.
    overrides
        ``key=value`` as on the command line.
    home
        Workspace folder; ``None`` means ``PENSTOCK_HOME`` or ``./.penstock``.
    jobs
        Steps to run at once.
    """

    def __init__(
        self, system: str, overrides: Sequence[str] = (), *, home: Path | None = None, jobs: int = 1
    ) -> None:
        self.system = system
        self.overrides = tuple(overrides)
        self.session = Session.open(home)
        self.jobs = jobs

    def steps(self) -> tuple[str, ...]:
        """Return the names of the steps to run, each with what it needs; empty means all. For subclasses."""
        return ()

    def model(self) -> str | None:
        """Return the registered model that predicts; ``None`` trains one. For subclasses."""
        return None

    def run(self) -> RunResult:
        """Run the pipeline and return its typed summary.

        Raises
        ------
        PenstockError
            Wrong use, bad data, a refused gate, or a failed step.
        """
        return self.execute().result

    def execute(self) -> RunOutcome:
        """Run the pipeline and return the summary with the whole manifest."""
        options = RunOptions(
            system=self.system,
            overrides=self.overrides,
            jobs=self.jobs,
            only=self.steps(),
            model=self.model(),
        )
        with tracked(self.session) as tracker:
            outcome = run(options, self.session, [tracker])
            describe(tracker, outcome, self.session)
            return outcome


class FeaturesExtractor(SystemPipeline):
    """From raw data to a checked, published dataset version; nothing is trained.

    Examples
    --------
    >>> FeaturesExtractor("denmark").run().dataset  # doctest: +SKIP
    'denmark@v1'
    """

    def steps(self) -> tuple[str, ...]:
        """Return the system's own list of preparing steps."""
        planned = plan(self.system, self.overrides, self.session)
        if not planned.system.prepare:
            raise UsageError(
                f"System {self.system!r} names no preparing steps. Set `prepare=(…)` in its System, or use Trainer."
            )
        return planned.system.prepare


class Trainer(SystemPipeline):
    """From raw data to a registered model, a forecast and a report.

    Examples
    --------
    >>> Trainer("denmark", ["seed=1"]).run().model  # doctest: +SKIP
    ModelRef(name='denmark', version=1, alias='candidate')
    """


class BatchPredictor(SystemPipeline):
    """From raw data to a forecast by a registered model; nothing is trained.

    Parameters
    ----------
    model
        ``denmark@candidate`` or ``denmark@v3``; by default the candidate of the system's name.
    system, overrides, home, jobs
        As for every pipeline.

    Examples
    --------
    >>> BatchPredictor("denmark").run().forecast  # doctest: +SKIP
    '.penstock/runs/…/forecast.parquet'
    """

    def __init__(
        self,
        system: str,
        overrides: Sequence[str] = (),
        *,
        model: str | None = None,
        home: Path | None = None,
        jobs: int = 1,
    ) -> None:
        super().__init__(system, overrides, home=home, jobs=jobs)
        self._model = model or f"{system}@candidate"

    def model(self) -> str | None:
        """Return the model that was asked for."""
        return self._model

    def predict(self, history: pl.DataFrame, horizon: int) -> pl.DataFrame:
        """Forecast from rows in memory, without a run.

        Parameters
        ----------
        history
            Panel frame: ``series``, ``time`` (UTC), ``y`` and the static columns the model was trained with.
        horizon
            Steps after the last stamp of each series, at least 1.

        Returns
        -------
        pl.DataFrame
            ``series``, ``time``, ``step``, ``prediction``, and where the model has intervals their bounds, such as
            ``lower_90`` and ``upper_90``.
        """
        return load_model(self.session, self._model).predict(history, horizon)
