"""What the panel system can be told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from penstock.sources.files import FileColumns
from penstock.systems.shared.config import ForecastingConfig


class PanelConfig(ForecastingConfig):
    """What the panel system must and can be told beside what every forecasting system can."""

    data: Annotated[Path, AfterValidator(Path.expanduser)] | None = Field(
        default=None,
        description="The file: .csv, .csv.gz or .parquet. Needed unless `dataset` names a version.",
    )
    target: str = Field(default="", description="Column to forecast; needed with `data`.")
    time: str = Field(default="", description="Column with the stamps; needed with `data`.")
    series: tuple[str, ...] = Field(
        default=(), description="Column or columns that together name a series; none: the file holds one."
    )
    static: tuple[str, ...] = Field(
        default=(), description="Columns that are constant in a series: features, and slices of the report."
    )
    known: tuple[str, ...] = Field(
        default=(),
        description="Columns of numbers that are known for the steps to forecast, such as a weather forecast, a price or "
        "a holiday; their future stands in rows without a target, or in `future`.",
    )
    past: tuple[str, ...] = Field(
        default=(),
        description="Columns of numbers that are known only up to the newest value; models see them as long ago as the "
        "horizon.",
    )
    future: Annotated[Path, AfterValidator(Path.expanduser)] | None = Field(
        default=None,
        description="A second file with the same series and time columns, and the `known` columns of the steps to forecast.",
    )
    personal: tuple[str, ...] = Field(
        default=(),
        description="Columns that name people: series columns get pseudonyms, static ones are not read at all.",
    )
    time_format: str | None = Field(default=None, description="Format of stamps that are not ISO 8601.")
    decimal: Literal[".", ","] = Field(default=".", description="Decimal sign of numbers in a CSV.")

    known_at: str | None = Field(
        default=None,
        description="Column with the moment at which a row became known, for ingests and replays; null: `lag_days`.",
    )
    lag_days: Annotated[float, Field(ge=0)] = Field(
        default=0.0,
        description="How long after its time a row is taken to be known where the file does not say; measure it.",
    )

    @model_validator(mode="before")
    @classmethod
    def _one_or_many(cls, values: Any) -> Any:
        if isinstance(values, dict):
            for key in ("series", "static", "personal", "known", "past"):
                if isinstance(values.get(key), str):
                    values = {**values, key: (values[key],)}
        return values

    @model_validator(mode="after")
    def _file_or_version(self) -> Self:
        missing = [key for key in ("data", "target", "time") if not getattr(self, key)]
        if missing and not self.dataset:
            raise ValueError(
                f"{', '.join(missing)} missing: name the file and its columns, as in data=power.csv target=y time=ds, "
                "or a dataset version, as in dataset=power@v1"
            )
        return self

    @model_validator(mode="after")
    def _columns_play_one_part(self) -> Self:
        if self.data is None:
            return self
        try:
            FileColumns(
                time=self.time,
                target=self.target,
                series=self.series,
                static=self.static,
                known=self.known,
                past=self.past,
            )
        except ValidationError as error:
            raise ValueError("; ".join(str(fault["ctx"]["error"]) for fault in error.errors())) from None
        return self

    @model_validator(mode="after")
    def _covariates_known_in_time(self) -> Self:
        ahead = self.features.known_ahead
        faults = [
            f"{name} is known {ahead[name]} steps ahead (features.known_ahead), and the horizon is {self.horizon}: name it "
            "under past=, or shorten the horizon"
            for name in self.known
            if ahead.get(name, self.horizon) < self.horizon
        ]
        faults += [
            f"{name} is named under past= and known {ahead[name]} steps ahead (features.known_ahead): say 0 or less, or name "
            "it under known= with the values of the whole horizon"
            for name in self.past
            if ahead.get(name, 0) > 0
        ]
        other = sorted(set(ahead) - {*self.known, *self.past})
        faults += [f"features.known_ahead: {', '.join(other)} is no covariate"] if other and self.data else []
        faults += (
            ["future= needs known=: the columns to read from it"] if self.future and not self.known else []
        )
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @model_validator(mode="after")
    def _personal_is_read(self) -> Self:
        other = sorted(set(self.personal) - {*self.series, *self.static})
        if other:
            raise ValueError(
                f"personal: {', '.join(other)} is neither a series nor a static column, and other columns are never kept; "
                f"allowed: {', '.join((*self.series, *self.static)) or 'none here'}"
            )
        return self

    @property
    def columns(self) -> FileColumns:
        """The columns and their parts."""
        hidden = frozenset(self.personal)
        return FileColumns(
            time=self.time,
            target=self.target,
            series=self.series,
            static=tuple(name for name in self.static if name not in hidden),
            personal=tuple(name for name in self.series if name in hidden),
            known=self.known,
            past=self.past,
            time_format=self.time_format,
            decimal=self.decimal,
        )

    @property
    def looks_ahead(self) -> bool:
        """Whether rows may say what is known ahead."""
        return bool(self.known)

    @property
    def dataset_name(self) -> str:
        """Name of dataset and model: the file's own, unless one is given."""
        stem = self.data.name.split(".")[0] if self.data else self.dataset.partition("@")[0]
        return self.name or re.sub(r"[^A-Za-z0-9_-]+", "_", stem).strip("_-")[:100] or "panel"

    @property
    def ingested(self) -> FileColumns:
        """The columns and their parts, with the moments at which rows became known."""
        return self.columns.model_copy(update={"known_at": self.known_at})

    @property
    def table_name(self) -> str:
        """Name of the table: the dataset's, in small letters."""
        return re.sub(r"[^a-z0-9_-]+", "-", self.dataset_name.lower()).strip("-_") or "panel"
