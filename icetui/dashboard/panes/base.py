"""What panes are built from: pieces of styled text, and a scrolling pane of them."""

from __future__ import annotations

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

Piece = str | tuple[str, str]
"""Text, or text and its style. Never markup: `Content.assemble` takes it letter by letter."""

GOOD, BAD, WARN = "$text-success", "$text-error", "$text-warning"
MUTED, STRONG, ACCENT = "$foreground-muted", "bold", "bold $text-primary"


def line(*pieces: Piece) -> Content:
    return Content.assemble(*pieces)


def lines(parts: Iterable[Content]) -> Content:
    return Content("\n").join(list(parts))


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


def _stripped(content: Content) -> Content:
    return content[len(content.plain) - len(content.plain.lstrip()) :]


class Text(Static):
    """A Static that takes `Content` only and repaints only when it differs."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__("", id=id, classes=classes, markup=False)
        self._shown = Content("")

    def put_lines(self, paragraphs: Iterable[Content], indent: int = 3) -> None:
        """Paragraphs, wrapped with a hanging indent to the width there is."""
        self.put(lines(hanging(paragraphs, self.content_size.width, indent)))

    def put(self, content: Content) -> None:
        if content.is_same(self._shown):
            return
        same_shape = self._shown.plain.count("\n") == content.plain.count("\n") and (
            self.styles.height is not None and not self.styles.height.is_auto
        )
        self._shown = content
        self.update(content, layout=not same_shape)


class TextPane(VerticalScroll, can_focus=True):
    """A bordered pane of text that scrolls."""

    TITLE = ""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.body = Text()
        self.border_title = self.TITLE

    def compose(self) -> ComposeResult:
        yield self.body
