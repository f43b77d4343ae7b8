"""An endpoint: one local transport address that speaks STUN, a socket or a TURN allocation.

What belongs here: datagrams in, sorted into answers, requests and data; every STUN message is
shown to the stream before anything acts on it. What they mean is the owner's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from icetui import events
from icetui.engine import server_failure, stun
from icetui.engine.core import Base, Failure
from icetui.engine.net import Address, UdpNet, Undelivered
from icetui.engine.strangers import Strangers
from icetui.engine.stream import Stream
from icetui.engine.stun.readable import class_name, error_words, glimpse, method_name, readable
from icetui.engine.tasks import INTERNAL, contain
from icetui.events import Reason, RefusalKind, StrangerKind, address_port

PENDING_KEPT = 30.0
"""Seconds an unanswered question is remembered, so that a late answer still counts."""
PENDING_MOST = 4096

_STRANGERS: dict[stun.Class, StrangerKind] = {
    stun.Class.REQUEST: "request",
    stun.Class.INDICATION: "indication",
    stun.Class.RESPONSE: "answer",
    stun.Class.ERROR: "answer",
}


@dataclass(slots=True, eq=False)
class Transaction:
    """A question to a server (RFC 8489 section 3). It may be sent more than once."""

    message: stun.Message
    addr: Address
    answered: Callable[[stun.Message, Address, float], None]
    """Called with the answer, its source and the loop time at which it arrived."""
    refused: Callable[[Failure], None] | None = None
    """Called when the network says that `addr` cannot be reached."""
    sent: list[float] = field(default_factory=list)

    def round_trip(self, at: float) -> float | None:
        """Seconds, or None when a retransmission makes it ambiguous (Karn's algorithm)."""
        return max(0.0, at - self.sent[0]) if len(self.sent) == 1 else None


class Owner(Protocol):
    """Who decides what an endpoint's messages mean."""

    def stun_received(
        self, endpoint: Endpoint, source: Address, message: stun.Message, at: float
    ) -> None: ...
    def data_received(self, endpoint: Endpoint, source: Address, data: bytes) -> None: ...
    def refuse(
        self,
        endpoint: Endpoint,
        source: Address,
        reason: Reason,
        detail: str,
        kind: RefusalKind = "other",
    ) -> None: ...
    def undelivered(self, endpoint: Endpoint, to: Address, why: Failure) -> None: ...
    def pair_id(self, endpoint: Endpoint, addr: Address) -> str | None: ...
    def awaits(self, endpoint: Endpoint, transaction_id: bytes) -> bool: ...
    def is_named_by(self, request: stun.Message) -> bool: ...
    def carries(self, endpoint: Endpoint, addr: Address) -> bool: ...
    def knows(self, endpoint: Endpoint, addr: Address) -> bool: ...
    def vouches(self, endpoint: Endpoint, message: stun.Message) -> bool: ...
    def endpoint_lost(self, endpoint: Endpoint) -> None: ...


class Endpoint:
    """A socket or an allocation of ours: its STUN messages, seen and sorted."""

    def __init__(
        self,
        owner: Owner,
        net: UdpNet,
        stream: Stream,
        *,
        via: str | None = None,
        strangers: Strangers | None = None,
    ) -> None:
        """Without `strangers` everybody is heard without end: for a socket of a moment."""
        self.owner = owner
        self._strangers = strangers
        self.net = net
        self.stream = stream
        self.transport: Any = None
        """A `DatagramTransport` once there is one; a relay's knows more than the protocol says."""
        self._lost = asyncio.Event()
        self.undelivered: Undelivered | None = None
        """The network's latest word about something that was sent from here."""
        self.via = via
        """URI of the TURN server, for a relayed endpoint."""
        self.base: Base | None = None
        """What the core knows it as, once it stands for a candidate."""
        self.pending: dict[bytes, Transaction] = {}

    def prepare(self, addr: Address) -> None:
        """A remote candidate at `addr` is known: a relay asks for its permission at once."""
        prepare = getattr(self.transport, "prepare", None)
        if prepare is not None:
            prepare(addr)

    def verify(self) -> None:
        """Nothing comes through it: a relay asks whether its allocation still lives."""
        verify = getattr(self.transport, "verify", None)
        if verify is not None:
            verify()

    @property
    def address(self) -> Address:
        name = self.transport.get_extra_info("sockname")
        return (name[0], name[1])

    # --- sending ----------------------------------------------------------------------------

    def ask(self, question: Transaction) -> None:
        """Send a question to a server, the first time or again."""
        now = self.net.now()
        key = question.message.transaction_id
        if key not in self.pending:
            self._forget_old(now)
            self.pending[key] = question
        question.sent.append(now)
        self.send_stun(question.message, question.addr, len(question.sent))

    def send_stun(
        self,
        message: stun.Message,
        addr: Address,
        transmission: int = 1,
        pair: str | None = None,
    ) -> float:
        """Put a message on the wire and into the stream; returns the loop time at which it left.

        That is before it is sent: on loopback the answer may be there when the sending returns.
        """
        left = self.net.now()
        if not self.transport.is_closing():
            self.transport.sendto(message.raw, addr)
            self._show("out", message, addr, pair, transmission)
        return left

    def send_data(self, data: bytes, addr: Address) -> None:
        """Put anything else on the wire."""
        self.transport.sendto(data, addr)

    def _forget_old(self, now: float) -> None:
        while self.pending:
            key, oldest = next(iter(self.pending.items()))
            young = now - oldest.sent[-1] < PENDING_KEPT
            if young and len(self.pending) < PENDING_MOST:
                return
            del self.pending[key]

    # --- hearing ----------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._lost.is_set():
            self._lost.set()
            self.owner.endpoint_lost(self)
        self.pending.clear()

    async def close(self) -> None:
        """Close the transport; returns when it is closed."""
        if self.transport is not None:
            self.transport.close()
            await self._lost.wait()

    def packet_received(self, data: bytes, addr: Address, at: float) -> None:
        """Sort one datagram that arrived at loop time `at`. An error of ours that one brings about
        is that datagram's end: who sent it may be anybody."""
        try:
            if self._is_read(addr):
                self._sort(data, addr, at)
        except Exception as error:  # whatever it is: the others still count
            self._broke(addr, error)

    def message_arrived(self, message: stun.Message, addr: Address, at: float) -> None:
        """The same for a message that is parsed already."""
        try:
            self._sort_message(message, addr, at)
        except Exception as error:  # as above
            self._broke(addr, error)

    def _broke(self, addr: Address, error: Exception) -> None:
        contain(error, f"what came from {address_port(*addr)}")
        self.owner.refuse(self, addr, *INTERNAL)

    def _is_read(self, addr: Address) -> bool:
        """Whether there is time for a datagram from there: unknown addresses have so much of it."""
        if self._strangers is None or self.owner.knows(self, addr):
            return True
        if any(question.addr == addr for question in self.pending.values()):
            return True  # a server
        return self._strangers.reads()

    def _takes(self, message: stun.Message) -> bool:
        """Whether a message that nobody vouches for is taken in."""
        kind = _STRANGERS[message.message_class]
        return self._strangers is None or self._strangers.takes(kind)

    def _sort(self, data: bytes, addr: Address, at: float) -> None:
        if not stun.is_stun(data):
            self.owner.data_received(self, addr, data)
            return
        try:
            message = stun.parse(data)
        except stun.MalformedStun as error:
            detail = f"malformed STUN: {error}"
            self.owner.refuse(self, addr, Reason.BAD_REQUEST, detail, "malformed")
            return
        self._sort_message(message, addr, at)

    def _sort_message(self, message: stun.Message, addr: Address, at: float) -> None:
        question = self.pending.get(message.transaction_id)
        answers = message.message_class in (stun.Class.RESPONSE, stun.Class.ERROR)
        fault = message.fault
        vouched = fault is None and (
            (question is not None and answers) or self.owner.vouches(self, message)
        )
        if not (vouched or self._takes(message)):
            return
        self._show("in", message, addr, self.owner.pair_id(self, addr), whole=vouched)
        if fault is not None:
            detail = f"malformed STUN: {fault}"
            self.owner.refuse(self, addr, Reason.BAD_REQUEST, detail, "malformed")
            return
        if question is not None and answers:
            question.answered(message, addr, at)
        else:
            self.owner.stun_received(self, addr, message, at)

    # --- whether it is meant, where several share a socket -------------------------------------

    def is_meant_by(self, message: stun.Message, addr: Address) -> bool:
        """Whether a message is for this endpoint (RFC 8445 section 7.3)."""
        if message.message_class == stun.Class.REQUEST:
            return self.owner.is_named_by(message)
        if message.message_class == stun.Class.INDICATION:
            return self.owner.pair_id(self, addr) is not None
        transaction = message.transaction_id
        return transaction in self.pending or self.owner.awaits(self, transaction)

    def carries(self, addr: Address) -> bool:
        """Whether data from there is for this endpoint."""
        return self.owner.carries(self, addr)

    def answered(self, message: stun.Message) -> None:
        """Forget a question because this answer settles it."""
        self.pending.pop(message.transaction_id, None)

    def unreachable(self, addr: Address, error: Undelivered) -> None:
        """An ICMP error came back for something sent to `addr`."""
        self.undelivered = error
        self._fail(addr, server_failure.undelivered(error))

    def send_failed(self, addr: Address, error: OSError) -> None:
        """The system would not send to `addr`."""
        self._fail(addr, server_failure.unsent(error))

    def forbidden(self, addr: Address, why: Failure) -> None:
        """The TURN server will not relay to `addr`."""
        self._fail(addr, why)

    def _fail(self, addr: Address, why: Failure) -> None:
        for question in [q for q in self.pending.values() if q.addr == addr]:
            if question.refused is not None:
                question.refused(why)
        self.owner.undelivered(self, addr, why)

    # --- showing ----------------------------------------------------------------------------

    def _show(
        self,
        direction: str,
        message: stun.Message,
        addr: Address,
        pair: str | None,
        transmission: int = 1,
        *,
        whole: bool = True,
    ) -> None:
        show(
            self.stream,
            direction,
            message,
            local=address_port(*self.address),
            remote=address_port(*addr),
            pair=pair,
            via=self.via,
            transmission=transmission,
            whole=whole,
        )

    def __repr__(self) -> str:
        return f"endpoint of {self.base}"


def show(
    stream: Stream,
    direction: str,
    message: stun.Message,
    *,
    local: str,
    remote: str,
    pair: str | None = None,
    via: str | None = None,
    transmission: int = 1,
    whole: bool = True,
) -> None:
    """Put a STUN message into the stream as people read it; one that nobody vouches for is not
    shown in full."""
    stream.emit(
        events.StunMessage,
        direction=direction,
        local=local,
        remote=remote,
        method=method_name(message),
        message_class=class_name(message),
        transaction=message.transaction_id.hex(),
        size=len(message.raw),
        attributes=readable(message) if whole else glimpse(message),
        pair=pair,
        via=via,
        transmission=transmission,
        error=error_words(message),
    )
