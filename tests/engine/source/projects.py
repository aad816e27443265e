"""All sample projects, with the modules that whoever runs them has imported before."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.engine.source.other_samples import DYNAMIC, LOOKUP, WORKSHOP
    from tests.engine.source.samples import PLAIN
    from tests.engine.source.stateful_samples import REGISTRY
else:
    from engine.source.other_samples import DYNAMIC, LOOKUP, WORKSHOP
    from engine.source.samples import PLAIN
    from engine.source.stateful_samples import REGISTRY

PROJECTS: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "plain": (PLAIN, ()),
    "registry": (REGISTRY, ("plugin", "patch", "trick", "bystander")),
    "dynamic": (DYNAMIC, ("children",)),
    "lookup": (LOOKUP, ()),
    "workshop": (WORKSHOP, ()),
}
