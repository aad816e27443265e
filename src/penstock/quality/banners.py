"""Data banners: what a dashboard shows above everything else until the data are in order again."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict

from penstock.domain.values import VOLATILE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from penstock.quality.report import QualityReport
    from penstock.storage.catalogue import Catalogue, Entry

KIND = "banner"
STANDING = ("stale_input",)
"""Rules that raise a banner although they only note: nobody looks at a log for rows that did not come."""


class Banner(BaseModel):
    """What is wrong with the data of a system, from ``since`` on (UTC), seen last at ``last_seen``.

    ``cleared_at`` is ``None`` while it stands.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str
    rule: str
    finding: str
    since: Annotated[datetime, VOLATILE]
    last_seen: Annotated[datetime, VOLATILE]
    cleared_at: Annotated[datetime | None, VOLATILE] = None

    @property
    def stands(self) -> bool:
        """Whether it has not been cleared."""
        return self.cleared_at is None

    def __str__(self) -> str:
        end = "" if self.cleared_at is None else f", cleared {self.cleared_at:%Y-%m-%d %H:%M}"
        return f"{self.system}: {self.finding} (since {self.since:%Y-%m-%d %H:%M}{end})"


def raise_banner(catalogue: Catalogue, system: str, rule: str, finding: str, *, now: datetime) -> Banner:
    """Raise a banner, or say of one that stands that it was seen again; the same call twice changes nothing.

    A banner that was cleared is raised anew, and the old one stays in the history.
    """
    newest = _newest(catalogue, system, rule)
    old = newest.body if newest else None
    if old is not None and old.stands:
        if old.finding == finding and old.last_seen >= now:
            return old
        seen = max(old.last_seen, now)
        return _store(catalogue, old.model_copy(update={"finding": finding, "last_seen": seen}), newest, now)
    return _store(
        catalogue, Banner(system=system, rule=rule, finding=finding, since=now, last_seen=now), None, now
    )


def clear_banner(catalogue: Catalogue, system: str, rule: str, *, now: datetime) -> Banner | None:
    """Clear the banner of this rule, if one stands; return it."""
    newest = _newest(catalogue, system, rule)
    if newest is None or not newest.body.stands:
        return None
    return _store(catalogue, newest.body.model_copy(update={"cleared_at": now}), newest, now)


def banners(catalogue: Catalogue, system: str | None = None, *, standing: bool = True) -> list[Banner]:
    """Return the banners that stand, of one system or of all, oldest first; also the cleared ones on demand."""
    newest: dict[tuple[str, str, datetime], Banner] = {}
    current: dict[tuple[str, str], Banner] = {}
    for entry in catalogue.find(KIND, Banner):  # newest first
        one = entry.body
        newest.setdefault((one.system, one.rule, one.since), one)
        current.setdefault((one.system, one.rule), one)
    # Two processes may raise a banner at once; the one that came last stands for both.
    found = (
        one
        for one in newest.values()
        if (system is None or one.system == system)
        and (one is current[one.system, one.rule] or not one.stands)
    )
    return sorted(
        (one for one in found if one.stands or not standing),
        key=lambda one: (one.since, one.system, one.rule),
    )


def show_report(catalogue: Catalogue, system: str, report: QualityReport, *, now: datetime) -> list[Banner]:
    """Raise a banner for each broken rule of ``report``, clear those of rules that hold, return what stands.

    Rules that only note raise none, except :data:`STANDING`. Rules that were not asked keep their banners.
    """
    for rule in report.rules:
        if rule.verdict == "broken" or (rule.verdict == "noted" and rule.rule in STANDING):
            raise_banner(catalogue, system, rule.rule, str(rule), now=now)
        else:
            clear_banner(catalogue, system, rule.rule, now=now)
    return banners(catalogue, system)


def _newest(catalogue: Catalogue, system: str, rule: str) -> Entry[Banner] | None:
    return next(iter(catalogue.find(KIND, Banner, scope=_scope(system, rule), limit=1)), None)


def _scope(system: str, rule: str) -> str:
    return f"{system}/{rule}"


def _store(catalogue: Catalogue, banner: Banner, replaced: Entry[Banner] | None, now: datetime) -> Banner:
    """Add a state of a banner and drop those it replaces: one entry for each time that it stood."""
    scope = _scope(banner.system, banner.rule)
    added = catalogue.add_numbered(KIND, lambda _: banner, scope=scope, now=now)
    _forget(catalogue, () if replaced is None else (replaced,), added.sequence)
    return added.body


def _forget(catalogue: Catalogue, replaced: Iterable[Entry[Banner]], before: int) -> None:
    for entry in replaced:
        if entry.sequence < before:
            catalogue.remove(KIND, entry.key)
