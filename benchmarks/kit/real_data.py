"""Where the real data lie that some benchmarks need."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from benchmarks.kit.environments import REPOSITORY

DATA_VARIABLE = "PENSTOCK_TEST_DATA"


def real_data(names: Sequence[str]) -> Path | None:
    """Return the folder that holds all the files; where one is missing, say so and return ``None``."""
    folder = Path(os.environ.get(DATA_VARIABLE, REPOSITORY.parent / "shared" / "data"))
    if lost := [name for name in names if not (folder / name).is_file()]:
        print(
            f"skipped: {folder} lacks {', '.join(lost)}; set {DATA_VARIABLE} to the folder with the test data"
        )
        return None
    return folder
