"""What one source file says, as plain values: the only thing that the rest of the analysis looks at.

A file is cut into units, one for each statement at its top level. Every unit lists the names it binds, the
names it uses and how, and the digest of its normalised syntax tree.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

ELEMENT = "[]"
"""Stands in a chain of attributes for one item of a container."""

HOLDER = "^"
"""Ends a chain of attributes: not the object itself but a container that holds it."""

ANY = "*"
"""Stands for an attribute whose name is known only at run time."""

Kind: TypeAlias = Literal["read", "soft", "call", "do", "decorate", "base", "store", "escape"]
"""How a name is used.

``soft`` uses (annotations) may stay unresolved; ``do`` is a call whose value is dropped; ``base`` makes a class from
it; ``store`` changes the object or rebinds the name; ``escape`` hands the object out of a function.
"""

UnitKind: TypeAlias = Literal["import", "function", "class", "value", "code"]
ValueKind: TypeAlias = Literal["frozen", "derived", "container", "nested", "object", "unknown"]


class Target(NamedTuple):
    """What an import statement names: a module, or ``name`` within it."""

    level: int
    module: str
    name: str | None


class Use(NamedTuple):
    """One use of a global name (or of an import made within a function) with the attributes behind it.

    ``now`` is true where the use is executed while the module is being imported.
    """

    root: str | Target
    attrs: tuple[str, ...]
    kind: Kind
    now: bool


class Pass(NamedTuple):
    """An argument handed to a function; ``param`` is true if what is handed on is itself a parameter."""

    root: str | Target
    attrs: tuple[str, ...]
    callee: str | Target
    callee_attrs: tuple[str, ...]
    slot: int | str
    param: bool


class Value(NamedTuple):
    """What a plain assignment binds, as far as it matters for whether others can change it."""

    kind: ValueKind
    refs: tuple[Use, ...]


class Method(NamedTuple):
    """What a method does with its parameters: changes them, or keeps them as attributes of its object."""

    name: str
    params: tuple[str, ...]
    mutated: tuple[str, ...]
    kept: tuple[tuple[str, str], ...]


UNKNOWN = Value("unknown", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One statement at the top level of a module.

    Attributes
    ----------
    loads, inner_loads
        Modules imported when the module is imported, and when the code inside runs.
    traits
        Flags: ``typing`` and ``guard`` (stands under ``TYPE_CHECKING`` or the main guard), ``reads_docs``,
        ``hooks`` (runs code when a subclass is made), ``makes_classes`` (when called), ``shared_state``,
        ``class_state``, ``keeps_state`` (in a closure), ``busy_init``, ``frozen``, ``calls_unknown`` (calls
        what a call returned, at import).
    groups
        Entry point groups asked for: an empty root and the text, or the name of a constant.
    mutated
        Parameters of a function that its body changes in place.
    changers, self_calls
        Methods of a class that change their object, and which method calls which other one of the same object.
    methods, inside_changed
        Methods of a class with parameters, and the attributes whose content some method changes in place.
    """

    kind: UnitKind
    digest: str
    docs: str
    names: tuple[str, ...] = ()
    imports: tuple[tuple[str, Target], ...] = ()
    stars: tuple[Target, ...] = ()
    loads: tuple[Target, ...] = ()
    inner_loads: tuple[Target, ...] = ()
    uses: tuple[Use, ...] = ()
    passes: tuple[Pass, ...] = ()
    strings: tuple[str, ...] = ()
    traits: frozenset[str] = frozenset()
    dynamic: tuple[str, ...] = ()
    groups: tuple[Use, ...] = ()
    value: Value = UNKNOWN
    params: tuple[str, ...] = ()
    mutated: tuple[str, ...] = ()
    changers: tuple[str, ...] = ()
    self_calls: tuple[tuple[str, str], ...] = ()
    methods: tuple[Method, ...] = ()
    inside_changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleFacts:
    """All units of one file, in order.

    Attributes
    ----------
    future
        Names imported from ``__future__``, sorted: they change the meaning of every unit.
    docs
        Strings that stand alone between the units, the module's docstring first.
    tables
        Top-level dict literals whose keys and values are strings, for lazy exports.
    texts
        Top-level names bound to a string.
    """

    units: tuple[Unit, ...]
    future: tuple[str, ...] = ()
    docs: str = ""
    tables: dict[str, dict[str, str]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
