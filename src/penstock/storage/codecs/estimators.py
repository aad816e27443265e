"""Estimators of scikit-learn: plain state as JSON and arrays, everything else as skops files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from penstock.domain.errors import PipelineError, StorageError, bounded
from penstock.domain.values import Digest
from penstock.storage.classes import class_name, is_first_party
from penstock.storage.codecs.plain_estimators import is_plain, read_plain, write_plain
from penstock.storage.codecs.structure import digest_structure

_FILE = "model.skops"
_TRUSTED = ("sklearn", "numpy", "scipy")


class EstimatorCodec:
    """Stores scikit-learn estimators and pipelines of them.

    A file that names code outside scikit-learn, NumPy, SciPy and the user's own modules is refused before anything
    is built from it.
    """

    name = "estimator"

    def handles(self, value: object) -> bool:
        """Whether ``value`` is an estimator."""
        base = sys.modules.get("sklearn.base")
        return base is not None and isinstance(value, base.BaseEstimator)

    def write(self, value: Any, folder: Path) -> None:
        """Write ``estimator.json`` with its arrays or, where the state is not plain, ``model.skops``."""
        if write_plain(value, folder):
            return
        import skops.io
        from skops.io.exceptions import UnsupportedTypeException

        name = class_name(type(value))
        if name.startswith("lightgbm."):
            raise PipelineError(
                f"cannot store {name}, LightGBM's wrapper for scikit-learn; return model.booster_"
            )
        try:
            skops.io.dump(value, folder / _FILE)
        except (UnsupportedTypeException, TypeError) as error:
            raise PipelineError(f"cannot store the estimator {name}: {error}") from error
        self._check(name, folder)

    def _check(self, name: str, folder: Path) -> None:
        named, refused = _untrusted(folder / _FILE)
        if refused:
            raise PipelineError(f"cannot store the estimator {name}: it holds {_refusal(refused)}")
        if not named:
            return
        try:
            self.read(folder, name)
        except Exception as error:
            raise PipelineError(
                f"cannot store the estimator {name}: it could not be read again ({error}). "
                "Functions and classes in it must stand at the top level of an importable module"
            ) from error

    def read(self, folder: Path, type_name: str) -> object:
        """Return the estimator, after its file was seen to name trusted code only."""
        if is_plain(folder):
            return read_plain(folder, type_name)
        import skops.io

        named, refused = _untrusted(folder / _FILE)
        if refused:
            raise StorageError(
                f"refused to build {type_name} from {folder / _FILE}: it names {_refusal(refused)}"
            )
        return skops.io.load(folder / _FILE, trusted=named)

    def logical(self, value: Any) -> Digest:
        """Digest of the parameters and of everything that was learnt; scikit-learn's version does not count."""
        return digest_structure(value)


def _untrusted(file: Path) -> tuple[list[str], list[str]]:
    import skops.io

    named = list(skops.io.get_untrusted_types(file=file))
    refused = [name for name in named if name.partition(".")[0] not in _TRUSTED and not is_first_party(name)]
    return named, sorted(refused)


def _refusal(refused: list[str]) -> str:
    return (
        f"code that is not trusted: {bounded(refused)}. Trusted: {', '.join(_TRUSTED)} and your own modules"
    )
