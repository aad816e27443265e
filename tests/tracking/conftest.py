from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.tracking.backend import QUIET_ENVIRONMENT, Backend, open_backend
from penstock.tracking.settings import TrackingSettings


@pytest.fixture(scope="session")
def tracking_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all tests: making the database takes a second."""
    return tmp_path_factory.mktemp("tracking")


@pytest.fixture(scope="session")
def backend(tracking_folder: Path) -> Iterator[Backend]:
    before = dict(os.environ)
    os.environ.update(QUIET_ENVIRONMENT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow warns about its own use of SQLAlchemy while it is imported
        yield open_backend(TrackingSettings(folder=tracking_folder))
    os.environ.clear()
    os.environ.update(before)
