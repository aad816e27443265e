"""Tables and gates: printed, and written into the page of results."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One number with its limit; ``at_least`` turns the limit round."""

    name: str
    value: float
    limit: float
    unit: str = ""
    at_least: bool = False

    @property
    def holds(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    @property
    def row(self) -> tuple[str, str, str, str]:
        sign = "≥" if self.at_least else "≤"
        return (
            self.name,
            f"{number(self.value)} {self.unit}".strip(),
            f"{sign} {self.limit:g} {self.unit}".strip(),
            "holds" if self.holds else "**fails**",
        )


def number(value: float) -> str:
    """Return ``value`` with about three digits that count."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table with columns of equal width."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    line = [
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |"
        for row in (head, *rows)
    ]
    return "\n".join([line[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *line[1:]])


def finish(name: str, text: str, gates: Sequence[Gate], *, write: bool) -> int:
    """Print the results and the gates, write them into the page if asked, and return the exit code."""
    whole = f"{text}\n\n{table(('gate', 'measured', 'limit', ''), [gate.row for gate in gates])}"
    print(f"\n{whole}\n")
    if write:
        write_between_markers(PAGE, name, whole)
        print(f"Written to {PAGE}.")
    failed = [gate.name for gate in gates if not gate.holds]
    if failed:
        print(f"FAILED: {'; '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def write_between_markers(page: Path, name: str, text: str) -> None:
    """Replace what stands between the markers of ``name``."""
    begin, end = f"<!-- results of {name} -->", f"<!-- end of {name} -->"
    before = page.read_text(encoding="utf-8")
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if not pattern.search(before):
        sys.exit(f"{page} has no markers {begin} … {end}")
    after = pattern.sub(lambda _: f"{begin}\n\n{text}\n\n{end}", before)
    page.write_text(after, encoding="utf-8")
