"""Mean absolute errors by series of every forecast of a run's final window, as JSON; run with Penstock's Python.

python zones.py RUN_ID     in the folder of the workspace
"""

from __future__ import annotations

import json
import sys

import polars as pl

from penstock.app.runs import show_run
from penstock.app.session import Session
from penstock.engine.execute import Execution
from penstock.systems.shared.values import Climb


def errors(run_id: str) -> dict[str, dict[str, float]]:
    """Return label of the rung → series → mean absolute error."""
    session = Session.open()
    record = show_run(session, run_id)
    execution = Execution(record=record, store=session.store)
    climbs = [
        execution.output(step.report.name)
        for step in record.steps
        if step.output and step.output.type.endswith(":Climb")
    ]
    return {climb.label: _by_series(climb.predictions) for climb in climbs if isinstance(climb, Climb)}


def _by_series(predictions: pl.DataFrame) -> dict[str, float]:
    error = (pl.col("y") - pl.col("prediction")).abs().mean()
    mean = predictions.drop_nulls("y").group_by("series").agg(mae=error).sort("series")
    return dict(zip(mean["series"].to_list(), mean["mae"].to_list(), strict=True))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(errors(sys.argv[1])))
