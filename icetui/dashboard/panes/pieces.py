"""What panes are built from: pieces of styled text."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

Piece = str | tuple[str, str]
"""Text, or text and its style. Never markup: `Content.assemble` takes it letter by letter."""

GOOD, BAD, WARN = "$text-success", "$text-error", "$text-warning"
MUTED, STRONG, ACCENT = "$foreground-muted", "bold", "bold $text-primary"


def line(*pieces: Piece) -> Content:
    return Content.assemble(*pieces)


class Text(Static):
    """A small Static that takes `Content` only and repaints only when it differs."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__("", id=id, classes=classes, markup=False)
        self._shown = Content("")

    def put(self, content: Content) -> None:
        if not content.is_same(self._shown):
            self._shown = content
            self.update(content)
