"""A trained model as a folder of neutral files: LightGBM's text and JSON, whose numbers round-trip exactly."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from penstock.domain.errors import DataError
from penstock.forecasting.features import ResolvedFeatures
from penstock.forecasting.forecaster import ForecastModel
from penstock.forecasting.known import Known
from penstock.forecasting.models import ModelConfig, Ridge, Trees
from penstock.forecasting.scaling import COLUMNS as SCALING_COLUMNS
from penstock.forecasting.transformers import FittedTransformer

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 1
MODEL_FILE = "model.json"
_PLAIN = ("frequency", "series", "columns", "rows", "seed", "threads")


def save_model(model: ForecastModel, folder: Path) -> None:
    """Write ``model.json`` and one ``member_N.txt`` (trees) or ``member_N.json`` (ridge) for each member.

    Parameters
    ----------
    model
        What to write.
    folder
        Created if absent; files of the same names are replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    body = {name: getattr(model, name) for name in _PLAIN} | {
        "format": FORMAT,
        "features": model.features.model_dump(mode="json"),
        "model": model.model.model_dump(mode="json"),
        "scaling": model.scaling.to_dict(as_series=False),
        "known": {
            "categories": dict(model.known.categories),
            "names": model.known.names,
            "transformers": [each.model_dump(mode="json") for each in model.known.transformers],
        },
        "members": [_write_member(member, index, folder) for index, member in enumerate(model.members)],
    }
    _write_json(folder / MODEL_FILE, body)


def load_model(folder: Path) -> ForecastModel:
    """Read the folder that ``save_model`` wrote.

    Raises
    ------
    DataError
        A file is missing, is not JSON, or has an unknown format version.
    """
    import polars as pl

    body = _read_json(folder / MODEL_FILE)
    if body.get("format") != FORMAT:
        raise DataError(
            f"{folder / MODEL_FILE} has format {body.get('format')!r}; this Penstock reads format {FORMAT}: save the "
            "model again, or use the version that wrote it"
        )
    known, features = body["known"], ResolvedFeatures.model_validate(body["features"])
    return ForecastModel(
        features=features,
        model=ModelConfig.model_validate(body["model"]),
        frequency=body["frequency"],
        series=tuple(body["series"]),
        scaling=pl.DataFrame({"least": 0.0} | body["scaling"]).select(
            SCALING_COLUMNS
        ),  # earlier ones know no least
        known=Known(
            categories={name: tuple(values) for name, values in known["categories"].items()},
            transformers=tuple(FittedTransformer.model_validate(each) for each in known["transformers"]),
            names=tuple(known["names"]),
            covariates=features.covariates,
        ),
        members=tuple(_read_member(folder / name, body["threads"]) for name in body["members"]),
        columns=tuple(body["columns"]),
        rows=body["rows"],
        seed=body["seed"],
        threads=body["threads"],
        fit_seconds=0.0,  # how long it took is no property of the model
    )


def _write_member(member: Trees | Ridge, index: int, folder: Path) -> str:
    if isinstance(member, Trees):
        name = f"member_{index}.txt"
        (folder / name).write_text(member.booster.model_to_string(), encoding="utf-8")
        return name
    name = f"member_{index}.json"
    arrays = {key: value for key, value in asdict(member).items() if key != "levels"}
    _write_json(
        folder / name, {key: value.tolist() for key, value in arrays.items()} | {"levels": member.levels}
    )
    return name


def _read_member(file: Path, threads: int) -> Trees | Ridge:
    if file.suffix == ".txt":
        import lightgbm as lgb

        return Trees(booster=lgb.Booster(model_str=_read_text(file)), threads=threads)
    import numpy as np

    body = _read_json(file)
    return Ridge(
        weights=np.array(body["weights"]),
        intercept=np.array(body["intercept"]),
        centre=np.array(body["centre"]),
        spread=np.array(body["spread"]),
        levels=tuple((column, tuple(values)) for column, values in body["levels"]),
    )


def _write_json(file: Path, body: dict[str, Any]) -> None:
    file.write_text(json.dumps(body, indent=1, sort_keys=True, ensure_ascii=False), encoding="utf-8")


def _read_json(file: Path) -> dict[str, Any]:
    try:
        body: dict[str, Any] = json.loads(_read_text(file))
    except json.JSONDecodeError as error:
        raise DataError(
            f"{file} is not valid JSON ({error}); the model folder is damaged: save it again"
        ) from error
    return body


def _read_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise DataError(f"{file} is missing; the model folder is incomplete: save it again") from error
