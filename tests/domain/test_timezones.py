from __future__ import annotations

import pytest

from penstock.domain.timezones import known_time_zone


@pytest.mark.parametrize("name", ["UTC", "Europe/Copenhagen", "Etc/GMT+5"])
def test_zones_of_the_database_are_taken(name: str) -> None:
    assert known_time_zone(name) == name


@pytest.mark.parametrize(
    ("name", "near"),
    [("Europe/Kopenhagen", "Europe/Copenhagen"), ("Mars", "Europe/Copenhagen"), ("", "Europe/Copenhagen")],
)
def test_another_name_is_refused_with_one_that_exists(name: str, near: str) -> None:
    with pytest.raises(ValueError, match=f"no such zone; give a name such as '{near}'"):
        known_time_zone(name)


@pytest.mark.parametrize("name", ["Europe", "../Europe/Rome", "/etc/passwd"])
def test_a_folder_or_a_path_is_no_zone(name: str) -> None:
    with pytest.raises(ValueError, match="no such zone"):
        known_time_zone(name)
