from __future__ import annotations

import subprocess
import sys

HEAVY = ("numpy", "polars", "pandas", "lightgbm", "sklearn", "mlforecast", "optuna", "holidays", "pyarrow")


def test_configuration_and_planning_import_nothing_heavy() -> None:
    code = (
        "import pkgutil, importlib, sys, penstock.forecasting as package\n"
        "for found in pkgutil.iter_modules(package.__path__, 'penstock.forecasting.'):\n"
        "    importlib.import_module(found.name)\n"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
