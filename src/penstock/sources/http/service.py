"""What a source declares about the service it asks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, ConfigDict, Field

from penstock.domain.errors import ConfigError


class HttpPolicy(BaseModel):
    """How patiently a service is asked.

    Attributes
    ----------
    attempts
        How often one request is sent before the service counts as away; raise it for a shaky line.
    first_pause_s
        Seconds before the second attempt; each further pause is twice as long.
    longest_pause_s
        No pause between attempts is longer, unless the service itself asks for more.
    longest_retry_after_s
        Longest ``Retry-After`` that is obeyed by waiting; a longer one ends the fetch and names the time.
    connect_timeout_s
        Seconds in which a connection must stand.
    read_timeout_s
        Seconds without a byte after which an attempt has failed.
    answer_timeout_s
        Seconds after which an answer must be whole.
    max_answer_mb
        Largest answer that is read, unpacked; lower ``days_per_request`` of the source rather than raise it.
    min_interval_s
        Seconds between two requests for one data set; null keeps what the service publishes (none on this machine).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    attempts: int = Field(default=5, ge=1, le=20)
    first_pause_s: float = Field(default=1.0, ge=0.0)
    longest_pause_s: float = Field(default=60.0, ge=0.0)
    longest_retry_after_s: float = Field(default=300.0, ge=0.0)
    connect_timeout_s: float = Field(default=10.0, gt=0.0)
    read_timeout_s: float = Field(default=60.0, gt=0.0)
    answer_timeout_s: float = Field(default=600.0, gt=0.0)
    max_answer_mb: float = Field(default=256.0, gt=0.0)
    min_interval_s: float | None = Field(default=None, ge=0.0)

    def pause_s(self, failures: int) -> float:
        """Return the pause after so many failures of one request."""
        return min(self.longest_pause_s, self.first_pause_s * 2.0 ** (failures - 1))


@dataclass(frozen=True, kw_only=True, slots=True)
class Credential:
    """A secret of the environment and the header that carries it."""

    variable: str
    header: str = "Authorization"
    prefix: str = "Bearer "

    def headers(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return the header, or none where the variable is not set: the service says whether it needs one.

        Raises
        ------
        ConfigError
            If the secret cannot stand in a header; it is not shown.
        """
        secret = environ.get(self.variable, "").strip()
        if not (secret.isascii() and secret.isprintable()):
            raise ConfigError(
                f"The value of {self.variable} cannot be sent: it holds signs that are no plain text. Set it again."
            )
        return {self.header: f"{self.prefix}{secret}"} if secret else {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """A service: its name in messages, where it lives, and the rate it has published.

    ``published_interval_s`` is the time between two requests for one data set that the service asks for.

    Raises
    ------
    ConfigError
        If ``base_url`` is no address of the web, or holds a user or password.
    """

    name: str
    base_url: str
    policy: HttpPolicy = field(default_factory=HttpPolicy)
    published_interval_s: float = 0.0
    credential: Credential | None = None

    def __post_init__(self) -> None:
        parts = _parts(self.base_url)
        if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(
                f"base_url={self.base_url!r} of {self.name} is no web address; give one such as "
                "https://api.example.org or http://127.0.0.1:8080."
            )
        if parts.username or parts.password:
            raise ConfigError(
                f"base_url of {self.name} (host {parts.hostname}) holds a user or password; "
                "put secrets into an environment variable instead."
            )

    @property
    def interval_s(self) -> float:
        """Seconds between two requests for one data set."""
        if self.policy.min_interval_s is not None:
            return self.policy.min_interval_s
        return 0.0 if is_loopback(self.base_url) else self.published_interval_s

    def url(self, path: str) -> str:
        """Return the address of a path below the base."""
        return f"{self.base_url.rstrip('/')}/{path.lstrip('/')}"


def _parts(url: str) -> SplitResult | None:
    """Return the parts of an address, unless a sign or the port makes it none."""
    try:
        parts = urlsplit(url)
        return parts if parts.port != 0 and not re.search(r"[\s\x00-\x1f]", url) else None
    except ValueError:
        return None


def is_loopback(url: str) -> bool:
    """Tell whether an address is on this machine, as a tape server's is."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
