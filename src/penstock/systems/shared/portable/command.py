"""Opening a bundle without Penstock, and the command line of its loader."""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from penstock.domain.errors import BundleError, DataError, MissingExtraError, PenstockError
from penstock.release.manifest import MANIFEST, check_names, verify
from penstock.release.safety import inspect_files
from penstock.storage.digests import digest_bytes
from penstock.systems.shared.portable.forecaster import PortableForecaster, portable_of
from penstock.systems.shared.portable.rows import as_rows

if TYPE_CHECKING:
    from penstock.release.manifest import Manifest

BUNDLE_FORMAT = 1


@dataclass(frozen=True)
class ListedFile:
    """What the manifest says of one file."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class Listing:
    """The files of a bundle by name, and the digest of all."""

    files: dict[str, ListedFile]
    digest: str


def open_bundle(folder: Path | str, expected: str | None = None) -> PortableForecaster:
    """Open the bundle in ``folder`` after comparing every byte of it with its manifest.

    Parameters
    ----------
    expected
        Digest that the bundle must have, such as ``penstock models show`` prints it. Whoever can change a bundle can change
        its manifest too; this digest, kept elsewhere, shows it.

    Raises
    ------
    BundleError
        Not a bundle, an unknown format, a file that is missing, extra, changed or of a kind that no bundle holds, or another
        digest than ``expected``.
    MissingExtraError
        ``onnxruntime`` is not installed.
    """
    where = Path(folder)
    listing = _listing(where)
    if expected is not None and listing.digest != expected:
        raise BundleError(f"The bundle {where} has digest {listing.digest}, not the expected {expected}")
    apart = _own_bytecode(where)
    verify(where, cast("Manifest", listing), apart)
    inspect_files(where, apart)

    def read(name: str) -> bytes:
        content = (where / name).read_bytes() if name in listing.files else b""
        if name not in listing.files or digest_bytes(content) != listing.files[name].sha256:
            raise BundleError(f"The bundle {where} is refused: {name} is missing or was changed")
        return content

    try:
        return portable_of(json.loads(read("inference.json"))["parameters"], read)
    except MissingExtraError as error:
        raise MissingExtraError(
            "This bundle forecasts with onnxruntime, which is not installed: pip install onnxruntime"
        ) from error


def _own_bytecode(folder: Path) -> tuple[str, ...]:
    """Name the bytecode of this very module if it lies in ``folder``: Python wrote or ran it before this line was reached."""
    cached = getattr(__spec__, "cached", None)
    if cached is None or Path(cached).resolve().parent != folder.resolve() / "__pycache__":
        return ()
    return (f"__pycache__/{Path(cached).name}",)


def main(arguments: Sequence[str] | None = None) -> int:
    """Forecast from a CSV file to standard output; return 0, or the code of what went wrong (3: the rows are refused)."""
    parser = argparse.ArgumentParser(description="Forecast with the bundle that this file lies in.")
    parser.add_argument(
        "rows", type=Path, help="CSV file with the columns series, time, y and static columns"
    )
    parser.add_argument(
        "--bundle", type=Path, default=Path(__file__).resolve().parent, help="folder of the bundle"
    )
    parser.add_argument("--horizon", type=int, help="steps to forecast; by default the bundle's own")
    parser.add_argument("--expect", help="digest that the bundle must have")
    given = parser.parse_args(arguments)
    try:
        model = open_bundle(given.bundle, given.expect)
        forecast = as_rows(model.predict(_read_csv(given.rows), given.horizon))
    except PenstockError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command line of its own
        return int(error.exit_code)
    try:
        out = csv.DictWriter(sys.stdout, list(forecast[0]), lineterminator="\n")
        out.writeheader()
        out.writerows({**row, "time": row["time"].isoformat()} for row in forecast)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has seen enough. The interpreter flushes once more when it ends, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _read_csv(path: Path) -> list[dict[str, Any]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return [{name: value or None for name, value in row.items()} for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as CSV: {error}") from error


def _listing(folder: Path) -> Listing:
    try:
        raw = (folder / MANIFEST).read_bytes()
        content: Any = json.loads(raw)
        found = content["format"]
        files = {name: ListedFile(**entry) for name, entry in content["files"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BundleError(f"{folder} is not a bundle: its {MANIFEST} cannot be read ({error})") from error
    if found != BUNDLE_FORMAT:
        raise BundleError(
            f"The bundle {folder} has format {found!r}; this loader reads format {BUNDLE_FORMAT}"
        )
    check_names(files, folder)
    return Listing(files=files, digest=digest_bytes(raw))
