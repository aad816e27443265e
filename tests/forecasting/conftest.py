from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from penstock.testing.loads import load_panel

# LightGBM's threads spin while they wait unless told otherwise before it is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

if TYPE_CHECKING:
    import polars as pl


@pytest.fixture(scope="session")
def panel() -> pl.DataFrame:
    return load_panel()
