"""All faults of one configuration, told together."""

from __future__ import annotations

from dataclasses import dataclass, field

from penstock.domain.errors import ConfigError

MAX_VALUE_LENGTH = 80


@dataclass
class Faults:
    """Collects what is wrong; ``incomplete`` says that a part could not be read at all."""

    messages: list[str] = field(default_factory=list)
    incomplete: bool = False

    def add(self, message: str) -> None:
        """Note one fault; the same one is noted once."""
        if message not in self.messages:
            self.messages.append(message)

    def lose(self, message: str) -> None:
        """Note a fault that hides an unknown number of keys, so that a missing key proves nothing."""
        self.incomplete = True
        self.add(message)

    def raise_any(self, subject: str) -> None:
        """Raise if anything was noted.

        Raises
        ------
        ConfigError
            Listing every fault on a line of its own.
        """
        if len(self.messages) == 1:
            raise ConfigError(f"{subject}: {self.messages[0]}")
        if self.messages:
            listed = "\n".join(f"  - {message}" for message in self.messages)
            raise ConfigError(f"{subject}: {len(self.messages)} faults\n{listed}")


def shown(value: object) -> str:
    """Return a value for a message: ``repr``, cut to a line."""
    text = repr(value)
    return text if len(text) <= MAX_VALUE_LENGTH else f"{text[:MAX_VALUE_LENGTH]}…"
