from __future__ import annotations

import logging
import sys
from pathlib import Path

from penstock.tracking.masking import MaskingFormatter, masked, secrets_of
from penstock.tracking.settings import TrackingSettings


def test_passwords_of_the_address_and_the_environment_are_masked(tmp_path: Path) -> None:
    settings = TrackingSettings(
        folder=tmp_path, uri="postgresql://ada:p%40ss@host/db"
    )  # pragma: allowlist secret
    secrets = secrets_of(settings, {"MLFLOW_TRACKING_TOKEN": "tok", "OTHER": "kept"})

    text = masked("p%40ss, p@ss and tok are gone, kept is not", secrets)

    assert text == "***, *** and *** are gone, kept is not"


def test_an_address_without_a_password_hides_nothing(tmp_path: Path) -> None:
    assert secrets_of(TrackingSettings(folder=tmp_path), {}) == ()


def test_tracebacks_are_masked_too() -> None:
    try:
        int("hunter2")
    except ValueError:
        record = logging.LogRecord(
            "x", logging.ERROR, __file__, 1, "failed with %s", ("hunter2",), sys.exc_info()
        )

    text = MaskingFormatter(("hunter2",)).format(record)

    assert "Traceback" in text
    assert "hunter2" not in text
