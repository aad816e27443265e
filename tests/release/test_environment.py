from __future__ import annotations

from penstock.release.environment import installed_distributions, lock_text, parse_lock


def test_installed_distributions_are_sorted_under_normal_names() -> None:
    found = installed_distributions()

    assert list(found) == sorted(found)
    assert "polars" in found
    assert "scikit-learn" in found


def test_a_lock_reads_back() -> None:
    pins = {"polars": "2.1.0", "local": "1.0+cpu"}

    assert parse_lock(lock_text(pins)) == pins
