"""What of an event stream is kept in a recording, so that neither hours nor an attack fill a disk.

What belongs here: choosing, by kind, rate and size. Writing is `recording`'s business.

A short session is kept whole. Then news (STUN messages, round trips) is thinned out to a steady
trickle, the figures of a pair are kept every few seconds, and of states that change faster than a
person could follow the latest. What is left out is counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from icetui import events
from icetui.events import AnyEvent, Event, EventsDropped, Pair
from icetui.streams.budget import Budget
from icetui.streams.event_writer import state_of

NEWS_AT_ONCE, NEWS_RATE = 1_000_000, 1_000
"""Bytes of news that are kept in any case, and bytes a second from then on."""
ALL_AT_ONCE, ALL_RATE = 500_000, 24_000
"""The same for everything: 2 MB in the worst minute."""
FIGURES = 10.0
"""Seconds between two events of one pair whose state stays the same, once news is thinned."""
MOST_WITH_NEWS = 64_000_000
"""Bytes of a recording above which no news goes into it any more."""
MOST = 128_000_000
"""Bytes at which a recording ends."""
TELL = 10.0
"""Seconds between two words of how much was left out."""
MOST_HELD = 10_000
NEVER = (events.Heartbeat, events.ReaderBehind)
"""Of the moment only."""


class Thinning:
    """Chooses what is kept of one stream. `size` is what was kept so far, in bytes."""

    def __init__(self) -> None:
        self.size = 0
        self.left_out = 0
        self._told, self._told_at = 0, 0.0
        self._news = Budget(NEWS_AT_ONCE, NEWS_RATE)
        self._all = Budget(ALL_AT_ONCE, ALL_RATE)
        self._held: dict[Any, Event] = {}
        self._pairs: dict[str, tuple[Any, float]] = {}
        """Of each pair, what of its state was kept last, and when."""

    def kept(self, event: AnyEvent) -> Iterator[Event]:
        """What goes into the file now: the event, what was held back before, or nothing."""
        if isinstance(event, NEVER):
            return
        room = self._all.now(event.t)
        while self._held and room > ALL_AT_ONCE / 2:
            key = next(iter(self._held))
            yield self._held.pop(key)
            room = self._all.now(event.t)
        if self.left_out != self._told and event.t - self._told_at >= TELL and room > 0:
            yield self._count(event)
        if isinstance(event, events.NEWS):
            if room <= 0 or self._news.now(event.t) <= 0 or self.size > MOST_WITH_NEWS:
                self.left_out += 1
                return
            yield event
            return
        key = state_of(event)
        if room <= 0 or self._only_figures(event):
            self._hold(key, event)
            return
        self._held.pop(key, None)
        yield event

    def rest(self, last: Event) -> Iterator[Event]:
        """What is still to go into the file when the stream has ended."""
        yield from self._held.values()
        self._held.clear()
        if self.left_out != self._told:
            yield self._count(last)

    def wrote(self, event: Event, size: int) -> None:
        """So many bytes went into the file."""
        self.size += size
        self._all.spend(size)
        if isinstance(event, events.NEWS):
            self._news.spend(size)
        elif isinstance(event, events.PairChanged):
            self._pairs[event.pair.id] = (_state(event.pair), event.t)
            if len(self._pairs) > MOST_HELD:
                del self._pairs[next(iter(self._pairs))]

    def _only_figures(self, event: AnyEvent) -> bool:
        """Whether a pair's event says nothing new but figures, and it said some just now."""
        if not isinstance(event, events.PairChanged) or self._news.full:
            return False
        state, at = self._pairs.get(event.pair.id, (None, 0.0))
        return state == _state(event.pair) and 0 <= event.t - at < FIGURES

    def _hold(self, key: Any, event: Event) -> None:
        if key is None:
            self.left_out += 1
            return
        if self._held.pop(key, None) is not None:
            self.left_out += 1
        self._held[key] = event
        if len(self._held) > MOST_HELD:
            del self._held[next(iter(self._held))]
            self.left_out += 1

    def _count(self, event: Event) -> Event:
        self._told, self._told_at = self.left_out, event.t
        return EventsDropped(
            wall=event.wall,
            t=event.t,
            session=event.session,
            where="recording",
            count=self.left_out,
        )


def _state(pair: Pair) -> Any:
    return (pair.state, pair.nominated, pair.valid, pair.reason, pair.mapped)
