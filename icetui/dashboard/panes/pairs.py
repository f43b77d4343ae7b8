"""The Pair checks pane: which pairs work, and why not the others?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from textual import events as textual_events
from textual.binding import Binding
from textual.content import Content
from textual.message import Message

from icetui.dashboard.rows import Rows
from icetui.dashboard.text import middle, plain, rtt, spark
from icetui.events import Candidate, Pair, Reason, address_port
from icetui.session import Session

REPLACED = "replaced"
GLYPHS = {
    "succeeded": "✓", "failed": "✗", "in-progress": "…", "waiting": "·", "frozen": "○",
    REPLACED: "–",
}  # fmt: skip
WORDS = {"in-progress": "in progress"}
LEGEND = "★ in use   4/3: requests/answers   2 re: retransmissions"


class Columns(NamedTuple):
    """Widths in cells; 0 leaves a column out."""

    state: int
    local: int
    remote: int
    counts: int
    again: int
    tail: int
    """Round trip and spark, or the reason."""


def columns(width: int, local: int, remote: int) -> Columns:
    """The columns that fit into `width`, the least needed left out first."""
    types = 2 + 6 + 6 + 2  # mark, both candidate types, the blanks behind the addresses
    for state, counts, again, tail in (
        (12, 7, 7, 18), (12, 7, 0, 18), (12, 7, 0, 10), (2, 7, 0, 10), (2, 0, 0, 10),
    ):  # fmt: skip
        rest = width - types - state - counts - again - local - remote
        if rest >= tail:
            return Columns(state, local, remote, counts, again, rest)
    half = max(6, (width - types - 2 - 10) // 2)
    local, remote = min(local, half), min(remote, half)
    return Columns(2, local, remote, 0, 0, max(0, width - types - 2 - local - remote))


class PairTable(Rows):
    """One row a pair, the selected one first; a cursor that stays on its pair."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--empty", "rows--cursor", "rows--rest",
        "rows--dim", "rows--good", "rows--bad", "rows--warn",
    }  # fmt: skip
    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]  # narrower than Textual's
        Binding("up,k", "cursor(-1)", show=False),
        Binding("down,j", "cursor(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "cursor(-1000000)", show=False),
        Binding("end", "cursor(1000000)", show=False),
    ]

    class Moved(Message):
        """Another pair is highlighted."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.filter = ""
        self._session = Session()
        self._seen: list[Pair] = []
        self._shaped: tuple[object, ...] = ()
        self._order: list[Pair] = []
        self._row_of: dict[str, int] = {}
        self._cursor: str | None = None
        self._columns = columns(80, 21, 21)

    def on_mount(self) -> None:
        self.border_subtitle = LEGEND

    # --- what it shows -------------------------------------------------------------------------

    @property
    def highlighted(self) -> Pair | None:
        """The pair under the cursor; the first row before anyone moved it."""
        if not self._order:
            return None
        return self._order[self._cursor_row]

    @property
    def _cursor_row(self) -> int:
        return self._row_of.get(self._cursor or "", 0)

    def show(self, session: Session, now: float) -> None:
        pairs = list(session.pairs.values())
        shape = (session is self._session, session.selected, self.filter)
        self._session = session
        if pairs != self._seen or shape != self._shaped:
            self._seen, self._shaped = pairs, shape
            self._order = [p for p in session.ordered_pairs() if self._matches(p)]
            self._row_of = {pair.id: row for row, pair in enumerate(self._order)}
            self.border_title = self._title(session)
        self._columns = columns(
            self.scrollable_content_region.width,
            _widest(session.local_candidates),
            _widest(session.remote_candidates),
        )
        self.settle()

    def _matches(self, pair: Pair) -> bool:
        if not self.filter:
            return True
        words = (
            pair.id, pair.state, WORDS.get(pair.state, ""), str(pair.reason or ""),
            pair.detail or "", *self._end(pair.local), *self._end(pair.remote),
        )  # fmt: skip
        text = " ".join(words).lower()
        return all(word in text for word in self.filter.lower().split())

    def _title(self, session: Session) -> Content:
        if not session.pairs:
            return Content("Pair checks")
        counts = Counter(_standing(p) for p in session.pairs.values())
        parts = [
            f"{counts[state]} {WORDS.get(state, state)}"
            for state in ("succeeded", "in-progress", "waiting", "frozen", "failed", REPLACED)
            if counts.get(state)
        ]
        title = f"Pair checks  {len(session.pairs)}: {' · '.join(parts)}"
        if self.filter:
            title += f"   {len(self._order)} with “{plain(self.filter, 30)}”"
        return Content(title)

    def empty_text(self) -> str:
        if self._session.pairs:
            return f"No pair contains “{plain(self.filter, 40)}”. Press / to change the filter."
        if self._session.description is not None:
            return "No pairs yet: their side brought no candidate that ours can be paired with."
        return (
            "No pairs yet: a pair is one of your candidates with one of theirs. "
            "Paste theirs to form some."
        )

    # --- rows ----------------------------------------------------------------------------------

    def row_count(self) -> int:
        return len(self._order)

    def row_key(self, index: int) -> Hashable:
        pair = self._order[index]
        quality = self._session.quality.get(pair.id)
        return (
            pair,
            (quality.measured, quality.lost) if quality else None,
            pair.id == self._session.selected,
            index == self._cursor_row and (self.has_focus, True),
            self._session.local_candidates.get(pair.local),
            self._session.remote_candidates.get(pair.remote),
            self._columns,
        )

    def row(self, index: int) -> list[Segment]:
        pair, c = self._order[index], self._columns
        dim = self.tone("rows--dim")
        tone = {
            "succeeded": self.tone("rows--good"),
            "failed": self.tone("rows--bad"),
            "in-progress": self.tone("rows--warn"),
        }.get(_standing(pair), dim)
        mark = "★" if pair.id == self._session.selected else " "
        standing = _standing(pair)
        glyph = GLYPHS.get(standing, "?")
        state = f"{glyph} {WORDS.get(standing, standing)}" if c.state > 2 else glyph
        if c.state > 2:
            state = state.replace("… in progress", "… checking") if c.state < 13 else state
        local_type, local = self._end(pair.local)
        remote_type, remote = self._end(pair.remote)
        segments = [
            Segment(f"{mark} ", self.tone("rows--good")),
            Segment(f"{state:<{c.state}}", tone),
            Segment(f"{local_type:<6}", dim),
            Segment(f"{middle(local, c.local):<{c.local}} "),
            Segment(f"{remote_type:<6}", dim),
            Segment(f"{middle(remote, c.remote):<{c.remote}} "),
        ]
        if c.counts:
            segments.append(
                Segment(f"{pair.requests_sent}/{pair.responses_received}".rjust(5) + "  ")
            )
        if c.again:
            again = f"{pair.retransmissions_sent} re".rjust(5) + "  "
            segments.append(Segment(again, None if pair.retransmissions_sent else dim))
        segments += self._tail(pair, c.tail)
        if index == self._cursor_row:
            cursor = self.tone("rows--cursor") if self.has_focus else self.tone("rows--rest")
            segments = list(Segment.apply_style(segments, None, cursor))
        return segments

    def _tail(self, pair: Pair, width: int) -> list[Segment]:
        if pair.state == "failed" or pair.reason is not None:
            words = str(pair.reason or "failed")
            if pair.detail and width > 24:
                words += f": {plain(pair.detail)}"
            tone = "rows--dim" if _standing(pair) == REPLACED else "rows--bad"
            return [Segment(words[:width].ljust(width), self.tone(tone))]
        quality = self._session.quality.get(pair.id)
        figure = rtt(pair.current_round_trip_time) if pair.round_trips or pair.valid else ""
        history = spark(quality.samples, min(24, width - 10)) if quality else ""
        return [
            Segment(f"{figure:>8}  "),
            Segment(history.ljust(max(0, width - 10)), self.tone("rows--good")),
        ]

    def _end(self, candidate_id: str) -> tuple[str, str]:
        candidate = self._session.local_candidates.get(
            candidate_id
        ) or self._session.remote_candidates.get(candidate_id)
        if candidate is None:
            return "?", plain(candidate_id, 40)
        return candidate.type, plain(address_port(candidate.address, candidate.port), 60)

    # --- the cursor ----------------------------------------------------------------------------

    def action_cursor(self, by: int) -> None:
        if self._order:
            self.point_at(self._cursor_row + by)

    def action_page(self, by: int) -> None:
        self.action_cursor(by * max(1, self.page - 1))

    def point_at(self, row: int) -> None:
        row = min(max(row, 0), len(self._order) - 1)
        self._cursor = self._order[row].id
        top = self.scroll_offset.y
        if row < top:
            self.scroll_to(y=row, animate=False)
        elif row >= top + self.page:
            self.scroll_to(y=row - self.page + 1, animate=False)
        self.settle()
        self.post_message(self.Moved())

    def on_click(self, event: textual_events.Click) -> None:
        row = self.scroll_offset.y + event.get_content_offset_capture(self).y
        if 0 <= row < len(self._order):
            self.point_at(row)

    def on_focus(self) -> None:
        self.settle()

    def on_blur(self) -> None:
        self.settle()


def _widest(candidates: dict[str, Candidate]) -> int:
    widths = (len(address_port(c.address, c.port)) for c in candidates.values())
    return min(47, max(widths, default=14))


def _standing(pair: Pair) -> str:
    """Its state, but a pair of the generation before a restart has not failed (RFC 8445 9)."""
    return REPLACED if pair.reason == Reason.SUPERSEDED else pair.state
