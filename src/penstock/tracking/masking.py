"""Keep passwords out of what the mirror says: addresses of databases and servers carry them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from penstock.tracking.settings import TrackingSettings

MASK = "***"
_VARIABLES = ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "AWS_SECRET_ACCESS_KEY")


def secrets_of(settings: TrackingSettings, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return every text that must not be told, longest first."""
    password = urlsplit(settings.address).password or ""
    found = {password, unquote(password), *(environ.get(name, "") for name in _VARIABLES)}
    return tuple(sorted(found - {""}, key=lambda secret: (-len(secret), secret)))


def masked(text: str, secrets: tuple[str, ...]) -> str:
    """Return ``text`` without the secrets."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text


class MaskingFormatter(logging.Formatter):
    """Formats a record, its traceback included, without the secrets."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """Return the line to write."""
        return masked(super().format(record), self._secrets)
