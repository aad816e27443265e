"""Best configurations as numbered versions: ``denmark/best_config@v2``."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict

from penstock.domain.errors import UnknownNameError, did_you_mean
from penstock.domain.values import VOLATILE
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.study import Study
from penstock.storage.catalogue import Catalogue
from penstock.storage.digests import digest_value

KIND = "config"


class ConfigVersion(BaseModel):
    """A configuration that won a search: which trial, with what score, in which run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: int
    run_id: Annotated[str, VOLATILE]
    created_at: Annotated[datetime, VOLATILE]
    trial: int
    metric: str
    score: float
    model: ModelConfig

    def __str__(self) -> str:
        return f"{self.name}@v{self.version}"


def publish_config(
    catalogue: Catalogue, name: str, study: Study, *, run_id: str, now: datetime
) -> ConfigVersion:
    """Return the version of this configuration; one that won before keeps its version."""
    scope = f"{name}/best_config"

    def body(number: int) -> ConfigVersion:
        return ConfigVersion(
            name=scope,
            version=number,
            run_id=run_id,
            created_at=now,
            trial=study.best_number,
            metric=study.metric,
            score=study.best_score,
            model=study.best,
        )

    return catalogue.add_numbered(KIND, body, scope=scope, now=now, same=digest_value(study.best)).body


def config_version(catalogue: Catalogue, reference: str) -> ConfigVersion:
    """Return the version that a reference such as ``denmark/best_config@v2`` names.

    Raises
    ------
    UnknownNameError
        If there is no such version.
    """
    found = {str(entry.body): entry.body for entry in catalogue.find(KIND, ConfigVersion)}
    if reference not in found:
        raise UnknownNameError(f"There is no configuration {reference!r}{did_you_mean(reference, found)}")
    return found[reference]
