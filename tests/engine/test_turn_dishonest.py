"""A TURN server that grants nothing worth having: no storm of requests, and a reason."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import cast

import pytest

from icetui.engine import stun
from icetui.engine.stun.credentials import long_term_key
from icetui.events import Reason, StartSession, TurnServer
from tests.engine.side import Side

REALM, NONCE = b"icetui.test", b"nonce"


class Stingy(asyncio.DatagramProtocol):
    """Authenticates, allocates and refreshes, each time for no seconds. No real server does."""

    def __init__(self, nonce: bytes = NONCE) -> None:
        self.asked = 0
        self.nonce = nonce
        self.key = long_term_key("alice", REALM, "secret")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked += 1
        request = stun.parse(data)
        if stun.Attribute.MESSAGE_INTEGRITY not in request:
            answer = stun.Builder(request.method, stun.Class.ERROR, request.transaction_id)
            answer.error(401, "Unauthorized")
            answer.add(stun.Attribute.REALM, REALM).add(stun.Attribute.NONCE, self.nonce)
        else:
            answer = stun.Builder(request.method, stun.Class.RESPONSE, request.transaction_id)
            answer.number(stun.Attribute.LIFETIME, 0)
            answer.address(stun.Attribute.XOR_MAPPED_ADDRESS, addr)
            answer.address(stun.Attribute.XOR_RELAYED_ADDRESS, ("127.0.0.1", 50000))
            answer.sign(self.key)
        self.transport.sendto(answer.finish().raw, addr)


@pytest.fixture
async def stingy() -> AsyncIterator[tuple[Stingy, TurnServer]]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(Stingy, ("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    yield protocol, TurnServer(host="127.0.0.1", port=port, username="alice", password="secret")
    transport.close()


async def test_an_allocation_for_no_time_is_none_and_is_not_refreshed_without_end(
    side: Callable[..., Side], stingy: tuple[Stingy, TurnServer]
) -> None:
    server, turn_server = stingy
    one = side(StartSession(interfaces=("lo",), ipv6=False, turn_servers=(turn_server,)))
    await one.until(lambda s: s.gathering == "complete")
    await asyncio.sleep(0.5)  # time for a storm
    assert server.asked <= 4  # two requests, each at most once again
    [told] = one.session.servers.values()
    assert (told.state, told.reason) == ("failed", Reason.INVALID_ANSWER)
    assert "0 s" in (told.detail or "")
    assert [c.type for c in one.session.local_candidates.values()] == ["host"]


async def test_a_nonce_without_end_is_a_refusal_with_a_reason(
    side: Callable[..., Side],
) -> None:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(
        lambda: Stingy(b"x" * 60_000), ("127.0.0.1", 0)
    )
    port = transport.get_extra_info("sockname")[1]
    turn_server = TurnServer(host="127.0.0.1", port=port, username="alice", password="secret")
    one = side(StartSession(interfaces=("lo",), ipv6=False, turn_servers=(turn_server,)))
    await one.until(lambda s: s.gathering == "complete")
    shown = one.session.servers[turn_server.url]
    assert (shown.state, shown.reason) == ("failed", Reason.UNAUTHENTICATED)
    assert server.asked <= 2, "once for TURN and once for STUN"
    transport.close()
