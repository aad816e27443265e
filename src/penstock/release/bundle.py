"""The packaged model: a folder, or the same as one file, that is verified before anything is built from it."""

from __future__ import annotations

import json
import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from penstock.domain.errors import BundleError, UnknownNameError, did_you_mean
from penstock.domain.values import Digest
from penstock.release.archive import unpack
from penstock.release.card import CardFacts, card_text
from penstock.release.environment import lock_text, parse_lock
from penstock.release.manifest import MANIFEST, Manifest, check_names, manifest_of, read_manifest, verify
from penstock.release.safety import inspect_files
from penstock.release.schema import BundleSchema
from penstock.storage.atomic import disk_errors

T = TypeVar("T")
MODEL = "model"
INFERENCE = "inference.json"
SCHEMA = "schema.json"
ENVIRONMENT = "environment.lock"
CARD = "CARD.md"


class Inference(BaseModel):
    """How to go from raw rows to predictions: the kind of model, and every parameter that this needs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    parameters: dict[str, JsonValue] = {}


@dataclass(frozen=True, kw_only=True)
class BundleParts:
    """What goes into a bundle. ``save_model`` writes the model's neutral files into the folder it is given.

    ``files`` are further ones by name, such as ONNX and a loader.
    """

    save_model: Callable[[Path], None]
    inference: Inference
    schema: BundleSchema
    card: CardFacts
    environment: Mapping[str, str]
    files: Mapping[str, bytes] = field(default_factory=dict)


class Bundle:
    """A verified bundle. Use ``load_bundle``; ``folder`` must not be written to."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest
        self.inference = _read(folder / INFERENCE, Inference)
        self.schema = _read(folder / SCHEMA, BundleSchema)

    @property
    def digest(self) -> Digest:
        """Digest of every byte of the bundle."""
        return self.manifest.digest

    @property
    def logical(self) -> Digest:
        """Digest of what predicts: model, parameters and schema."""
        return self.manifest.logical

    @property
    def environment(self) -> dict[str, str]:
        """The distributions it was made with, name → version."""
        return parse_lock((self.folder / ENVIRONMENT).read_text(encoding="utf-8"))

    @property
    def card(self) -> str:
        """The model card, in Markdown."""
        return (self.folder / CARD).read_text(encoding="utf-8")

    def predictor(self, loaders: Mapping[str, Callable[[Path], T]]) -> T:
        """Build the model with the loader of its kind, after comparing the bytes once more.

        Parameters
        ----------
        loaders
            Kind → function that reads the folder which the model's ``save`` wrote.

        Raises
        ------
        UnknownNameError
            No loader is known for this kind of model.
        BundleError
            A byte has changed since the bundle was opened.
        """
        kind = self.inference.kind
        if kind not in loaders:
            raise UnknownNameError(
                f"The bundle holds a model of kind {kind!r}, for which no loader is known"
                f"{did_you_mean(kind, loaders)}. Install the package that this kind comes from"
            )
        verify(self.folder, self.manifest)
        return loaders[kind](self.folder / MODEL)


def write_bundle(folder: Path, parts: BundleParts) -> Bundle:
    """Write a bundle into ``folder``, which must be empty or absent; it appears whole or not at all.

    Raises
    ------
    BundleError
        ``folder`` holds something, or the model wrote a file that no bundle may hold.
    StorageError
        The disk is full or refuses.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BundleError(
            f"Cannot write a bundle to {folder}: something is there. Name an empty or a new folder"
        )
    beside = folder.parent / f".{folder.name}.{token_hex(4)}"
    with disk_errors(folder):
        try:
            _write_parts(beside, parts)
            if folder.exists():
                folder.rmdir()
            beside.rename(folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return Bundle(folder, read_manifest(folder))


def load_bundle(path: Path, *, expected: Digest | None = None, scratch: Path | None = None) -> Bundle:
    """Open a bundle, folder or single file, after verifying every byte of it.

    Parameters
    ----------
    expected
        The digest that the bundle must have, such as a release states it.
    scratch
        Folder below which a single file is unpacked, for as long as the bundle is in use; the system's temporary
        folder by default.

    Raises
    ------
    BundleError
        Not a bundle, a format that is not known, a file that is missing, extra or changed, a name that leads out
        of the bundle, a pickle, or another digest than ``expected``.
    """
    if not path.exists():
        raise BundleError(f"There is no bundle at {path}")
    if path.is_dir():
        return _open(path, expected)
    folder = Path(tempfile.mkdtemp(prefix="bundle-", dir=scratch))
    try:
        unpack(path, folder)
        bundle = _open(folder, expected)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(bundle, shutil.rmtree, folder, ignore_errors=True)
    return bundle


def _open(folder: Path, expected: Digest | None) -> Bundle:
    manifest = read_manifest(folder)
    if expected is not None and manifest.digest != expected:
        raise BundleError(
            f"The bundle {folder} has digest {manifest.digest}, not the expected {expected}; it is another one, "
            "or was changed. Fetch it again"
        )
    verify(folder, manifest)
    inspect_files(folder)
    return Bundle(folder, manifest)


def _write_parts(folder: Path, parts: BundleParts) -> None:
    (folder / MODEL).mkdir(parents=True)
    parts.save_model(folder / MODEL)
    if not any((folder / MODEL).iterdir()):
        raise BundleError(
            f"The model of kind {parts.inference.kind!r} saved no file, so there is nothing to package"
        )
    texts = {
        INFERENCE: _json(parts.inference),
        SCHEMA: _json(parts.schema),
        ENVIRONMENT: lock_text(parts.environment),
        CARD: card_text(parts.card),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    check_names([*parts.files, *texts], folder)
    for name, content in parts.files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    inspect_files(folder)
    manifest = manifest_of(folder)
    (folder / MANIFEST).write_bytes(manifest.to_bytes())


def _json(model: BaseModel) -> str:
    return json.dumps(model.model_dump(mode="json"), sort_keys=True, indent=1, ensure_ascii=False) + "\n"


M = TypeVar("M", bound=BaseModel)


def _read(path: Path, model: type[M]) -> M:
    try:
        return model.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise BundleError(f"The bundle {path.parent} has no {path.name}") from error
    except ValidationError as error:
        raise BundleError(f"{path} of the bundle cannot be used: {error}") from error
