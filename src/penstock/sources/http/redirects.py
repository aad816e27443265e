"""Where an answer of 3xx leads, and whether to go there."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from penstock.domain.errors import ServiceError
from penstock.sources.http.exchange import Answer

MOST_HOPS = 5
PERMANENT = (301, 308)
"""Statuses by which a service says that it will not come back."""

_FOLLOWED = (301, 302, 303, 307, 308)


def is_redirect(answer: Answer) -> bool:
    """Tell whether the answer sends us elsewhere."""
    return answer.status in _FOLLOWED


def same_host(one: str, other: str) -> bool:
    """Tell whether two addresses lie on one host and port; a step from http to https counts as the same host."""
    first, second = urlsplit(one), urlsplit(other)
    if (first.scheme, second.scheme) == ("http", "https") and first.port is second.port is None:
        return first.hostname == second.hostname
    return (first.scheme, first.hostname, first.port) == (second.scheme, second.hostname, second.port)


def target(name: str, url: str, answer: Answer) -> str:
    """Return the address that ``answer`` to ``url`` leads to.

    On the same host every redirect is followed; to another host only one that calls itself temporary.

    Raises
    ------
    ServiceError
        If it leads nowhere, from https to http, or for good to another host: then the new address is named, and
        whoever runs this decides whether to trust it.
    """
    location = answer.headers.get("location", "").strip()
    if not location:
        raise ServiceError(
            f"{name} answered {answer.status} without saying where to go; look at its web page for news."
        )
    try:
        new = urljoin(url, location)
        new_parts, old_parts = urlsplit(new), urlsplit(url)
        _shown(new)
    except ValueError as error:
        raise ServiceError(
            f"{name} answered {answer.status}, which leads to no address ({error})."
        ) from error
    if new_parts.scheme not in ("http", "https") or (old_parts.scheme, new_parts.scheme) == ("https", "http"):
        raise ServiceError(
            f"{name} redirects to {_shown(new)}, which is not safe; nothing was fetched. Look at its web page for news."
        )
    if answer.status in PERMANENT and not same_host(url, new):
        raise ServiceError(
            f"{name} has moved for good ({answer.status}) to another host: {_shown(new)}. If you trust that address, "
            f"set base_url to it (it was {old_parts.scheme}://{old_parts.netloc})."
        )
    return new


def _shown(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"
