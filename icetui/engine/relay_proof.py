"""Whether a relay relays: a datagram into it that reaches us, and one out of it that does.

An allocation proves that a TURN server lends an address, not that anybody reaches it or is reached
from it: the address may be a private one (a server behind a NAT without `external-ip`), and the
server may forbid every peer. So a socket of ours plays the peer: it learns from a STUN server at
which IP address it is seen, which the server is asked to permit, writes to the relayed address, and
answers the Binding request that then comes out of it (RFC 8656 sections 9 to 11). From which port
it is seen there only the relay tells: a NAT may map by destination.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from icetui import events
from icetui.engine import stun
from icetui.engine.binding import Answer, binding
from icetui.engine.core import Failure
from icetui.engine.endpoint import Endpoint, Transaction
from icetui.engine.net import Address, UdpNet
from icetui.engine.nobody import Nobody
from icetui.engine.stream import Stream
from icetui.events import RelayOutcome, address_port

WAITS = (0.15, 0.2, 0.3, 0.5, 0.85)
"""Seconds that each request out of the relay waits for its answer."""
WRITES, WRITE_AGAIN = 20, 0.1
"""Datagrams that are written to the relayed address, and seconds between two of them."""
AT_MOST = 4.0
"""Seconds for one proof, whatever happens."""


class _Peer(Nobody):
    """Owner of the socket that plays the peer: it answers whatever Binding request comes."""

    def stun_received(
        self, endpoint: Endpoint, source: Address, message: stun.Message, at: float
    ) -> None:
        if message.message_class != stun.Class.REQUEST or message.method != stun.Method.BINDING:
            return
        answer = stun.Builder(stun.Method.BINDING, stun.Class.RESPONSE, message.transaction_id)
        answer.address(stun.Attribute.XOR_MAPPED_ADDRESS, source).fingerprint()
        endpoint.send_stun(answer.finish(), source)


class Way(NamedTuple):
    """By which a socket of ours writes to an address."""

    net: UdpNet
    source: str
    """The local IP address."""


async def prove(
    way: Way | None, stream: Stream, relay: Endpoint, servers: Sequence[Address]
) -> None:
    """Try one relayed endpoint, to which that way leads, and tell `RelayTried`; `servers` answer
    Binding requests."""
    try:
        async with asyncio.timeout(AT_MOST):
            outcome, fields = await _tried(way, stream, relay, servers)
    except TimeoutError:
        outcome, fields = "silent", {}
    stream.emit(
        events.RelayTried,
        url=relay.via or "",
        relayed=address_port(*relay.address),
        outcome=outcome,
        **fields,
    )


async def _tried(
    way: Way | None, stream: Stream, relay: Endpoint, servers: Sequence[Address]
) -> tuple[RelayOutcome, dict[str, object]]:
    if way is None:
        return "not-tried", {}
    owner = _Peer()
    peer = Endpoint(owner, way.net, stream)
    try:
        await way.net.open_udp(peer, way.source)
    except OSError:
        return "not-tried", {}
    try:
        family = [s for s in servers if (":" in s[0]) == (":" in relay.address[0])]
        seen = await _seen_by(peer, family)
        if seen is None:
            return "not-tried", {}
        told: dict[str, object] = {"peer": address_port(*seen)}
        arrived = await _write_into(relay, peer, seen)
        if isinstance(arrived, Failure):
            return "forbidden", told | {"evidence": arrived.evidence}
        if arrived is None:
            return "silent", told
        answers: list[Answer] = []
        await binding(relay, arrived, answers.append, waits=WAITS)
        if not answers:
            return "one-way", told
        return "works", told | {"seconds": answers[0].round_trip or answers[0].took}
    finally:
        peer.transport.close()


async def _write_into(relay: Endpoint, peer: Endpoint, seen: Address) -> Address | Failure | None:
    """From where the relay hears what the peer writes to it; why its server will not relay from
    there; None: it hears nothing."""
    came: asyncio.Future[Address | Failure] = asyncio.get_running_loop().create_future()

    def heard(message: stun.Message, source: Address, at: float) -> None:
        if not came.done():
            came.set_result(source)

    def refused(why: Failure) -> None:
        if not came.done():
            came.set_result(why)

    # What the peer writes is the answer to a question that was never sent: so the relayed endpoint
    # takes it for its own, wherever it comes from.
    transaction = relay.net.random.randbytes(12)
    builder = stun.Builder(stun.Method.BINDING, stun.Class.RESPONSE, transaction)
    answer = builder.fingerprint().finish()
    relay.pending[transaction] = Transaction(answer, seen, heard, refused, [relay.net.now()])
    relay.prepare(seen)
    for _ in range(WRITES):
        peer.send_stun(answer, relay.address)
        await asyncio.wait({came}, timeout=WRITE_AGAIN)
        if came.done():
            break
    relay.pending.pop(transaction, None)
    return came.result() if came.done() else None


async def _seen_by(peer: Endpoint, servers: Sequence[Address]) -> Address | None:
    """Where the first server that answers sees this socket."""
    answers: list[Answer] = []
    for server in servers:
        await binding(peer, server, answers.append, waits=(0.1, 0.15, 0.25))
        if answers:
            return answers[0].mapped
    return None
