from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from penstock.domain.errors import DataError, PipelineError
from penstock.forecasting import transformers
from penstock.forecasting.features import FeatureConfig, ResolvedFeatures, resolve_features
from penstock.forecasting.known import fit_known
from penstock.testing.plugins import point

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.metadata import EntryPoint
    from pathlib import Path


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    def installed(group: str) -> tuple[EntryPoint, ...]:
        return tuple(point(name) for name in ("Age", "Broken", "Empty"))

    monkeypatch.setattr(transformers, "entry_points", installed)


def resolved(**fields: object) -> ResolvedFeatures:
    asked = FeatureConfig.model_validate({"lags": [1], "means": [], "deviations": [], **fields})
    return resolve_features(asked, frequency="1h", seasons=(), statics=("area",))


@pytest.mark.usefixtures("plugins")
def test_columns_stand_in_a_fixed_order(panel: pl.DataFrame) -> None:
    features = resolved(calendar=["hour"], holidays="DK", transformers=["age"])
    known = fit_known(panel, features)
    assert known.names == ("area", "hour", "holiday", "holiday_tomorrow", "holiday_yesterday", "age")
    matrix = known.matrix(panel)
    assert matrix.dtype == np.float32
    assert matrix.shape == (panel.height, 6)
    np.testing.assert_array_equal(matrix[:, 1], panel["time"].dt.hour().to_numpy())
    np.testing.assert_array_equal(matrix[:, 0], (panel["area"] == "DK2").cast(pl.Float32).to_numpy())


def test_an_unseen_category_is_missing(panel: pl.DataFrame) -> None:
    known = fit_known(panel, resolved(calendar=[]))
    other = panel.with_columns(area=pl.lit("DK9"))
    assert set(known.matrix(other)[:, 0]) == {-1.0}


def test_a_missing_static_column_is_named(panel: pl.DataFrame) -> None:
    known = fit_known(panel, resolved(calendar=[]))
    with pytest.raises(DataError, match="the column area is missing; the model was trained with it"):
        known.matrix(panel.drop("area"))


def test_a_panel_to_fit_without_a_static_column_is_refused(panel: pl.DataFrame) -> None:
    with pytest.raises(DataError, match="the column area is missing; the model is to learn from it"):
        fit_known(panel.drop("area"), resolved(calendar=[]))


def test_values_reach_no_transformer(panel: pl.DataFrame) -> None:
    features = resolved(calendar=["hour"])
    other = panel.with_columns(y=pl.col("y") * 3 + 1)
    assert fit_known(other, features) == fit_known(panel, features)


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize(
    ("name", "match"),
    [("broken", "its columns are years but it promised age"), ("empty", "columns age hold nulls")],
)
def test_a_transformer_that_breaks_its_contract(panel: pl.DataFrame, name: str, match: str) -> None:
    known = fit_known(panel, resolved(transformers=[name]))
    with pytest.raises(PipelineError, match=f"transformer {name} breaks its contract: {match}"):
        known.matrix(panel)


@pytest.mark.usefixtures("plugins")
def test_two_columns_of_one_name(panel: pl.DataFrame) -> None:
    with pytest.raises(PipelineError, match="two transformers make the columns age"):
        fit_known(panel, resolved(transformers=["age", "age"]))


def french_calendar(days: list[date]) -> pl.DataFrame:
    """Return the calendar columns of French days, whose stamps are their midnights in UTC."""
    paris = ZoneInfo("Europe/Paris")
    stamps = [datetime.combine(day, time(), paris).astimezone(UTC) for day in days]
    panel = pl.DataFrame(
        {"series": "FR", "time": pl.Series(stamps, dtype=pl.Datetime("us", "UTC")), "area": "FR"}
    )
    asked = resolved(
        calendar=["weekday", "week", "month"], holidays="FR", time_zone="Europe/Paris", ids=["area"]
    )
    known = fit_known(panel, asked)
    return pl.DataFrame(known.matrix(panel), schema=list(known.names)).cast(pl.Int64)


@pytest.mark.parametrize(
    ("day", "holiday", "weekday", "week", "month"),
    [
        pytest.param(date(2023, 7, 14), 1, 4, 28, 7, id="14 July"),
        pytest.param(date(2023, 4, 10), 1, 0, 15, 4, id="Easter Monday 2023"),
        pytest.param(date(2024, 4, 1), 1, 0, 14, 4, id="Easter Monday 2024"),
        pytest.param(date(2023, 4, 7), 0, 4, 14, 4, id="Good Friday, a holiday in Alsace only"),
        pytest.param(date(2023, 7, 13), 0, 3, 28, 7, id="the day before"),
        pytest.param(date(2016, 1, 1), 1, 4, 53, 1, id="New Year in the last ISO week of the year before"),
        pytest.param(date(2023, 3, 26), 0, 6, 12, 3, id="summer time begins"),
        pytest.param(date(2023, 10, 29), 0, 6, 43, 10, id="summer time ends"),
    ],
)
def test_days_of_the_french_calendar(day: date, holiday: int, weekday: int, week: int, month: int) -> None:
    made = french_calendar([day]).row(0, named=True)
    assert (made["holiday"], made["weekday"], made["week"], made["month"]) == (holiday, weekday, week, month)


def test_the_french_calendar_is_that_of_the_article(real_data: Callable[[str], Path]) -> None:
    article = pl.read_csv(real_data("france_daily.csv.gz"), try_parse_dates=True)
    made = french_calendar(article["day"].to_list())
    assert made["holiday"].sum() == 3 * 11 + 8, "2016 to 2018, and 2019 until August"
    for ours, theirs in (("weekday",) * 2, ("week",) * 2, ("month",) * 2, ("holiday", "is_holiday")):
        assert made[ours].to_list() == article[theirs].to_list(), ours
