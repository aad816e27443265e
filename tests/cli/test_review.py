"""``penstock review`` as people and machines see it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.samples import Command, Finished
else:
    from cli.samples import Command, Finished


def test_it_ends_well_and_tells_machines_how_many_were_reviewed(there: Finished, penstock: Command) -> None:
    assert there.home.is_dir()
    said = penstock("review", "--json")
    assert said.code == 0, said.err
    found = json.loads(said.out)
    assert (found["reviewed"], found["threshold"]) == (1, 3.5)
    told = penstock("review")
    assert told.code == 0
    assert told.out.startswith(f"1 models reviewed, {len(found['suspects'])} to look at")
    assert penstock("review", "nobody").code == 2
