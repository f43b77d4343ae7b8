"""A list of many one-line rows that draws only what changed: the base of pair table and log.

A row is redrawn only when its key differs from the key last painted there; its strip comes from
a cache. What a row shows is for subclasses to say.
"""

from __future__ import annotations

from collections.abc import Hashable

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

CACHED = 600
"""Strips kept: a few screens full."""


class Rows(ScrollView, can_focus=True):
    """Rows by number; `drawn` counts the strips that were really built."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.drawn = 0
        self._strips: dict[Hashable, Strip] = {}
        self._painted: dict[int, Hashable] = {}

    # --- for subclasses ----------------------------------------------------------------------

    def row_count(self) -> int:
        raise NotImplementedError

    def row_key(self, index: int) -> Hashable:
        """Equal keys look the same."""
        raise NotImplementedError

    def row(self, index: int) -> list[Segment]:
        raise NotImplementedError

    def empty_text(self) -> str:
        """What to read where there is no row."""
        return ""

    def tone(self, name: str) -> Style:
        """The style of a component class of this widget."""
        partial = self.get_component_rich_style(name, partial=True)
        if name in ("rows--cursor", "rows--rest"):
            return partial
        # A muted colour is a translucent one: only the whole style has it blended.
        return partial + Style(color=self.get_component_rich_style(name).color)

    # --- painting ----------------------------------------------------------------------------

    @property
    def page(self) -> int:
        return self.scrollable_content_region.height

    def settle(self) -> None:
        """Take the number of rows over and repaint the visible rows that changed."""
        size = Size(self.scrollable_content_region.width, self.row_count())
        if size.height != self.virtual_size.height:
            self.virtual_size = size
        top = self.scroll_offset.y
        for y in range(self.page):
            if self._painted.get(y) != self._key_at(top + y):
                self.refresh_line(top + y)

    def _key_at(self, index: int) -> Hashable:
        if index < self.row_count():
            return self.row_key(index)
        return None if self.row_count() else (index, self.empty_text())

    def render_line(self, y: int) -> Strip:
        index = self.scroll_offset.y + y
        width = self.scrollable_content_region.width
        key = self._painted[y] = self._key_at(index)
        style = self.rich_style
        if index >= self.row_count():
            return self._blank(index, y, width, style)
        cached = self._strips.get((width, key))
        if cached is None:
            if len(self._strips) >= CACHED:
                self._strips.clear()
            cached = Strip(self.row(index)).adjust_cell_length(width).apply_style(style)
            self._strips[(width, key)] = cached
            self.drawn += 1
        return cached

    def _blank(self, index: int, y: int, width: int, style: Style) -> Strip:
        """Below the last row: nothing, or the sentence that says what is being waited for."""
        if self.row_count() or not self.empty_text():
            return Strip.blank(width, style)
        lines = wrapped(self.empty_text(), max(10, width - 2))
        text = f" {lines[index]}" if index < len(lines) else ""
        segments = [Segment(text, self.tone("rows--empty"))]
        return Strip(segments).adjust_cell_length(width).apply_style(style)

    def forget_strips(self) -> None:
        self._strips.clear()
        self._painted.clear()

    def notify_style_update(self) -> None:
        self.forget_strips()
        super().notify_style_update()


def wrapped(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width`, broken between words."""
    import textwrap

    return textwrap.wrap(text, width) or [""]
