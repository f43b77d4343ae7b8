"""A widget of text lines that draws only what changed: the base of every table and pane.

Each line has a key. A line whose key is the one last drawn there is left alone. Scrolling, the
scrollbar and the title are this widget's own, because Textual's repaint the whole pane when they
change.
"""

from __future__ import annotations

import textwrap
from collections.abc import Hashable, Iterable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.visual import RenderOptions
from textual.widget import Widget

CACHED = 600
"""Strips kept: a few screens full."""
WHEEL = 3
"""Lines a turn of the mouse wheel moves."""
FAR = 1_000_000

Segments = tuple[Segment, ...]
Paragraph = Content | tuple[Content, int]
"""Text, or text and its hanging indent."""


TONES = {
    "lines--empty", "lines--cursor", "lines--rest", "lines--head", "lines--sorted",
    "lines--dim", "lines--good", "lines--bad", "lines--warn", "lines--out", "lines--in",
    "lines--match", "lines--bar",
}  # fmt: skip
"""Component classes of the app that draws lines: with classes of their own for each widget, styling
them would take a third of the time to the first frame."""


class Lines(Widget, can_focus=True):
    """Lines by number, some fixed ones above and below; `drawn` counts strips really built."""

    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]  # narrower than Textual's
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "turn(-1)", show=False),
        Binding("pagedown,space", "turn(1)", show=False),
        Binding("home", f"move({-FAR})", show=False),
        Binding("end", f"move({FAR})", show=False),
    ]
    ALLOW_SELECT = False
    BAR: ClassVar[int] = 1
    """Cells at the right that are the scrollbar's."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.drawn = 0
        self.changed = 0
        """Lines that were found to differ when they were last looked at."""
        self._top = 0
        self._head: tuple[Segments, ...] = ()
        self._foot: tuple[Segments, ...] = ()
        self._strips: dict[Hashable, Strip] = {}
        self._painted: dict[int, Hashable] = {}
        self._tones: dict[str, Style] = {}
        self._base: Style | None = None
        self._titles = (Content(""), Content(""))

    # --- for subclasses ----------------------------------------------------------------------

    def line_count(self) -> int:
        raise NotImplementedError

    def line_key(self, index: int) -> Hashable:
        """Equal keys look the same."""
        raise NotImplementedError

    def line_strip(self, index: int, width: int) -> Strip:
        raise NotImplementedError

    def head_lines(self, width: int) -> tuple[Segments, ...]:
        """Lines that stay at the top."""
        return ()

    def foot_lines(self, width: int) -> tuple[Segments, ...]:
        """Lines that stay at the bottom."""
        return ()

    def empty_text(self) -> str:
        """What to read where there is no line."""
        return ""

    def tone(self, name: str) -> Style:
        """The style of one of `TONES` on this widget: `good`, `bad`, `dim`; empty: none."""
        found = self._tones.get(name)
        if found is None:
            found = self._tones[name] = self._tone(name) if name else Style.null()
        return found

    def _tone(self, name: str) -> Style:
        rules = self.app.get_component_styles(f"lines--{name}")
        if name in ("cursor", "rest", "match"):
            return rules.partial_rich_style
        # A muted colour is a translucent one, and Rich knows none.
        _, background = self.background_colors
        return rules.partial_rich_style + Style(color=(background + rules.color).rich_color)

    # --- painting ----------------------------------------------------------------------------

    @property
    def page(self) -> int:
        """Lines there is room for between the fixed ones."""
        return max(0, self.size.height - len(self._head) - len(self._foot))

    @property
    def room(self) -> int:
        """Cells a line may fill."""
        return max(1, self.size.width - self.BAR)

    def settle(self) -> None:
        """Repaint the visible lines that changed."""
        self.changed = 0
        width, height = self.size
        if not width or not height or not self.is_mounted:
            return
        self._head = self.head_lines(self.room)
        self._foot = self.foot_lines(self.room)
        self._top = min(self._top, max(0, self.line_count() - self.page))
        for y in range(height):
            key = self._cell_key(y)
            if self._painted.get(y, self) != key:
                self.refresh(Region(0, y, width, 1))
                self.changed += 1

    def _cell_key(self, y: int) -> Hashable:
        head, foot = len(self._head), len(self._foot)
        if y < head:
            return self._head[y]
        if y >= self.size.height - foot:
            return self._foot[y - self.size.height + foot]
        index, count = self._top + y - head, self.line_count()
        if index < count:
            return (self.line_key(index), self._bar(y - head, count))
        return None if count else (y, self.size.height, self.empty_text())

    def _bar(self, y: int, count: int) -> str:
        """The scrollbar's character beside the `y`th line of the page."""
        page = self.page
        if count <= page or not self.BAR:
            return " "
        length = max(1, page * page // count)
        start = round(self._top * (page - length) / max(1, count - page))
        return "┃" if start <= y < start + length else " "

    def _strip_at(self, y: int, key: Hashable) -> Strip:
        width = self.size.width
        cached = self._strips.get((width, key))
        if cached is None:
            if len(self._strips) >= CACHED:
                self._strips.clear()
            cached = self._build(y, key, width)
            self._strips[(width, key)] = cached
        return cached

    def _build(self, y: int, key: Hashable, width: int) -> Strip:
        if self._base is None:
            self._base = self.rich_style
        head, foot = len(self._head), len(self._foot)
        index = self._top + y - head
        if y < head:
            strip = Strip(self._head[y])
        elif y >= self.size.height - foot:
            strip = Strip(self._foot[y - self.size.height + foot])
        elif index < self.line_count():
            self.drawn += 1
            strip = self.line_strip(index, width - self.BAR)
            if self.BAR:
                bar = Segment(self._bar(y - head, self.line_count()), self.tone("bar"))
                strip = Strip([*strip.adjust_cell_length(width - 1), bar])
        else:
            strip = Strip(self._empty(y, width))
        return strip.adjust_cell_length(width).apply_style(self._base).simplify()

    def _empty(self, y: int, width: int) -> list[Segment]:
        """Below the last line: nothing, or the sentence that says what is being waited for."""
        if self.line_count() or not self.empty_text():
            return []
        rows = max(1, self.size.height - len(self._head))
        lines = textwrap.wrap(
            self.empty_text(), max(10, width - 2), max_lines=rows, placeholder=" …"
        )
        at = y - len(self._head)
        return [Segment(f" {lines[at]}", self.tone("empty"))] if at < len(lines) else []

    def render_line(self, y: int) -> Strip:
        key = self._cell_key(y)
        self._painted[y] = key
        return self._strip_at(y, key)

    def forget_strips(self) -> None:
        self._strips.clear()
        self._painted.clear()
        self._tones.clear()
        self._base = None

    def notify_style_update(self) -> None:
        self.forget_strips()
        super().notify_style_update()

    def on_resize(self) -> None:
        self.forget_strips()
        self.settle()
        self.refresh()

    # --- the frame ---------------------------------------------------------------------------

    def put_title(self, title: Content | str, subtitle: Content | str = "") -> None:
        """Set the frame's texts; only their lines are repainted, and only when they differ."""
        wanted = (Content(title) if isinstance(title, str) else title,
                  Content(subtitle) if isinstance(subtitle, str) else subtitle)  # fmt: skip
        before, self._titles = self._titles, wanted
        # Assigning to `border_title` itself would repaint the whole pane.
        self._border_title, self._border_subtitle = wanted
        width, height = self.outer_size
        left, top = self.content_offset
        if not wanted[0].is_same(before[0]):
            self.refresh(Region(-left, -top, width, 1))
        if not wanted[1].is_same(before[1]):
            self.refresh(Region(-left, height - top - 1, width, 1))

    # --- moving ------------------------------------------------------------------------------

    def scroll_by(self, lines: int) -> None:
        """Another part of the lines."""
        most = max(0, self.line_count() - self.page)
        self._top = min(max(0, self._top + lines), most)
        self.scrolled()
        self.settle()

    def scrolled(self) -> None:
        """The user has moved to another part."""

    def action_move(self, by: int) -> None:
        self.scroll_by(by)

    def action_turn(self, by: int) -> None:
        self.action_move(by * max(1, self.page - 1))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_by(WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_by(-WHEEL)

    def line_under(self, event: events.MouseEvent) -> int | None:
        """Number of the line a mouse event is on; None beside the lines."""
        index = self._top + event.get_content_offset_capture(self).y - len(self._head)
        return index if 0 <= index < self.line_count() else None


class Prose(Lines):
    """Styled paragraphs, wrapped with a hanging indent."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: list[tuple[Hashable, Content]] = []
        self._wrapped: dict[Hashable, list[tuple[Hashable, Content]]] = {}

    def put(self, paragraphs: Iterable[Paragraph], indent: int = 0) -> list[int]:
        """Show these; the number of each one's first line.

        A paragraph may bring an indent of its own. What is wrapped already is not wrapped again.
        """
        width = self.room
        found: list[tuple[Hashable, Content]] = []
        wrapped: dict[Hashable, list[tuple[Hashable, Content]]] = {}
        starts = []
        for given in paragraphs:
            paragraph, inset = given if isinstance(given, tuple) else (given, indent)
            key = (part_key(paragraph), width, inset)
            lines = self._wrapped.get(key)
            if lines is None:
                lines = [(part_key(part), part) for part in hanging([paragraph], width, inset)]
            wrapped[key] = lines
            starts.append(len(found))
            found += lines
        self._wrapped, self._lines = wrapped, found
        self.settle()
        return starts

    @property
    def plain(self) -> str:
        return "\n".join(content.plain for _, content in self._lines)

    def line_count(self) -> int:
        return len(self._lines)

    def line_key(self, index: int) -> Hashable:
        return self._lines[index][0]

    def line_strip(self, index: int, width: int) -> Strip:
        options = RenderOptions(self._get_style, {"text_wrap": "nowrap"})
        strips = self._lines[index][1].render_strips(width, 1, self.visual_style, options)
        return strips[0] if strips else Strip([])


class Bar(Prose, can_focus=False):
    """Prose of as many lines as the style sheet says, without a scrollbar."""

    BAR = 0


def part_key(content: Content) -> Hashable:
    return content.plain, tuple(content.spans)


def hanging(paragraphs: Iterable[Content], width: int, indent: int = 3) -> list[Content]:
    """Each paragraph wrapped to `width`, its further lines set in by `indent`."""
    found: list[Content] = []
    for paragraph in paragraphs:
        if width <= indent + 8 or paragraph.cell_length <= width:
            found.append(paragraph)
            continue
        first, *_ = paragraph.wrap(width)
        rest = paragraph[len(first.plain.rstrip()) :]
        found.append(first.rstrip())
        margin = " " * indent
        found += [Content(margin) + part for part in _stripped(rest).wrap(width - indent)]
    return found


def shortened(content: Content, width: int) -> Content:
    """What there is room for; an ellipsis says that there is more."""
    if content.cell_length <= width:
        return content
    return content[: max(0, width - 1)].rstrip() + "…"


def at_most(lines: list[Content], most: int, width: int) -> list[Content]:
    """The first lines; an ellipsis says that there were more."""
    if len(lines) <= most:
        return lines
    kept = lines[:most]
    kept[-1] = kept[-1][: max(0, width - 2)].rstrip() + " …"
    return kept


def _stripped(content: Content) -> Content:
    return content[len(content.plain) - len(content.plain.lstrip()) :]
