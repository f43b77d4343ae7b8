"""The Log pane: every event as one line; follows the end unless scrolled up.

What only keeps a path alive (checks and their answers on a pair that works) is folded into one line
that counts, so that what happened stays in sight; `a` unfolds it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import NamedTuple

from icetui import events
from icetui.dashboard.chronicle import Chronicle
from icetui.dashboard.shown_text import clock, plain, rtt
from icetui.dashboard.table import Cell, Column, Table
from icetui.dashboard.words import describe
from icetui.events import AnyEvent
from icetui.grammar import count
from icetui.session import Session
from icetui.session.event_log import LOG_KEPT

TONES = {"warning": "warn", "plain": ""}
MOST_AT_ONCE = 1000
"""Events taken in for one paint while the end is followed. In a flood nobody reads those before
them; whoever scrolls up has all of them."""


class Entry(NamedTuple):
    """A line of the log: one event, or a run of routine ones."""

    number: int
    event: AnyEvent
    """The last one of the run."""
    folded: int = 1
    pairs: tuple[str, ...] = ()
    """The pairs of the run."""
    trip: float | None = None
    """The latest round trip of the run, seconds."""
    heard: bool = True
    """Whether anything came in; requests alone do not show that a pair works."""


def routine(event: AnyEvent, works: bool) -> bool:
    """Whether it says no more than that a pair which works still does."""
    if isinstance(event, events.StunMessage):
        return works and event.error is None and event.method == "Binding"
    return isinstance(event, events.RoundTripMeasured) and event.purpose in ("probe", "consent")


def _pair_of(event: AnyEvent) -> str:
    pair = getattr(event, "pair", None)
    return pair.id if isinstance(pair, events.Pair) else pair or ""


def _text(entry: Entry) -> Cell:
    if entry.folded > 1:
        trip = f", round trip {rtt(entry.trip)}" if entry.trip is not None else ""
        names = ", ".join(plain(name, 16) for name in entry.pairs[:3])
        more = f" and {len(entry.pairs) - 3} more" if len(entry.pairs) > 3 else ""
        one = len(entry.pairs) == 1
        if not entry.heard:
            said = f"{names}{more} {'is' if one else 'are'} asked: no answer to "
            return Cell(f"{said}{count(entry.folded, 'request')}  (a: all)", "warn")
        said = f"{names}{more} {'keeps' if one else 'keep'} working: "
        said += count(entry.folded, "routine event")
        return Cell(f"{said}{trip}  (a: all)", "dim")
    text, tone = describe(entry.event)
    return Cell(text, TONES.get(tone, tone))


COLUMNS: tuple[Column[Entry], ...] = (
    Column("time", "time", "When it happened.",
           lambda e: Cell(clock(e.event.wall), "dim"), 12, lambda e: e.number, weight=8),
    Column("event", "event", "What happened.", _text, 20, weight=9, rest=True),
    Column("pair", "pair", "The pair it is about.",
           lambda e: Cell(plain(_pair_of(e.event), 16), "dim"), 9, standard=False),
    Column("kind", "kind", "The event's name in the stream.",
           lambda e: Cell(events.kebab(type(e.event).__name__), "dim"), 26, standard=False),
)  # fmt: skip


class LogPane(Table[Entry, Entry]):
    """Rows over `session.log`, of which this remembers how far it was read."""

    COLUMNS = COLUMNS

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.following = True
        self.unfolded = False
        self._session = Session()
        self._chronicle = Chronicle()
        self._read = 0
        self._passed_over = False
        """Whether the session's log holds older events than those taken in."""
        self._entries: deque[Entry] = deque(maxlen=LOG_KEPT)
        self._applied: tuple[object, ...] = ()

    def show(self, session: Session, now: float, chronicle: Chronicle) -> None:
        self._chronicle = chronicle
        shape = (id(session), self.filter, self.unfolded)
        first = session.log.logged - len(session.log)
        if shape != self._applied:
            self._session, self._applied = session, shape
            self._begin_at(first)
        elif self._passed_over and not self._ends_in_sight:
            known = len(self._entries)
            self._begin_at(first)
            self._take_in(first)
            self._top += len(self._entries) - known  # what is seen stays where it is
        elif session.log.logged - self._read > MOST_AT_ONCE and self._ends_in_sight:
            self._begin_at(session.log.logged - MOST_AT_ONCE)
            self._passed_over = True
        self._take_in(first)
        self.put_items(self._entries)
        shown = "Log" + (f"  with “{plain(self.filter.text, 30)}”" if self.filter else "")
        if not self.following:
            shown += "  scrolled up, end: follow"
        self.put_title(shown, _turned_away(session))
        if self.following:
            self._follow()
        self.settle()

    @property
    def _in_order(self) -> bool:
        return self.sorted_by in (None, "time") and not self.reverse

    @property
    def _ends_in_sight(self) -> bool:
        """Whether the end is followed, and nothing else is asked for."""
        return self.following and self._in_order and not self.filter

    def _begin_at(self, number: int) -> None:
        self._entries.clear()
        self._read, self._passed_over = number, False

    def _take_in(self, first: int) -> None:
        """All that was logged since the last time; `first` is the oldest that is still held."""
        log = self._session.log
        for number in range(max(self._read, first), log.logged):
            self._take(number, log[number - log.logged])
        while self._entries and self._entries[0].number < first:
            self._entries.popleft()  # it fell out of the session's log
        self._read = log.logged

    def _take(self, number: int, event: AnyEvent) -> None:
        if self.filter:
            entry = Entry(number, event)
            if self.matches(entry):
                self._entries.append(entry)
            return
        pair = self._session.pairs.get(_pair_of(event))
        if not self.unfolded and pair is not None and routine(event, self._worked(pair, event)):
            heard = not isinstance(event, events.StunMessage) or event.direction == "in"
            trip = event.seconds if isinstance(event, events.RoundTripMeasured) else None
            last = self._entries[-1] if self._entries else None
            if last is not None and last.pairs:
                known = last.pairs if pair.id in last.pairs else (*last.pairs, pair.id)
                self._entries[-1] = Entry(number, event, last.folded + 1, known, trip or last.trip,
                                          heard or last.heard)  # fmt: skip
            else:
                self._entries.append(Entry(number, event, 1, (pair.id,), trip, heard))
            return
        self._entries.append(Entry(number, event))

    def _worked(self, pair: events.Pair, event: AnyEvent) -> bool:
        """Whether the pair worked already when it happened: it is drawn a moment later."""
        times = self._chronicle.pairs.get(pair.id)
        since = next((t for t, state in times.steps if state == "succeeded"), None) if times else 0
        return pair.valid and since is not None and event.t > since

    def put_items(self, items: object) -> None:
        """The entries are filtered as they come, and in their order unless one is asked for."""
        if self._in_order:
            self.total = len(self._entries)
            self.order = self._entries  # type: ignore[assignment]  # read by number only
        else:
            filter_, self.filter = self.filter, type(self.filter)()
            super().put_items(list(self._entries))
            self.filter = filter_

    # --- rows ----------------------------------------------------------------------------------

    def ident(self, item: Entry) -> str:
        return str(item.number)

    def row(self, item: Entry) -> Entry:
        return item

    def row_key(self, item: Entry) -> Hashable:
        return item.number, item.folded, item.heard, id(item.event)

    def shorten(self, column: Column[Entry], text: str, width: int) -> str:
        return text[: max(0, width - 1)] + "…"

    def empty_text(self) -> str:
        if self.filter:
            text = plain(self.filter.text, 40)
            return f"No line matches “{text}”. Press / to change the filter, esc to drop it."
        return "Nothing has happened yet: every event of the session comes here, newest last."

    @property
    def pair_under_cursor(self) -> str | None:
        """The pair that the line under the cursor is about."""
        item = self.highlighted
        return _pair_of(item.event) or None if item is not None else None

    # --- the cursor and following --------------------------------------------------------------

    @property
    def cursor_row(self) -> int:
        """The row under the cursor; while it follows, the newest."""
        last = len(self.order) - 1
        if self.following or self._cursor is None:
            return max(0, last)
        wanted = int(self._cursor)
        if self._in_order:
            low, high = 0, last
            while low < high:  # entries are in the order of their numbers
                at = (low + high) // 2
                if self.order[at].number < wanted:
                    low = at + 1
                else:
                    high = at
            return max(0, low)
        return self._cursor_row

    def point_at(self, row: int) -> None:
        self.following = row >= len(self.order) - 1
        super().point_at(row)

    def scrolled(self) -> None:
        self.following = self._top >= self.line_count() - self.page
        if not self.following and self._cursor is None and self.order:
            self._cursor = self.ident(self.order[-1])

    def _follow(self) -> None:
        self._top = max(0, self.line_count() - self.page)


def _turned_away(session: Session) -> str:
    """How many datagrams came to nothing, and where to read more."""
    refused = sum(e.count for e in session.refused.values())
    dropped = sum(e.count for e in session.dropped.values())
    parts = [f"{count(refused, 'datagram')} refused"] if refused else []
    parts += [f"{dropped} dropped"] if dropped else []
    return " · ".join(parts)
