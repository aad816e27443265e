"""One request and one answer, as the client, the recorder and the player of tapes all know them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """A GET below a service's base address; ``query`` is sorted, so that equal requests are equal."""

    path: str
    query: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, path: str, query: Mapping[str, str]) -> Request:
        """Return the request with its query in order."""
        return cls(path, tuple(sorted(query.items())))

    @property
    def asked(self) -> dict[str, str]:
        """The query by name."""
        return dict(self.query)

    def __str__(self) -> str:
        told = "&".join(f"{name}={value}" for name, value in self.query)
        return f"GET {self.path}{'?' if told else ''}{told}"


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, the headers (names in small letters) and the whole body, unpacked."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_json(self) -> bool:
        """Whether the answer says that it is JSON."""
        return "json" in self.headers.get("content-type", "")
