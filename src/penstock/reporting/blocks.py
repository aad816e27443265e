"""The parts every report is built of: page, section, and the blocks inside a section.

All text is plain: the page escapes it. Nothing here knows about forecasting, so reports of other tasks and of
replays are built from the same parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

if TYPE_CHECKING:
    from penstock.reporting.packing import Packed

Tone: TypeAlias = Literal["plain", "good", "warn", "bad", "quiet"]
Spec: TypeAlias = Mapping[str, object]
"""Part of a Plotly figure as plain data."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prose:
    """A paragraph; ``lead`` sets it larger."""

    kind: ClassVar[str] = "prose"
    text: str
    lead: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """A framed remark that must not be missed."""

    kind: ClassVar[str] = "notice"
    title: str
    text: str = ""
    tone: Tone = "warn"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """One number with its label and a note under it."""

    value: str
    label: str
    note: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tiles:
    """A row of numbers."""

    kind: ClassVar[str] = "tiles"
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """Names with their values, such as run id and data version; ``mono`` names are set in fixed width."""

    kind: ClassVar[str] = "terms"
    terms: tuple[tuple[str, str], ...]
    mono: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """Lines to type in a terminal, with a button to copy them."""

    kind: ClassVar[str] = "command"
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Spark:
    """A small line drawing in a table cell: polylines in a box of 200 by 32, each with its colour role."""

    lines: tuple[tuple[str, str], ...]
    title: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """Heading of a table column; numbers stand right, ``tight`` never breaks a line, ``hint`` explains."""

    label: str
    right: bool = False
    mono: bool = False
    tight: bool = False
    hint: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One table cell: its text, the number it sorts by, and what it may show besides.

    ``pick`` is the (chooser, item) that a click opens; ``bar`` draws a share in [0, 1] under the text.
    """

    text: str
    sort: float | None = None
    tone: Tone = "plain"
    swatch: str = ""
    pick: tuple[str, int] | None = None
    spark: Spark | None = None
    bar: float | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A captioned table that sorts by its headings; ``strong`` rows are set bold."""

    kind: ClassVar[str] = "table"
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    strong: frozenset[int] = frozenset()
    wide: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A Plotly figure as plain data with colour roles; ``phone`` overrides the layout on narrow screens."""

    data: tuple[Spec, ...]
    layout: Spec
    phone: Spec = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """One entry of a figure's key."""

    label: str
    colour: str
    style: Literal["line", "dash", "dot", "band"] = "line"


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """A figure with its title, what it shows in words, and the numbers behind it as a table.

    The key is for narrow screens, where lines are not labelled. A click on a dot opens the item that its
    ``customdata`` names in the chooser ``picks``.
    """

    kind: ClassVar[str] = "chart"
    id: str
    title: str
    summary: str
    figure: Figure
    height_px: int = 340
    key: tuple[Key, ...] = ()
    numbers: Table | None = None
    picks: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """Blocks side by side where there is room, one under the other where there is not."""

    kind: ClassVar[str] = "row"
    blocks: tuple[Block, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Stack:
    """Blocks one under the other as one part of a row."""

    kind: ClassVar[str] = "stack"
    blocks: tuple[Block, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fold:
    """Blocks behind a line that opens them; printed open."""

    kind: ClassVar[str] = "fold"
    summary: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """How one kind of line is drawn in every item of a chooser; a band has a lower and an upper edge.

    Layers of one label are shown and hidden together; ``shown`` says whether they are at first.
    """

    name: str
    label: str
    colour: str
    style: Literal["line", "dash", "dot", "band"] = "line"
    width: float = 1.5
    shown: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """What a chooser shows for one name: facts in words, and for each layer its packed columns.

    ``columns`` maps a layer's name to the columns (x, y) or, for a band, (x, lower, upper); an optional last
    column holds the moment a forecast was made at. ``mark_ms`` is the last moment whose truth is known.
    """

    name: str
    facts: tuple[tuple[str, str], ...] = ()
    columns: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    mark_ms: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A stretch of the time axis to zoom to, in milliseconds since 1970 of the shown clock; both ends belong.

    ``mark_ms`` is the moment that a forecast in it was made at.
    """

    label: str
    start_ms: float
    end_ms: float
    mark_ms: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Chooser:
    """One chart for each of many names, drawn when chosen, from numbers packed into the page once."""

    kind: ClassVar[str] = "chooser"
    id: str
    title: str
    noun: str
    items: tuple[Item, ...]
    layers: tuple[Layer, ...]
    packed: Packed
    unit: str = ""
    windows: tuple[Window, ...] = ()
    note: str = ""


Block: TypeAlias = Prose | Notice | Tiles | Terms | Command | Table | Chart | Row | Stack | Fold | Chooser


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A heading in the table of contents with its blocks."""

    id: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A whole report; ``ribbon`` stands above everything, also in print."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    ribbon: Notice | None = None
    footer: str = ""
