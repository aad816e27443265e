"""A configuration that won an earlier search, put under the command line's own words: ``--config NAME@vN``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from penstock.app.config.origins import Layer, leaves, overlaps
from penstock.app.session import Session
from penstock.systems.shared.configs import config_version


def best_layer(session: Session, reference: str) -> Layer:
    """Return the layer that trains the configuration called ``reference`` without searching again.

    Raises
    ------
    UnknownNameError
        If there is no such version.
    """
    found = config_version(session.catalogue, reference)
    return Layer(name=reference, values={"model": found.model.model_dump(mode="json"), "search": False})


def as_overrides(layer: Layer, overrides: Sequence[str]) -> tuple[str, ...]:
    """Return the layer and ``overrides`` as overrides alone: what a repetition without the catalogue needs."""
    given = [text.partition("=")[0] for text in overrides]
    return (*_spelled(layer, given), *overrides)


def _spelled(layer: Layer, given: Sequence[str]) -> Iterator[str]:
    for key, value in leaves(layer.values):
        # A chosen group (model=lightgbm) ranks below the layer, so it does not take the layer's place.
        if not any((overlaps(key, name) and "." in name) or key == name for name in given):
            yield f"{key}={json.dumps(value)}"
