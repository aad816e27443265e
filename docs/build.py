"""Write the pages that are made from code; run it by ``make docs``."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

from penstock.app.config import SystemFiles
from penstock.app.config.reference import reference
from penstock.systems.shared.system import PRESETS

DOCS = Path(__file__).resolve().parent
SHIPPED = "penstock.systems."
CONFIG_INTRO = """# Configuration

<!-- Written by docs/build.py from the schemas in the code; run `make docs` after a change of a key. -->

A system's configuration is one `config.yaml` in its folder, files for groups beside it, and what you write on the command
line. `penstock config show SYSTEM` prints every value in force and where it comes from.

    penstock config show denmark
    penstock run denmark horizon=48 features.holidays=DK tune.trials=40

## How values are found

From low to high rank:

1. the default in the table below;
2. `config.yaml` and the group files it chooses under `defaults`; they are equals, and a key stands in one of them only;
3. layers that a command adds, such as a best configuration;
4. the environment, for secrets only;
5. `key=value` on the command line.

A group is chosen by name (`features=slim`: first `features/slim.yaml` in the system's folder, then the shared presets)
or as a file of your own (`features=./mine.yaml`).

Unknown keys are refused with the nearest name, a key defined twice is an error, a value out of range is told with its
constraint and its place, and all faults are told at once.

## How values are written

| you write | it means |
|---|---|
| `horizon=48` | a number |
| `tune.method=tpe` | text |
| `metric=null` | nothing, where a key allows it |
| `features.lags=[1,24,168]` | a list; quote it in shells that read brackets |
| `model={num_leaves: 31}` | several keys of one component |
| `name="'007'"` | text that looks like a number, where numbers are allowed too |

Text may contain spaces and any letter; text with a comma needs quotes that reach Penstock (`"data='a,b.csv'"`). YAML
files follow YAML 1.2: `no`, `on`, `12:30` and `010` are text. `???` leaves a key open, so that it must be given.
Interpolation (`${…}`) is refused ([why](decisions/0003-one-rank-for-files.md)).

What differs from machine to machine is not configuration but settings: see `.env.default`.

"""


def shipped_systems() -> list[SystemFiles]:
    """Return the files of the systems that come with the package, sorted by name."""
    points = sorted(metadata.entry_points(group="penstock.systems"), key=lambda point: point.name)
    systems = [point.load() for point in points if point.value.startswith(SHIPPED)]
    return [
        SystemFiles(folder=system.folder, schema=system.config, presets=PRESETS, name=system.name)
        for system in systems
    ]


def config_page() -> str:
    """Return the text of ``docs/config.md``."""
    return CONFIG_INTRO + reference(shipped_systems())


if __name__ == "__main__":
    page = DOCS / "config.md"
    page.write_text(config_page(), encoding="utf-8")
    sys.stdout.write(f"Wrote {page.relative_to(DOCS.parent)}\n")
