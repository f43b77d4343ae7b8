"""A TURN server that grants nothing worth having: no storm of requests, and a reason."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import cast

import pytest
from aioice import stun, turn

from icetui.events import Reason, StartSession, TurnServer
from tests.engine.side import Side

REALM, NONCE = "icetui.test", b"nonce"


class Stingy(asyncio.DatagramProtocol):
    """Authenticates, allocates and refreshes, each time for no seconds. No real server does."""

    def __init__(self) -> None:
        self.asked = 0
        self.key = turn.make_integrity_key("alice", REALM, "secret")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked += 1
        request = stun.parse_message(data)
        answer = stun.Message(
            message_method=request.message_method,
            message_class=stun.Class.RESPONSE,
            transaction_id=request.transaction_id,
        )
        if "MESSAGE-INTEGRITY" not in request.attributes:
            answer.message_class = stun.Class.ERROR
            answer.attributes["ERROR-CODE"] = (401, "Unauthorized")
            answer.attributes["REALM"] = REALM
            answer.attributes["NONCE"] = NONCE
        else:
            answer.attributes["LIFETIME"] = 0
            answer.attributes["XOR-MAPPED-ADDRESS"] = addr
            answer.attributes["XOR-RELAYED-ADDRESS"] = ("127.0.0.1", 50000)
            answer.add_message_integrity(self.key)
        self.transport.sendto(bytes(answer), addr)


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
    assert (told.state, told.reason) == ("failed", Reason.BAD_REQUEST)
    assert "0 s" in (told.detail or "")
    assert [c.type for c in one.session.local_candidates.values()] == ["host"]
