"""An endpoint: one local transport address that speaks STUN, a socket or a TURN allocation.

What belongs here: datagrams in, sorted into answers, requests and data; every STUN message is
shown to the stream before anything acts on it. Decisions are the owner's (`checking.py`).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from icetui import __version__, events
from icetui.engine import stun
from icetui.engine.net import Address, Net, Undelivered
from icetui.engine.stream import Stream
from icetui.engine.stun.readable import class_name, error_words, method_name, readable
from icetui.events import Reason, address_port

PENDING_KEPT = 30.0
"""Seconds an unanswered request is remembered, so that a late answer still counts."""
PENDING_MOST = 4096
HELD = re.compile(r"icetui [0-9.]{1,16} \(held ([0-9]{1,7}) us\)")


@dataclass(slots=True, eq=False)
class Request:
    """A request on its way. It may be sent more than once (retransmission, same transaction id)."""

    message: stun.Message
    addr: Address
    answered: Callable[[stun.Message, Address, float], None]
    """Called with the answer, its source and the loop time at which it arrived."""
    pair: str | None = None
    refused: Callable[[Reason, str], None] | None = None
    """Called when the network says that `addr` cannot be reached."""
    sent: list[float] = field(default_factory=list)

    def round_trip(self, at: float) -> float | None:
        """Seconds, or None when a retransmission makes it ambiguous (Karn's algorithm)."""
        return max(0.0, at - self.sent[0]) if len(self.sent) == 1 else None


def software(held: float) -> str:
    """SOFTWARE of an answer, which is for diagnosis (RFC 8489 section 14.14): how long we had the
    request, so that our lateness does not count as the network's. `held` in seconds."""
    return f"icetui {__version__} (held {max(0, round(held * 1e6))} us)"


def held(answer: stun.Message, at_most: float) -> float:
    """Seconds for which an icetui says it had the request; 0 from others, or beyond belief."""
    said = HELD.fullmatch(answer.text(stun.Attribute.SOFTWARE) or "")
    seconds = int(said[1]) / 1e6 if said else 0.0
    return seconds if seconds <= at_most else 0.0


class Owner(Protocol):
    """Who decides what an endpoint's messages mean."""

    def request_received(
        self, message: stun.Message, addr: Address, endpoint: Endpoint
    ) -> None: ...
    def data_arrived(self, endpoint: Endpoint, addr: Address, data: bytes) -> None: ...
    def refuse(self, endpoint: Endpoint, addr: Address, reason: Reason, detail: str) -> None: ...
    def pair_id(self, endpoint: Endpoint, addr: Address) -> str | None: ...
    def seen_as(self, endpoint: Endpoint, mapped: Address) -> None: ...
    def endpoint_lost(self, endpoint: Endpoint) -> None: ...


class Endpoint:
    """A base of ours or a relayed address (RFC 8445 section 4): its STUN messages, seen and
    sorted."""

    def __init__(self, owner: Owner, net: Net, stream: Stream, *, via: str | None = None) -> None:
        self.owner = owner
        self.net = net
        self.stream = stream
        self.transport: Any = None
        """A `DatagramTransport` once there is one; a relay's knows more than the protocol says."""
        self._lost = asyncio.Event()
        self.undelivered: Undelivered | None = None
        """The network's latest word about something that was sent from here."""
        self.via = via
        """URI of the TURN server, for a relayed endpoint."""
        self.candidate: events.Candidate | None = None
        self.pending: dict[bytes, Request] = {}
        self._asked_at: float | None = None
        """Loop time at which the request arrived that is being answered."""

    @property
    def candidate_id(self) -> str:
        """Id of the local candidate it stands for."""
        return self.candidate.id if self.candidate else ""

    def stands_for(self, candidate: events.Candidate) -> None:
        """This endpoint is the base of `candidate` from now on."""
        self.candidate = candidate

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

    def seen_as(self, mapped: Address) -> None:
        """A peer says it sees us at `mapped` (XOR-MAPPED-ADDRESS of a check's answer)."""
        self.owner.seen_as(self, mapped)

    @property
    def address(self) -> Address:
        name = self.transport.get_extra_info("sockname")
        return (name[0], name[1])

    # --- sending ----------------------------------------------------------------------------

    def ask(self, request: Request) -> None:
        """Send a request, the first time or again."""
        now = self.net.now()
        key = request.message.transaction_id
        if key not in self.pending:
            self._forget_old(now)
            self.pending[key] = request
        request.sent.append(now)
        self.send_stun(request.message, request.addr)

    def send_stun(self, message: stun.Message, addr: Address) -> None:
        """Put a message on the wire and into the stream."""
        if self.transport.is_closing():
            return
        self.transport.sendto(message.raw, addr)
        request = self.pending.get(message.transaction_id)
        transmission = len(request.sent) if request is not None else 1
        self._show("out", message, addr, transmission)

    def software(self) -> str:
        """SOFTWARE of an answer to the request that is being answered, sent now."""
        now = self.net.now()
        return software(now - (now if self._asked_at is None else self._asked_at))

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
        """Sort one datagram that arrived at loop time `at`."""
        if not stun.is_stun(data):
            self.owner.data_arrived(self, addr, data)
            return
        fault: str | None
        try:
            message = stun.parse(data)
        except stun.MalformedStun as error:
            fault = str(error)
        else:
            self._show("in", message, addr)
            fault = message.fault
        if fault is not None:
            self.owner.refuse(self, addr, Reason.BAD_REQUEST, f"malformed STUN: {fault}")
            return
        if message.message_class in (stun.Class.RESPONSE, stun.Class.ERROR):
            request = self.pending.get(message.transaction_id)
            if request is not None:
                request.answered(message, addr, at)
        elif message.message_class == stun.Class.REQUEST:
            self._asked_at = at
            try:
                self.owner.request_received(message, addr, self)
            finally:
                self._asked_at = None

    def answered(self, message: stun.Message) -> Request | None:
        """Forget a request because this answer settles it."""
        return self.pending.pop(message.transaction_id, None)

    def unreachable(self, addr: Address, error: Undelivered) -> None:
        """An ICMP error came back for something sent to `addr`."""
        self.undelivered = error
        self._fail(addr, Reason.ICMP_UNREACHABLE, str(error))

    def send_failed(self, addr: Address, error: OSError) -> None:
        """The system would not send to `addr`."""
        self._fail(addr, Reason.SEND_ERROR, error.strerror or str(error))

    def forbidden(self, addr: Address, reason: Reason, detail: str) -> None:
        """The TURN server will not relay to `addr`."""
        self._fail(addr, reason, detail)

    def _fail(self, addr: Address, reason: Reason, detail: str) -> None:
        for request in [r for r in self.pending.values() if r.addr == addr]:
            if request.refused is not None:
                request.refused(reason, detail)

    # --- showing ----------------------------------------------------------------------------

    def _show(
        self, direction: str, message: stun.Message, addr: Address, transmission: int = 1
    ) -> None:
        show(
            self.stream,
            direction,
            message,
            local=address_port(*self.address),
            remote=address_port(*addr),
            pair=self.owner.pair_id(self, addr),
            via=self.via,
            transmission=transmission,
        )

    def __repr__(self) -> str:
        return f"endpoint {self.candidate_id}"


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
) -> None:
    """Put a STUN message into the stream as people read it."""
    stream.emit(
        events.StunMessage,
        direction=direction,
        local=local,
        remote=remote,
        method=method_name(message),
        message_class=class_name(message),
        transaction=message.transaction_id.hex(),
        size=len(message.raw),
        attributes=readable(message),
        pair=pair,
        via=via,
        transmission=transmission,
        error=error_words(message),
    )
