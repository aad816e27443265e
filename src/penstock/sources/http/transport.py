"""One GET over the wire, with bounds on time and size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from penstock.domain.errors import ConfigError, ServiceError
from penstock.sources.http.exchange import Answer
from penstock.sources.http.retries import PassingError
from penstock.sources.http.service import Service, is_loopback

if TYPE_CHECKING:
    import ssl

    import httpx

    from penstock.sources.http.access import Access

_MEGABYTE = 2**20
_HEADERS = {"User-Agent": "penstock", "Accept": "application/json, text/csv;q=0.9, */*;q=0.1"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Transport:
    """Sends one request of one service; follows nothing and asks nothing again."""

    service: Service
    access: Access

    def send(self, url: str, *, with_key: bool) -> Answer:
        """Return the answer, whatever its status; ``with_key`` sends the credential of the service along.

        Raises
        ------
        PassingError
            If no whole answer came.
        ServiceError
            If the answer is larger than is read, or the address is none.
        """
        import httpx

        key = self.service.credential
        secret = key.headers(self.access.environ) if key and with_key else {}
        place = f"{self.service.name} ({urlsplit(url).netloc})"
        try:
            with (
                self._client(url) as http,
                http.stream("GET", url, headers={**_HEADERS, **secret}) as response,
            ):
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status_code, self._read(response), headers)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise ServiceError(f"{place}: {error} Check base_url.") from error
        except httpx.TimeoutException as error:
            raise PassingError(f"{place} did not answer in time ({type(error).__name__}).") from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            fault = str(error).strip().rstrip(".") or type(error).__name__
            raise PassingError(f"{place} cannot be reached or read: {fault}.") from error

    def _read(self, response: httpx.Response) -> bytes:
        policy, started = self.service.policy, self.access.clock()
        most = int(policy.max_answer_mb * _MEGABYTE)
        parts: list[bytes] = []
        size = 0
        for part in response.iter_bytes():
            size += len(part)
            if size > most:
                raise ServiceError(
                    f"{self.service.name} answers more than {policy.max_answer_mb:g} MB; nothing was kept. "
                    "Ask for shorter windows (days_per_request), or raise max_answer_mb."
                )
            if (self.access.clock() - started).total_seconds() > policy.answer_timeout_s:
                raise PassingError(
                    f"{self.service.name} was still answering after {policy.answer_timeout_s:g} s."
                )
            parts.append(part)
        return b"".join(parts)

    def _client(self, url: str) -> httpx.Client:
        import httpx

        policy = self.service.policy
        proxy = proxy_for(url, self.access.environ)
        try:
            return httpx.Client(
                timeout=httpx.Timeout(policy.read_timeout_s, connect=policy.connect_timeout_s),
                # the process's own proxies and .netrc passwords must not come in behind the caller's back
                trust_env=False,
                proxy=proxy,
                verify=_verify(url, self.access.environ),
            )
        except (ValueError, httpx.InvalidURL):
            # the address of a proxy may hold a password: neither it nor the cause is shown
            raise ConfigError(
                f"The proxy for {urlsplit(url).scheme} addresses is no web address; correct "
                f"{urlsplit(url).scheme}_proxy, or name the host in no_proxy."
            ) from None


def proxy_for(url: str, environ: Mapping[str, str]) -> str | None:
    """Return the proxy that ``environ`` names for ``url``; none for this machine and for hosts of ``no_proxy``."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    spared = [name.strip().lstrip(".") for name in _variable(environ, "no_proxy").split(",") if name.strip()]
    if is_loopback(url) or any(name == "*" or f".{host}".endswith(f".{name}") for name in spared):
        return None
    return _variable(environ, f"{parts.scheme}_proxy") or None


def _verify(url: str, environ: Mapping[str, str]) -> ssl.SSLContext | bool:
    certificates = environ.get("SSL_CERT_FILE")
    encrypted = urlsplit(url).scheme == "https"  # without, building a context would only cost time
    if not encrypted or not certificates:
        return encrypted
    import ssl

    try:
        return ssl.create_default_context(cafile=certificates)
    except OSError as error:
        raise ConfigError(
            f"SSL_CERT_FILE={certificates!r} holds no certificates ({error}); correct it, or leave it out."
        ) from error


def _variable(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name) or environ.get(name.upper()) or ""
