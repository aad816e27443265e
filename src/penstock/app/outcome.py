"""What came of a run: its typed result, and the files that it leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from penstock.app.forecast_files import FORECAST_FILE, write_forecast
from penstock.app.session import Session
from penstock.domain.errors import DataError
from penstock.domain.results import ModelRef, RunResult, Summary
from penstock.engine.execute import Execution
from penstock.storage.digests import digest_value

if TYPE_CHECKING:
    import polars as pl

    from penstock.app.plan import Planned
    from penstock.app.run import RunOptions
    from penstock.release.registry import Release
    from penstock.reporting.facts import ReportFacts
    from penstock.reporting.replay_facts import ReplayFacts


def result_of_execution(
    execution: Execution, planned: Planned, session: Session, options: RunOptions
) -> RunResult:
    """Return the summary of a finished execution, after its report and its forecast were written."""
    record = execution.record
    outputs = _Outputs(execution)
    summary = outputs.summary()
    folder = session.workspace.runs / record.run_id
    result = RunResult(
        run_id=record.run_id,
        system=record.system,
        status=record.status,
        simulated=planned.simulated,
        headline=summary.headline,
        dataset=outputs.dataset() or next((pin.reference for pin in planned.pinned), None),
        model=_model(outputs.release(), options, session),
        notes=summary.notes,
        split=summary.split,
        metric=summary.metric,
        metrics=summary.metrics,
        intervals=summary.intervals,
        slices_worst=summary.slices_worst,
        slices_bad=summary.slices_bad,
        checks=summary.checks,
        checks_on=summary.checks_on,
        steps=tuple(step.report for step in record.steps),
        forecast=_text(outputs.keep_forecast(folder, options.forecast_to, _revealing(planned, session))),
        digest=digest_value(
            {
                step.report.name: step.output.logical
                for step in record.steps
                if step.output and not step.effect
            }
        ),
    )
    return result.model_copy(update={"report": _text(outputs.keep_report(folder, result))})


def require_forecast(result: RunResult, wanted: Path | None) -> None:
    """Refuse to end well where a forecast was asked for and the run made none; the run itself is kept.

    Raises
    ------
    DataError
        Nothing was written to ``wanted``; says what is unknown of the steps to forecast.
    """
    if wanted is None or result.forecast in (None, str(wanted)):
        return
    from penstock.systems.shared.data import UNKNOWN_AHEAD

    told = [note for note in result.notes if note.startswith(UNKNOWN_AHEAD)]
    raise DataError(
        f"There is no forecast to write to {wanted}, though the run is done and kept as {result.run_id}: "
        f"{'; '.join(told) or 'the forecast has no rows'}"
    )


def _model(release: Release | None, options: RunOptions, session: Session) -> ModelRef | None:
    """Return the release that the run made, found again or used, with the alias that stands for it now.

    An unchanged training finds its old release again; ``candidate`` may stand for a newer one by then.
    """
    from penstock.release.registry import CANDIDATE, aliases, resolve

    label = CANDIDATE
    if release is None:
        if options.model is None:
            return None
        release, label = resolve(session.catalogue, options.model), options.model.partition("@")[2]
    stands = aliases(session.catalogue, release.model).get(label) == release.version
    return ModelRef(name=release.model, version=release.version, alias=label if stands else None)


@dataclass(frozen=True)
class _Outputs:
    """The outputs of a pipeline that the application knows by name."""

    execution: Execution

    def find(self, name: str) -> object:
        return self.execution.output(name) if name in self.execution.record.outputs else None

    def summary(self) -> Summary:
        found = self.find("summary")
        return found if isinstance(found, Summary) else Summary()

    def dataset(self) -> str | None:
        found = self.find("dataset")
        return None if found is None else str(found)

    def release(self) -> Release | None:
        return cast("Release | None", self.find("release"))

    def best_config(self) -> str:
        """Return the name under which the winner of a search is published; empty without one."""
        from penstock.systems.shared.configs import ConfigVersion

        found = self.find("best_config")
        return str(found) if isinstance(found, ConfigVersion) else ""

    def keep_report(self, folder: Path, result: RunResult) -> Path | None:
        facts = self.find("report")
        if facts is None:
            return None
        from penstock.app.report import finished, with_best_config, write_report

        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "report.html"
        whole = finished(cast("ReportFacts | ReplayFacts", facts), self.execution.record, result)
        write_report(with_best_config(whole, self.best_config()), path)
        return path

    def keep_forecast(
        self, folder: Path, forecast_to: Path | None, reveal: Callable[[pl.DataFrame], pl.DataFrame]
    ) -> Path | None:
        frame = self.find("forecast")
        if frame is None:
            return None
        import polars as pl

        if not isinstance(frame, pl.DataFrame):
            return None
        own = write_forecast(frame, folder / FORECAST_FILE)
        if forecast_to is None or frame.is_empty():
            return own
        return write_forecast(reveal(frame), forecast_to)


def _revealing(planned: Planned, session: Session) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Return what puts real names into a forecast that leaves the workspace."""
    reveal = planned.system.reveal
    if reveal is None:
        return lambda frame: frame
    return lambda frame: cast("pl.DataFrame", reveal(planned.config.value, frame, session.workspace))


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
