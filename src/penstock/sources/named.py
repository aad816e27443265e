"""Sources over HTTP by the name of their data set, each with its address and its usual configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from penstock.domain.errors import UnknownNameError, did_you_mean
from penstock.sources import energidata, odre
from penstock.sources.energidata_rows import ENERGI_DATASETS
from penstock.sources.odre_rows import ODRE_SCHEMAS

if TYPE_CHECKING:
    from penstock.sources.http.access import Access
    from penstock.sources.protocol import Source


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedSource:
    """A data set, where it is asked for, and how to make its source for another address of the same service."""

    name: str
    base_url: str
    connect: Callable[[str, Access], Source]


def _energidata(name: str, base_url: str, access: Access) -> Source:
    config = energidata.EnergiDataConfig.model_validate({"dataset": name, "base_url": base_url})
    return energidata.EnergiData(config, access)


def _odre(name: str, base_url: str, access: Access) -> Source:
    config = odre.OdreConfig.model_validate({"dataset": name, "base_url": base_url})
    return odre.Odre(config, access)


def named_sources() -> Mapping[str, NamedSource]:
    """Return all of them by name."""
    danish = [
        NamedSource(name=name, base_url=energidata.BASE_URL, connect=partial(_energidata, name))
        for name in ENERGI_DATASETS
    ]
    french = [
        NamedSource(name=name, base_url=odre.BASE_URL, connect=partial(_odre, name)) for name in ODRE_SCHEMAS
    ]
    return {source.name: source for source in (*danish, *french)}


def named_source(name: str) -> NamedSource:
    """Return the source of a data set.

    Raises
    ------
    UnknownNameError
        If no source over HTTP has that name.
    """
    known = named_sources()
    if name not in known:
        raise UnknownNameError(f"There is no source over HTTP called {name!r}{did_you_mean(name, known)}")
    return known[name]
