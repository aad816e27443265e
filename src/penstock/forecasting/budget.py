"""What a search may cost: no trial starts once it is spent, and it is said which limit ended the search."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from penstock.domain.values import Seconds

Clock = Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Limits on the wall's and the processor's seconds since the start; ``None`` sets no limit.

    The processor's seconds are those of the whole process, so that steps beside the search count too.
    """

    wall_s: Seconds | None
    cpu_s: Seconds | None
    wall_start: float
    cpu_start: float
    wall: Clock = time.perf_counter
    cpu: Clock = time.process_time

    @classmethod
    def starting(cls, wall_s: Seconds | None, cpu_s: Seconds | None) -> Budget:
        """Start to count now."""
        return cls(wall_s=wall_s, cpu_s=cpu_s, wall_start=time.perf_counter(), cpu_start=time.process_time())

    @property
    def ended_by(self) -> str:
        """Say which limit is reached, empty while there is time left."""
        if self.wall_s is not None and self.wall() - self.wall_start >= self.wall_s:
            return f"tune.timeout_s={self.wall_s:g} is over"
        if self.cpu_s is not None and self.cpu() - self.cpu_start >= self.cpu_s:
            return f"{self.cpu_s:g} processor seconds are spent (tune.cpu_s, or tune.money by price_per_cpu_hour)"
        return ""

    @property
    def spent(self) -> bool:
        """Whether no trial may start any more."""
        return bool(self.ended_by)
