"""A bundle as one file: a ZIP whose bytes depend on nothing but the bundle."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

from penstock.domain.errors import BundleError
from penstock.release.manifest import MANIFEST, MAX_MANIFEST_BYTES, Manifest, check_names, parse_manifest
from penstock.storage.atomic import write_atomic
from penstock.storage.digests import digest_bytes, files_below

SUFFIX = ".bundle"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MODE = stat.S_IFREG | 0o644


def pack(folder: Path, file: Path) -> Path:
    """Write the bundle ``folder`` as one file and return its path; equal bundles give equal bytes.

    Entries are sorted, uncompressed (compressors differ between versions) and carry a fixed time and mode.
    """
    import io

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, path in sorted(files_below(folder)):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = _MODE << 16
            entry.create_system = 3
            archive.writestr(entry, path.read_bytes())
    write_atomic(file, buffer.getvalue())
    return file


def unpack(file: Path, folder: Path) -> Manifest:
    """Write the files of a packed bundle into the empty ``folder``, each only after its bytes were compared.

    Raises
    ------
    BundleError
        It is not a packed bundle, or anything differs from its manifest.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
            check_names((entry.filename for entry in archive.infolist()), file)
            manifest = _manifest(archive, entries, file)
            for name in sorted(manifest.files):
                _write(archive, entries[name], manifest, folder)
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        EOFError,
    ) as error:  # RuntimeError: encrypted
        raise BundleError(f"{file} is not a packed bundle, or is damaged: {error}") from error
    (folder / MANIFEST).write_bytes(manifest.to_bytes())
    return manifest


def _manifest(archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo], file: Path) -> Manifest:
    """Read the manifest and refuse an archive that does not hold exactly its files, uncompressed."""
    if MANIFEST not in entries or entries[MANIFEST].file_size > MAX_MANIFEST_BYTES:
        raise BundleError(f"{file} is not a packed bundle: it has no {MANIFEST}")
    squeezed = sorted(name for name, entry in entries.items() if entry.compress_type != zipfile.ZIP_STORED)
    if squeezed:
        raise BundleError(f"{file} is not a packed bundle: {squeezed[0]!r} is compressed")
    manifest = parse_manifest(archive.read(MANIFEST), file)
    missing = sorted(set(manifest.files) - set(entries))
    extra = sorted(set(entries) - set(manifest.files) - {MANIFEST})
    if missing or extra:
        raise BundleError(f"The bundle {file} is refused: missing files {missing}, extra files {extra}")
    return manifest


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, manifest: Manifest, folder: Path) -> None:
    expected = manifest.files[entry.filename]
    data = archive.read(entry) if entry.file_size == expected.bytes else b""
    if len(data) != expected.bytes or digest_bytes(data) != expected.sha256:
        raise BundleError(
            f"The bundle is refused: changed file {entry.filename}, its bytes do not match the digest in {MANIFEST}"
        )
    path = folder / entry.filename
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
