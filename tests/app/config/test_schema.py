from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, SecretStr

from penstock.app.config.schema import broken_rules, components, effective, keys, leaf_names, undescribed

FROZEN = ConfigDict(frozen=True, extra="forbid")


class Inner(BaseModel):
    model_config = FROZEN
    kind: Literal["inner"] = "inner"
    size: int = Field(default=1, description="Larger finds more and costs more.")


class Other(BaseModel):
    model_config = FROZEN
    kind: Literal["other"] = "other"
    width: float = 1.0


class Names(RootModel[tuple[str, ...]]):
    model_config = ConfigDict(frozen=True)


class Outer(BaseModel):
    model_config = FROZEN
    file: Path | None = None
    count: Annotated[int, Field(ge=0)] = 0
    key: SecretStr | None = None
    names: Names = Names(())
    many: tuple[Inner, ...] = ()
    maybe: Inner | None = None
    part: Annotated[Inner | Other, Field(discriminator="kind")] = Inner()


def test_keys_are_dotted_and_hold_those_of_every_choice() -> None:
    assert list(keys(Outer)) == [
        "file",
        "count",
        "key",
        "names",
        "many",
        "maybe",
        "maybe.kind",
        "maybe.size",
        "part",
        "part.kind",
        "part.size",
        "part.width",
    ]
    assert "part" not in leaf_names(Outer)
    assert "part.width" in leaf_names(Outer)


def test_types_of_a_key() -> None:
    found = keys(Outer)
    assert found["file"].is_text
    assert not found["count"].is_text
    assert found["count"].scalars == {int}
    assert found["key"].is_secret
    assert found["key"].variable == "PENSTOCK_KEY"
    assert components(Outer.model_fields["part"].annotation) == (Inner, Other)
    assert components(tuple[Inner, ...]) == ()


def test_effective_walks_the_values_that_are_there() -> None:
    assert dict(effective(Outer(part=Other()))) == {
        "file": None,
        "count": 0,
        "key": None,
        "names": Names(()),
        "many": (),
        "maybe": None,
        "part.kind": "other",
        "part.width": 1.0,
    }


def test_a_good_schema_breaks_no_rule() -> None:
    assert broken_rules(Outer) == ()


def test_keys_without_a_word_of_explanation_are_found() -> None:
    assert undescribed(Inner) == ("kind",)


def test_an_attributes_section_explains_keys_too() -> None:
    class Tolerances(BaseModel):
        """How much is forgiven.

        Attributes
        ----------
        gap
            Longest run of missing steps;
            a longer one stops the run.
        lag : float
            Days.

        Notes
        -----
        other
            No key.
        """

        model_config = FROZEN
        gap: int = 0
        lag: float = 0
        other_lag: float = 0

    class Stricter(Tolerances):
        """Less is forgiven."""

    found = keys(Stricter)
    assert found["gap"].explanation == "Longest run of missing steps; a longer one stops the run."
    assert found["lag"].explanation == "Days."
    assert undescribed(Stricter) == ("other_lag",)


def test_broken_rules_are_named() -> None:
    class Open(BaseModel):
        x: int = 1

    class Deep3(BaseModel):
        model_config = FROZEN
        x: int = 1

    class Deep2(BaseModel):
        model_config = FROZEN
        c: Deep3 = Deep3()

    class Deep1(BaseModel):
        model_config = FROZEN
        b: Deep2 = Deep2()

    class Top(BaseModel):
        model_config = FROZEN
        a: Deep1 = Deep1()
        open: Open = Open()
        odd: Deep3 = Deep3(x=2)

    rules = "\n".join(broken_rules(Top))
    assert "a.b.c.x is nested deeper than 3" in rules
    assert "Open must be frozen" in rules
    assert "Open must refuse unknown keys" in rules
    assert "odd: its default must be what its class makes without arguments" in rules


def test_a_schema_that_contains_itself_is_walked_once() -> None:
    class Tree(BaseModel):
        model_config = FROZEN
        child: Tree | None = None
        leaf: int = 0

    Tree.model_rebuild()
    assert list(keys(Tree)) == ["child", "leaf"]
