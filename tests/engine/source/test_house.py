"""Penstock's own modules count by name only, because they keep no state and do nothing when imported."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from penstock.engine.source.cache import FactsCache
from penstock.engine.source.effects import Effects
from penstock.engine.source.facts import Unit
from penstock.engine.source.locate import OWN_PACKAGE, Locator
from penstock.engine.source.modules import Module, Modules
from penstock.engine.source.resolve import Resolver
from penstock.engine.source.state import State
from penstock.engine.source.writers import Writers

PERMITTED = {
    "penstock.storage.locks": "which files this process holds locked: no result depends on it",
    "penstock.storage.volatile": "evaluates annotations in a namespace of its own",
    "penstock.tracking.worker": "runs in a process of its own",
}


class House(NamedTuple):
    modules: list[Module]
    effects: Effects
    writers: Writers


@pytest.fixture(scope="module")
def house() -> House:
    modules = Modules(Locator(), FactsCache())
    resolver = Resolver(modules)
    names = modules.scan_all(OWN_PACKAGE)
    found = [module for module in modules.all(names) if not (module.is_trusted or module.is_test_kit)]
    writers = Writers(modules, State(modules, resolver))
    writers.add(found)
    return House(found, Effects(modules, resolver), writers)


def described(module: Module, unit: Unit) -> str:
    return f"{module.name}: {', '.join(unit.names) or 'a statement at the top level'}"


def test_the_house_is_read(house: House) -> None:
    assert len(house.modules) > 100
    assert [module.broken for module in house.modules if module.broken] == []


def test_nothing_changes_a_library_when_imported(house: House) -> None:
    assert [
        described(module, unit)
        for module in house.modules
        for unit in module.facts.units
        if house.effects.changes_libraries(module, unit) and module.name not in PERMITTED
    ] == []


def test_nothing_changes_what_a_module_holds(house: House) -> None:
    assert [
        f"{described(owner, owner.facts.units[index])} changes {module.name}:{name}"
        for module in house.modules
        for name in module.bindings
        for owner_name, index in house.writers.direct((module.name, name))
        for owner in house.modules
        if owner.name == owner_name and module.name not in PERMITTED
    ] == []


def test_no_class_or_function_keeps_state(house: House) -> None:
    assert [
        described(module, unit)
        for module in house.modules
        for unit in module.facts.units
        if unit.traits & {"shared_state", "hooks"} and module.name not in PERMITTED
    ] == []
