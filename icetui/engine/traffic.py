"""Application data over the path: text with its echo, goodbye, and what is dropped.

Datagrams count as data only from the address of a valid pair. Nothing is queued: each goes into
the stream or is counted as dropped.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from icetui import events
from icetui.engine import messages
from icetui.engine.endpoint import Endpoint
from icetui.engine.net import Address
from icetui.engine.pairs import CheckedPair
from icetui.engine.tally import Tally
from icetui.events import MAX_TEXT_SENT, MAX_TEXT_SHOWN, address_port
from icetui.printable import printable

if TYPE_CHECKING:
    from icetui.engine.checking import CheckList

TEXTS_PER_SECOND = 200
"""More than that from a peer is dropped: a person reads them, and the stream carries them."""
ECHOES_AWAITED = 256


class Traffic:
    """The data of one check list."""

    def __init__(self, checks: CheckList) -> None:
        self._checks = checks
        self._numbers = itertools.count(1)
        self._awaited: dict[int, float] = {}
        self._drops = Tally()
        self._budget = float(TEXTS_PER_SECOND)
        self._budget_at = checks.loop.time()

    def send_text(self, text: str) -> str | None:
        """Send a text over the path. Returns the sentence to say when that cannot be."""
        pair = self._checks.path.selected
        body = text.encode("utf-8", "replace")
        if not body:
            return "the message is empty"
        if len(body) > MAX_TEXT_SENT:
            return (
                f"a message is one datagram of at most {MAX_TEXT_SENT} bytes; this has {len(body)}"
            )
        if self._checks.gone:
            return "the other side has left; nobody would read it"
        if pair is None:
            return "there is no path to send it over yet"
        number = next(self._numbers) & 0xFFFFFFFF
        self._awaited[number] = self._checks.loop.time()
        if len(self._awaited) > ECHOES_AWAITED:
            del self._awaited[next(iter(self._awaited))]
        self._send(pair, messages.text(number, body))
        self._checks.stream.emit(events.TextSent, id=number, text=text, size=len(body))
        return None

    def say_goodbye(self) -> None:
        """Tell the other side that we leave on purpose; twice, one may get lost."""
        pair = self._checks.path.selected
        if pair is not None:
            for _ in range(2):
                self._send(pair, messages.bye())

    def arrived(self, endpoint: Endpoint, addr: Address, data: bytes) -> None:
        """A datagram that is not STUN."""
        pair = self._checks.pairs.get((endpoint, addr))
        if pair is None or not pair.valid:
            self._drop(addr, "not from the address of a valid pair")
            return
        pair.packets_received += 1
        pair.bytes_received += len(data)
        self._checks.upkeep.changed(pair)
        if data and 20 <= data[0] <= 63:
            self._drop(addr, "a DTLS record: icetui does ICE only")
            return
        frame = messages.read(data)
        if frame.kind == messages.ECHO:
            sent = self._awaited.pop(frame.id, None)
            if sent is not None:
                took = self._checks.loop.time() - sent
                self._checks.stream.emit(events.TextEchoed, id=frame.id, seconds=took)
        elif frame.kind == messages.BYE:
            self._checks.peer_left(pair)
        elif self._within_budget():
            if frame.kind == messages.TEXT:
                self._send(pair, messages.echo(frame.id))
            self._checks.stream.emit(
                events.TextReceived,
                text=printable(frame.body.decode("utf-8", "replace"), MAX_TEXT_SHOWN),
                size=len(frame.body),
                framed=frame.kind == messages.TEXT,
            )
        else:
            self._drop(addr, f"more than {TEXTS_PER_SECOND} messages a second")

    def _send(self, pair: CheckedPair, data: bytes) -> None:
        pair.packets_sent += 1
        pair.bytes_sent += len(data)
        pair.endpoint.transport.sendto(data, pair.addr)
        self._checks.upkeep.changed(pair)

    def _within_budget(self) -> bool:
        now = self._checks.loop.time()
        refill = (now - self._budget_at) * TEXTS_PER_SECOND
        self._budget = min(float(TEXTS_PER_SECOND), self._budget + refill)
        self._budget_at = now
        if self._budget < 1:
            return False
        self._budget -= 1
        return True

    def _drop(self, addr: Address, cause: str) -> None:
        count = self._drops.add((addr, cause))
        if count is not None:
            self._checks.stream.emit(
                events.DataDropped, remote=address_port(*addr), cause=cause, count=count
            )
