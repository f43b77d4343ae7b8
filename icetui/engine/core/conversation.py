"""Application data over the path: text with its echo, goodbye, and what is dropped.

What belongs here: what a frame means. Nothing is queued: each goes into the stream or is dropped.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

from icetui import events
from icetui.engine.core import frames
from icetui.engine.core.frames import Keys, Received
from icetui.engine.core.outbox import Outbox
from icetui.events import MAX_TEXT_SENT, MAX_TEXT_SHOWN
from icetui.printable import printable

TEXTS_PER_SECOND = 200
"""More than that from a peer is dropped: a person reads them, and the stream carries them."""
ECHOES_AWAITED = 256


class Heard(NamedTuple):
    """What comes of a datagram."""

    reply: bytes | None = None
    left: bool = False
    """They said goodbye."""
    dropped: str | None = None
    """Why it goes no further."""


class Conversation:
    """Of one session, over whichever path."""

    def __init__(self, outbox: Outbox, now: float) -> None:
        self._outbox = outbox
        self._ids = itertools.count(1)
        self._numbers = itertools.count(1)
        self._received: dict[bytes, Received] = {}
        """By the key of theirs that signed them; the latest two."""
        self.of_icetui = False
        """Whether the other side is an icetui, which signs whatever it says."""
        self._awaited: dict[int, float] = {}
        """When each text left whose echo has not come."""
        self._budget = float(TEXTS_PER_SECOND)
        self._budget_at = now

    def goodbye(self, keys: Keys) -> bytes:
        """The datagram that says that we leave."""
        return frames.bye(keys.ours, self._number())

    def send(self, text: str, keys: Keys, now: float) -> bytes:
        """The datagram for a text; it counts as sent."""
        body = text.encode("utf-8", "replace")
        number = next(self._ids) & 0xFFFFFFFF
        self._awaited[number] = now
        if len(self._awaited) > ECHOES_AWAITED:
            del self._awaited[next(iter(self._awaited))]
        self._outbox.tell(events.TextSent, id=number, text=text, size=len(body))
        return frames.text(keys.ours, self._number(), number, body)

    def read(self, data: bytes, keys: Keys, now: float) -> Heard:
        """A datagram that came over a valid pair; anybody may have sent it from there."""
        if data and 20 <= data[0] <= 63:
            return Heard(dropped="a DTLS record: icetui does ICE only")
        frame = frames.read(keys.theirs, data)
        if frame is None:
            return self._foreign(data, now)
        self.of_icetui = True
        if not self._of(keys.theirs).take(frame.number):
            return Heard(dropped="a message that came before, repeated on the way")
        if frame.kind == frames.ECHO:
            sent = self._awaited.pop(frame.id, None)
            if sent is not None:
                self._outbox.tell(events.TextEchoed, id=frame.id, seconds=now - sent)
            return Heard()
        if frame.kind == frames.BYE:
            return Heard(left=True)
        if not self._within_budget(now):
            return Heard(dropped=f"more than {TEXTS_PER_SECOND} messages a second")
        self._show(frame.body, framed=True)
        return Heard(reply=frames.echo(keys.ours, self._number(), frame.id))

    def _foreign(self, data: bytes, now: float) -> Heard:
        """No frame that the other side's icetui has signed."""
        if frames.claims(data):
            return Heard(dropped="a message of an icetui that is not signed by the other side")
        if self.of_icetui:
            return Heard(dropped="data that the other side's icetui has not sent")
        if not self._within_budget(now):
            return Heard(dropped=f"more than {TEXTS_PER_SECOND} messages a second")
        self._show(data, framed=False)
        return Heard()

    def _show(self, body: bytes, *, framed: bool) -> None:
        self._outbox.tell(
            events.TextReceived,
            text=printable(body.decode("utf-8", "replace"), MAX_TEXT_SHOWN),
            size=len(body),
            framed=framed,
        )

    def _number(self) -> int:
        return next(self._numbers) & 0xFFFFFFFF

    def _of(self, key: bytes) -> Received:
        received = self._received.get(key)
        if received is None:
            received = self._received[key] = Received()
            if len(self._received) > 2:
                del self._received[next(iter(self._received))]
        return received

    def _within_budget(self, now: float) -> bool:
        refill = (now - self._budget_at) * TEXTS_PER_SECOND
        self._budget = min(float(TEXTS_PER_SECOND), self._budget + refill)
        self._budget_at = now
        if self._budget < 1:
            return False
        self._budget -= 1
        return True


def unsendable(text: str) -> str | None:
    """Why a text cannot be a message, in one sentence."""
    size = len(text.encode("utf-8", "replace"))
    if not size:
        return "the message is empty"
    if size > MAX_TEXT_SENT:
        return f"a message is one datagram of at most {MAX_TEXT_SENT} bytes; this has {size}"
    return None
