"""The part of the feature matrix that is known for any stamp: ids, calendar, holidays, transformers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.domain.covariates import covariates_in
from penstock.domain.errors import ConfigError, DataError, PipelineError, bounded
from penstock.forecasting.covariates import CovariateColumns
from penstock.forecasting.transformers import (
    Calendar,
    FittedTransformer,
    Holidays,
    Transformer,
    freeze,
    make_transformer,
    thaw,
)

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from penstock.forecasting.features import ResolvedFeatures


@dataclass(frozen=True, kw_only=True)
class Known:
    """How to make the known columns.

    ``categories`` holds for each id column its values in the order of their codes; a value that is missing, or was not
    seen in training, gets the code -1, which LightGBM treats as missing. ``names`` are those of all known columns: what
    ``matrix`` makes, then what is made of ``covariates``.
    """

    categories: Mapping[str, tuple[str, ...]]
    transformers: tuple[FittedTransformer, ...]
    names: tuple[str, ...]
    covariates: tuple[CovariateColumns, ...] = ()

    @property
    def stamped(self) -> int:
        """Number of the columns that ``matrix`` makes: they come first."""
        return len(self.names) - sum(len(each.names) for each in self.covariates)

    def matrix(self, frame: pl.DataFrame) -> NDArray[np.float32]:
        """Make the columns of ids and stamps for the rows of ``frame`` (``series``, ``time``, statics), float32.

        What is made of covariates comes beside them: it needs the rows before (``penstock.forecasting.ahead``).

        Raises
        ------
        DataError
            A static column is missing.
        PipelineError
            A transformer breaks its contract.
        """
        import numpy as np

        stamps = _without_values(frame)
        columns = [_codes(stamps, name, values) for name, values in self.categories.items()]
        for fitted in self.transformers:
            columns.extend(_checked(fitted.name, thaw(fitted), stamps))
        out = np.empty((frame.height, len(columns)), dtype=np.float32, order="F")
        for place, column in enumerate(columns):
            out[:, place] = column
        return out


def fit_known(panel: pl.DataFrame, features: ResolvedFeatures) -> Known:
    """Learn categories and fit transformers on the training part; values are never shown to a transformer.

    Raises
    ------
    DataError
        ``panel`` lacks a static column of ``features``.
    """
    stamps = _without_values(panel)
    made = [(name, built.fit(stamps)) for name, built in _transformers(features)]
    frozen = tuple(freeze(name, built) for name, built in made)
    categories = {name: _categories(panel, name) for name in features.ids}
    names = (*features.ids, *(column for _, built in made for column in built.get_feature_names_out()))
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PipelineError(f"two transformers make the columns {bounded(twice)}; rename one of each")
    covered = tuple(name for each in features.covariates for name in each.names)
    _require_own_names(covered, (*names, *features.lag_columns))
    return Known(
        categories=categories, transformers=frozen, names=(*names, *covered), covariates=features.covariates
    )


def _require_own_names(covered: Sequence[str], others: Sequence[str]) -> None:
    twice = sorted({name for name in covered if (*covered, *others).count(name) > 1})
    if twice:
        raise ConfigError(
            f"the columns {bounded(twice)} of covariates have the names of other columns of the model; rename the "
            "covariates in the file"
        )


def _without_values(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.drop("y", *covariates_in(frame.columns), strict=False)


def _transformers(features: ResolvedFeatures) -> list[tuple[str, Transformer]]:
    made: list[tuple[str, Transformer]] = []
    zone = features.time_zone
    if features.calendar:
        made.append(("calendar", Calendar(list(features.calendar), zone)))
    if features.holidays:
        made.append(("holidays", Holidays(features.holidays, zone)))
    return made + [(spec.name, make_transformer(spec.name, spec.params)) for spec in features.transformers]


def _categories(panel: pl.DataFrame, name: str) -> tuple[str, ...]:
    if name not in panel.columns:
        raise DataError(
            f"the column {name} is missing; the model is to learn from it. The frame has {bounded(panel.columns)}"
        )
    return tuple(sorted(str(value) for value in panel[name].drop_nulls().unique().to_list()))


def _codes(stamps: pl.DataFrame, name: str, values: Sequence[str]) -> NDArray[np.float32]:
    import polars as pl

    if name not in stamps.columns:
        raise DataError(
            f"the column {name} is missing; the model was trained with it. The frame has {bounded(stamps.columns)}"
        )
    codes = (
        stamps[name]
        .cast(pl.String)
        .replace_strict(
            pl.Series(values, dtype=pl.String), pl.Series(range(len(values)), dtype=pl.Int32), default=-1
        )
    )
    return codes.to_numpy()


def _checked(name: str, transformer: Transformer, stamps: pl.DataFrame) -> list[NDArray[np.float32]]:
    import polars as pl

    made = transformer.transform(stamps)
    wanted = transformer.get_feature_names_out()
    faults = []
    if made.columns != wanted:
        faults.append(f"its columns are {bounded(made.columns)} but it promised {bounded(wanted)}")
    if wanted and made.height != stamps.height:
        faults.append(f"it returned {made.height} rows for {stamps.height}")
    if not faults:
        broken = [column for column in wanted if not _is_full(made[column])]
        faults += [f"columns {bounded(broken)} hold nulls or are not numbers"] if broken else []
    if faults:
        raise PipelineError(f"transformer {name} breaks its contract: " + "; ".join(faults))
    return [made[column].cast(pl.Float32).to_numpy() for column in wanted]


def _is_full(column: pl.Series) -> bool:
    return (column.dtype.is_numeric() or str(column.dtype) == "Boolean") and column.null_count() == 0
