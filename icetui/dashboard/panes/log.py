"""The Log pane: every event as one line; follows the end unless scrolled up."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import ClassVar

from rich.segment import Segment
from textual.content import Content

from icetui.dashboard.rows import Rows
from icetui.dashboard.text import clock, plain
from icetui.dashboard.words import describe
from icetui.events import AnyEvent
from icetui.session import LOG_KEPT, Session


class LogPane(Rows):
    """Rows over `session.log`; with a filter, over the lines of it that match."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--empty", "rows--dim", "rows--good", "rows--bad", "rows--warn",
        "rows--out", "rows--in",
    }  # fmt: skip

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.filter = ""
        self.following = True
        self._session = Session()
        self._read = 0
        self._applied = ""
        self._matching: deque[tuple[int, AnyEvent]] = deque(maxlen=LOG_KEPT)

    def show(self, session: Session, now: float) -> None:
        if session is not self._session or self.filter != self._applied:
            self._session, self._applied = session, self.filter
            self._matching.clear()
            self._read = session.logged - len(session.log)
        fallen = max(0, session.logged - len(session.log) - self._read)
        if self.filter:
            new = session.logged - max(self._read, session.logged - len(session.log))
            for number in range(session.logged - new, session.logged):
                event = session.log[number - session.logged]
                if self._matches(event):
                    self._matching.append((number, event))
        self._read = session.logged
        shown = f"Log  with “{plain(self.filter, 30)}”" if self.filter else "Log"
        self.border_title = Content(
            shown if self.following else f"{shown}  scrolled up, end: follow"
        )
        self.border_subtitle = Content(_turned_away(session))
        self.settle()
        if self.following:
            self.scroll_to(y=self.max_scroll_y, animate=False, force=True)
        elif fallen:
            self.refresh()

    def _matches(self, event: AnyEvent) -> bool:
        text = describe(event).text.lower()
        return all(word in text for word in self.filter.lower().split())

    def row_count(self) -> int:
        return len(self._matching) if self.filter else len(self._session.log)

    def _at(self, index: int) -> tuple[int, AnyEvent]:
        if self.filter:
            return self._matching[index]
        log = self._session.log
        return self._session.logged - len(log) + index, log[index]

    def row_key(self, index: int) -> Hashable:
        number, event = self._at(index)
        return number, id(event)

    def row(self, index: int) -> list[Segment]:
        _, event = self._at(index)
        text, tone = describe(event)
        names = {"warning": "rows--warn", "plain": ""}
        name = names.get(tone, f"rows--{tone}")
        return [
            Segment(f" {clock(event.wall)} ", self.tone("rows--dim")),
            Segment(text, self.tone(name) if name else None),
        ]

    def empty_text(self) -> str:
        if self.filter:
            return f"No line contains “{plain(self.filter, 40)}”. Press / to change the filter."
        return "Nothing has happened yet: every event of the session comes here, newest last."

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.following = new_value >= self.max_scroll_y

    def on_resize(self) -> None:
        if self.following:
            self.scroll_to(y=self.max_scroll_y, animate=False, force=True)


def _turned_away(session: Session) -> str:
    """How many datagrams came to nothing, and where to read more."""
    refused = sum(e.count for e in session.refused.values())
    dropped = sum(e.count for e in session.dropped.values())
    parts = [f"{refused} datagrams refused"] if refused else []
    parts += [f"{dropped} dropped"] if dropped else []
    return " · ".join(parts)
