"""A wrong value is refused when the run is planned, not by the step that needs it minutes later."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.app.plan import plan
from penstock.app.session import Session
from penstock.domain.errors import ConfigError, UsageError


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("metric=mapee", r"metric = 'mapee' .*cannot judge point forecasts; did you mean 'mape'\?"),
        ("metric=pinball", "metric = 'pinball' .*cannot judge point forecasts"),
        ("tune.metric=cost", r"tune\.metric = 'cost' .*cannot judge point forecasts"),
        ("ladder=[]", "ladder = .*at least 1 item"),
        ("ladder=[course,course]", "ladder = .*course stands there more than once"),
        ("checks.names=[no_leek]", r"checks\.names.* = .*no_leek.*did you mean 'no_leak'\?"),
        ("timezone=Europe/Kopenhagen", "timezone = 'Europe/Kopenhagen' .*such as 'Europe/Copenhagen'"),
        ("features.time_zone=Mars", r"features\.time_zone = 'Mars' .*no such zone"),
        ("features.calendar=[houre]", r"features\.calendar = .*a stamp has no houre; did you mean 'hour'\?"),
    ],
)
def test_a_wrong_value_is_refused_with_the_plan(override: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=told):
        plan("denmark", [override], Session.open(tmp_path / "home", environ={}))


def test_rows_of_a_service_are_never_swapped_for_simulated_ones(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"only `penstock data ingest denmark` asks it\. Ingest first, then name"
    ):
        plan("denmark", ["origin=energidata"], Session.open(tmp_path / "home", environ={}))
