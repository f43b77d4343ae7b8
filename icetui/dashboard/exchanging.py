"""The app's part in the exchange: theirs comes in by paste, ours goes out by every way there is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from textual import events as textual_events
from textual.app import App

from icetui import events
from icetui.dashboard.clipboard import Clipboard
from icetui.dashboard.exchange import Exchange
from icetui.grammar import count
from icetui.session import Session

if TYPE_CHECKING:
    from textual.worker import WorkType

    from icetui.sources import Source

SETTLE = 0.4
"""Seconds from the first usable blob to the copy that happens by itself: what quick servers add
is in it then, and a demo that has connected meanwhile leaves the clipboard alone."""


class Exchanging(App[int]):
    """An app over a source and its session that hands descriptions in and out."""

    def __init__(self, source: Source, clipboard: Clipboard) -> None:
        super().__init__()
        self.source = source
        self.clipboard_ways = clipboard
        self.session = Session()
        self.frozen: Session | None = None
        self.exchange = Exchange()
        self.handed_in = False
        """Whether a paste is with the engine, unread."""

    @property
    def shown(self) -> Session:
        """What the panes draw: the session, or the snapshot it was frozen at."""
        return self.frozen if self.frozen is not None else self.session

    def repaint(self) -> None:
        raise NotImplementedError

    def on_paste(self, event: textual_events.Paste) -> None:
        """A paste that no text field took, from whatever screen it bubbled up."""
        event.stop()
        self.hand_in(event.text)

    def hand_in(self, text: str) -> None:
        """Their description, to the engine."""
        if not self.source.live:
            self.notify("This is a recording: there is nothing to paste into.", markup=False)
        elif text.strip():
            from icetui.signaling import MAX_TEXT

            self.frozen = None  # what comes of it must be seen
            text = text[: MAX_TEXT + 1]  # enough to be told that it is too long
            self.handed_in = True
            self.source.send(events.Paste(session=self.session.id, text=text))

    def understood(self, event: events.DescriptionAccepted) -> None:
        """What was handed in was read: say so where no card does."""
        if self.handed_in and self.session.connected:
            number = event.new_candidates
            what = count(number, "new candidate") if number else "nothing that was not known"
            self.notify(f"Understood: it holds {what}.", markup=False)
        self.handed_in = False

    def first_blob(self) -> None:
        """Our description has become usable: copy it by itself, once."""
        self.set_timer(SETTLE, self._copy_first)

    def _copy_first(self) -> None:
        untouched = self.exchange.handed is None and self.session.connected_at is None
        if self.source.live and untouched:
            self.copy_own()

    def copy_own(self) -> None:
        """Send our description to the clipboard, in the background."""
        text = self.exchange.own_text(self.session)
        if text is not None:
            self.exchange.hand_out(self.session)
            # A function, not a coroutine: at the app's end it may never be started.
            copy = cast("WorkType[None]", partial(self._copy, text))
            self.run_worker(copy, group="copy", exclusive=True)

    async def _copy(self, text: str) -> None:
        self.exchange.outcome = await self.clipboard_ways.copy(text, self.copy_to_clipboard)
        self.repaint()
        if not self.exchange.card_open(self.shown, live=self.source.live):
            self.notify(
                f"Your {self.exchange.own.noun}: {self.exchange.outcome.sentence}.", markup=False
            )

    def saved(self, path: str) -> None:
        self.exchange.hand_out(self.session)
        self.exchange.saved = path
        self.notify(f"Saved to {path}, readable by you only.", markup=False)
        self.repaint()
