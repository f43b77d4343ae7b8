"""The table: one widget for pairs, candidates and log. Header, sorting, columns, cursor, filter.

What a column says of a row is the pane's; here is how rows are ordered, fitted into the width there
is, drawn and pointed at. The cursor stays on its row whatever becomes of the order.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip

from icetui.dashboard.filters import Filter, parse
from icetui.dashboard.lines import Lines, Segments
from icetui.dashboard.shown_text import middle

Item = TypeVar("Item")
Row = TypeVar("Row")

NEEDED = 7
"""Columns of this weight are narrowed before they are left out."""
FOOT = 3
"""Lines at most for what of the row under the cursor did not fit."""


class Cell(NamedTuple):
    """What stands in one place, and its tone."""

    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """A column: its name, what it says of a row, and how it behaves when it gets narrow."""

    id: str
    title: str
    help: str
    cell: Callable[[Row], Cell]
    width: int
    """Cells it would like."""
    sort: Callable[[Row], Any] | None = None
    """What rows are ordered by; None: by the text. A None among the values comes last."""
    right: bool = False
    weight: int = 5
    """The lightest goes first."""
    least: int = 0
    """Cells it may be narrowed to; 0: never."""
    rest: bool = False
    """Takes what the others leave."""
    standard: bool = True
    """Shown unless the user chooses."""


class Place(NamedTuple):
    """A column as it is on the screen."""

    column: Column[Any]
    start: int
    width: int


def fitted(columns: Sequence[Column[Any]], width: int, gap: int) -> tuple[Place, ...]:
    """The columns that fit into `width`, and where."""
    kept = list(columns)

    def need(least: bool) -> int:
        widths = (c.least if least and c.least else c.width for c in kept)
        return sum(widths) + gap * (len(kept) - 1)

    while len(kept) > 1 and need(False) > width:
        lightest = min(kept, key=lambda c: c.weight)
        if lightest.weight >= NEEDED and (need(True) <= width or lightest.weight >= 9):
            break
        kept.remove(lightest)
    spare = width - need(False)
    narrow = {c.id: c.width for c in kept}
    soft = [c for c in kept if c.least]
    while spare < 0 and any(narrow[c.id] > c.least for c in soft):
        widest = max(soft, key=lambda c: narrow[c.id] - c.least)
        narrow[widest.id] -= 1
        spare += 1
    places, start = [], 0
    for column in kept:
        if start >= width:
            break
        taken = narrow[column.id] + (spare if column.rest and spare > 0 else 0)
        taken = max(0, min(taken, width - start))
        places.append(Place(column, start, taken))
        start += taken + gap
    return tuple(places)


class Table(Lines, Generic[Item, Row]):
    """Rows of one kind. `put_items` gives it what there is; a subclass says what an item shows."""

    COLUMNS: tuple[Column[Any], ...] = ()

    class Moved(Message):
        """Another row is under the cursor."""

    class Chosen(Message):
        """A row was double-clicked."""

        def __init__(self, table: Table[Any, Any]) -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> Table[Any, Any]:
            return self.table

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.chosen: tuple[str, ...] = ()
        """Ids of the columns the user wants, in that order; empty: the standard ones."""
        self.sorted_by: str | None = None
        """Id of a column; None: the order in which the items come."""
        self.reverse = False
        self.filter = Filter()
        self.order: list[Item] = []
        self.total = 0
        """Items there are, those left out by the filter too."""
        self.foot_needed = 0
        """The most lines that what is cut in one row has taken so far."""
        self._cursor_row = 0
        self._cursor: str | None = None
        self._places: tuple[Place, ...] = ()
        self._look: Hashable = None

    # --- for subclasses ----------------------------------------------------------------------

    def ident(self, item: Item) -> str:
        """What tells an item from the others, for as long as it is there."""
        raise NotImplementedError

    def row(self, item: Item) -> Row:
        """What the columns look at."""
        raise NotImplementedError

    def row_key(self, item: Item) -> Hashable:
        """Equal keys look the same."""
        raise NotImplementedError

    def columns(self) -> tuple[Column[Row], ...]:
        """All columns, with the widths that what is shown needs."""
        return self.COLUMNS

    def shorten(self, column: Column[Row], text: str, width: int) -> str:
        return middle(text, width)

    # --- what it shows -----------------------------------------------------------------------

    def put_items(self, items: Sequence[Item]) -> None:
        """Take these over, filtered and sorted."""
        self.total = len(items)
        order = [i for i in items if self.matches(i)] if self.filter else items
        column = self._column(self.sorted_by)
        if column is not None:
            value = column.sort or (lambda row: column.cell(row).text)
            keyed = [(value(self.row(item)), item) for item in order]
            known = [pair for pair in keyed if pair[0] is not None]
            known.sort(key=lambda pair: pair[0], reverse=self.reverse)
            order = [i for _, i in known] + [i for value_, i in keyed if value_ is None]
        elif self.reverse:
            order = list(reversed(order))
        self.order = list(order)
        self._place_cursor()

    def _place_cursor(self) -> None:
        """Find the row of the item under the cursor; the first one where it is gone."""
        ids = (n for n, item in enumerate(self.order) if self.ident(item) == self._cursor)
        self._cursor_row = next(ids, 0) if self._cursor is not None else 0

    def matches(self, item: Item) -> bool:
        """Whether the filter lets it through."""
        return self.filter.holds(self.haystack(item), lambda field: self._text(item, field))

    def haystack(self, item: Item) -> str:
        """What a word without a field is looked for in: every column, those not shown too."""
        row = self.row(item)
        return "\n".join(column.cell(row).text for column in self.COLUMNS)

    def _text(self, item: Item, field: str) -> str:
        column = self._column(field)
        return column.cell(self.row(item)).text if column is not None else ""

    def set_filter(self, text: str) -> None:
        self.filter = parse(text, tuple(column.id for column in self.COLUMNS))

    def sort_by(self, id: str | None) -> None:
        """Order by a column; by the same one again: the other way round; a third time: not."""
        if id == self.sorted_by and id is not None:
            if self.reverse:
                self.sorted_by, self.reverse = None, False
            else:
                self.reverse = True
        else:
            self.sorted_by, self.reverse = id, False
        self.post_message(self.Moved())

    def sort_next(self, by: int = 1) -> None:
        """Order by the next of the columns shown."""
        ids: list[str | None] = [None, *(p.column.id for p in self._places if p.column.title)]
        at = ids.index(self.sorted_by) if self.sorted_by in ids else 0
        self.sorted_by, self.reverse = ids[(at + by) % len(ids)], False
        self.post_message(self.Moved())

    def _column(self, id: str | None) -> Column[Any] | None:
        return next((column for column in self.COLUMNS if column.id == id), None)

    def shown_columns(self) -> list[Column[Row]]:
        known = {column.id: column for column in self.columns()}
        wanted = [known[id] for id in self.chosen if id in known]
        return wanted or [column for column in known.values() if column.standard]

    # --- drawing -----------------------------------------------------------------------------

    def head_lines(self, width: int) -> tuple[Segments, ...]:
        self._places = fitted(self.shown_columns(), width, 2 if width >= 100 else 1)
        self._look = (self._places, self.filter)
        segments, at = [], 0
        for column, start, room in self._places:
            if start > at:
                segments.append(Segment(" " * (start - at)))
            marked = column.id == self.sorted_by
            title = column.title + (("▼" if self.reverse else "▲") if marked else "")
            if len(title) > room:
                title = title[: room - 1] + "…"
            text = title.rjust(room) if column.right else title.ljust(room)
            segments.append(Segment(text, self.tone("sorted" if marked else "head")))
            at = start + room
        return (tuple(segments),)

    def foot_lines(self, width: int) -> tuple[Segments, ...]:
        """The whole of what is cut in the row under the cursor."""
        most = min(FOOT, self.size.height - 3)
        if not self.has_focus or not self.order or most < 1:
            return ()
        row = self.row(self.order[self.cursor_row])
        cells = [place.column.cell(row).text for place in self._places]
        last = max((n for n, text in enumerate(cells) if text), default=0)
        whole = [
            f"{place.column.title or place.column.id}: {text}"
            for n, (place, text) in enumerate(zip(self._places, cells, strict=True))
            if len(text) > (width - place.start if n == last else place.width)
            and (place.column.least or place.column.rest)
        ]
        if not whole:
            return ()
        import textwrap

        lines = textwrap.wrap("  ".join(whole), width - 2, break_on_hyphens=False)[:FOOT]
        self.foot_needed = max(self.foot_needed, len(lines))
        lines = lines[:most]
        return tuple((Segment(f"  {line}".ljust(width), self.tone("rest")),) for line in lines)

    def line_count(self) -> int:
        return len(self.order)

    def line_key(self, index: int) -> Hashable:
        item = self.order[index]
        return self.row_key(item), index == self.cursor_row and (self.has_focus, True), self._look

    def line_strip(self, index: int, width: int) -> Strip:
        row = self.row(self.order[index])
        cells = [place.column.cell(row) for place in self._places]
        last = max((n for n, cell in enumerate(cells) if cell.text), default=0)
        segments: list[Segment] = []
        at = 0
        for n, ((column, start, room), (text, tone)) in enumerate(
            zip(self._places, cells, strict=True)
        ):
            if start > at:
                segments.append(Segment(" " * (start - at)))
            if n == last:  # nothing stands behind it, so it may be as long as the line
                room = width - start if not column.right else room
            if len(text) > room:
                text = self.shorten(column, text, room)
            text = text.rjust(room) if column.right else text.ljust(room)
            style = self.tone(tone)
            spans = self.filter.spans(text, column.id) if self.filter else []
            segments += _highlighted(text, style, spans, self.tone("match"))
            at = start + room
            if n == last:
                break
        strip = Strip(segments).adjust_cell_length(width)
        if index == self.cursor_row:
            over = self.tone("cursor" if self.has_focus else "rest")
            return Strip(Segment.apply_style(strip, None, over))
        return strip

    # --- the cursor --------------------------------------------------------------------------

    @property
    def highlighted(self) -> Item | None:
        """The item under the cursor; the first one before anybody moved it."""
        return self.order[self.cursor_row] if self.order else None

    @property
    def cursor_row(self) -> int:
        return self._cursor_row

    def action_move(self, by: int) -> None:
        if self.order:
            self.point_at(self.cursor_row + by)

    def point_at(self, row: int) -> None:
        """Put the cursor on a row and bring it into view."""
        row = min(max(row, 0), len(self.order) - 1)
        self._cursor, self._cursor_row = self.ident(self.order[row]), row
        self.settle()  # what is at the foot may have become another
        if row < self._top:
            self.scroll_by(row - self._top)
        elif row >= self._top + self.page:
            self.scroll_by(row - self.page + 1 - self._top)
        self.post_message(self.Moved())

    def point_to(self, ident: str) -> bool:
        """Put the cursor on the item of that name, where it is shown."""
        row = next((n for n, item in enumerate(self.order) if self.ident(item) == ident), None)
        if row is not None:
            self.point_at(row)
        return row is not None

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset_capture(self)
        if offset.y == 0:
            for column, start, room in self._places:
                if start <= offset.x < start + room:
                    self.sort_by(column.id)
            return
        row = self.line_under(event)
        if row is not None:
            self.point_at(row)
            if event.chain == 2:
                self.post_message(self.Chosen(self))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """A column's name says what it is about."""
        offset = event.get_content_offset_capture(self)
        told = None
        if offset.y == 0:
            under = (p for p in self._places if p.start <= offset.x < p.start + p.width)
            told = next((place.column.help for place in under), None)
        if self.tooltip != told:
            self.tooltip = told

    def on_focus(self) -> None:
        self.settle()

    def on_blur(self) -> None:
        self.settle()

    # --- copying -----------------------------------------------------------------------------

    def cells(self) -> list[tuple[str, str]]:
        """Of the row under the cursor: the names of all columns and the whole of their texts."""
        item = self.highlighted
        if item is None:
            return []
        row = self.row(item)
        found = [(c.title.strip() or c.id, c.cell(row).text.strip()) for c in self.COLUMNS]
        return [(title, text) for title, text in found if text]


def _highlighted(
    text: str, style: Style, spans: list[tuple[int, int]], over: Style
) -> list[Segment]:
    """`text` in pieces, what was looked for on another ground."""
    pieces, at = [], 0
    for start, end in sorted(spans):
        if start < at:
            continue
        pieces += [Segment(text[at:start], style), Segment(text[start:end], style + over)]
        at = end
    pieces.append(Segment(text[at:], style))
    return [piece for piece in pieces if piece.text]
