"""Values to folders of files and back. Never pickle."""

from __future__ import annotations

from penstock.storage.artifacts import ArtifactRef, ArtifactStore


def save(store: ArtifactStore, value: object) -> ArtifactRef:
    """Store ``value`` with the codec of its type and return its reference.

    Raises
    ------
    PipelineError
        The value, or a part of it, has a type that cannot be stored; the message names it and the allowed ones.
    StorageError
        The store failed.
    """
    from penstock.storage.classes import class_name
    from penstock.storage.codecs.registry import codec_for

    codec = codec_for(value)
    logical = codec.logical(value)
    stored = store.put(lambda folder: codec.write(value, folder))
    return ArtifactRef(
        codec=codec.name,
        type=class_name(type(value)),
        logical=logical,
        digest=stored.digest,
        size_bytes=stored.size_bytes,
    )


def load(store: ArtifactStore, ref: ArtifactRef) -> object:
    """Return the value that ``ref`` names, after its bytes were verified.

    Raises
    ------
    ArtifactMissingError
        The store does not have it.
    ArtifactCorruptError
        Its bytes have changed; it was moved aside.
    StorageError
        It cannot be read any more, for example because its class was renamed.
    """
    from penstock.storage.codecs.registry import codec_named

    codec = codec_named(ref.codec)
    return codec.read(store.get(ref.digest), ref.type)
