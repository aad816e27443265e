"""Static analysis: which first-party code can a definition reach, and what is its digest.

Nothing here imports the code that it reads. The order of work: ``locate`` finds files, ``units`` and ``collect`` turn
them into plain facts (kept by ``cache``), ``resolve`` follows names across modules, ``effects`` and ``writers`` find
what acts at a distance, ``reach`` puts it together, ``digest`` names and hashes what was reached.

What counts:

- every definition, constant and import that the code mentions, through re-exports, star imports and lazy exports;
- what the modules it loads do when they are imported, in the order in which imports run them;
- whoever changes module-level state that it reads, wherever that stands under the same import root, and whoever sets
  that off: registries, patches, class attributes, closures, default arguments, subclass hooks;
- everything under the import roots, where names are made at run time (``dynamic`` says why).

Comments, formatting and docstrings do not count, unless the code reads docstrings or source.

What it cannot see: state of libraries changed by functions that nothing reached calls; objects handed to libraries,
or to methods of objects whose class cannot be told, and changed there; libraries that call back by names of their own.
Penstock's own modules count by name only, which a test of the house makes sound.
"""

from __future__ import annotations

from penstock.engine.source.closure import CodeClosure
from penstock.engine.source.index import SourceIndex

__all__ = ["CodeClosure", "SourceIndex"]
