from __future__ import annotations

import os
from pathlib import Path

import pytest

from penstock.app.session import default_jobs


@pytest.mark.parametrize(
    ("environ", "jobs"),
    [
        ({}, 1),
        ({"PENSTOCK_EXECUTOR": "inline"}, 1),
        ({"PENSTOCK_EXECUTOR": "processes"}, os.cpu_count() or 1),
    ],
)
def test_the_setting_decides_how_many_steps_run_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], jobs: int
) -> None:
    monkeypatch.chdir(tmp_path)
    assert default_jobs(environ) == jobs
