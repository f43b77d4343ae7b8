"""Answers count only when they are signed as the request was: a peer's, and a TURN server's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from icetui import signaling
from icetui.engine import stun
from icetui.engine.stun.credentials import long_term_key
from icetui.events import Candidate, Reason, Refused, StartSession, TurnServer
from icetui.signaling import Description
from tests.engine.side import Side

PWD = "p" * 22
REALM = b"icetui.test"


class Answerer(asyncio.DatagramProtocol):
    """Answers every request with a success, signed with `key`, or not at all."""

    def __init__(self, key: bytes | None) -> None:
        self.key = key
        self.transport: asyncio.DatagramTransport
        self.asked = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked += 1
        request = stun.parse(data)
        if request.method == stun.Method.ALLOCATE and stun.Attribute.NONCE not in request:
            answer = stun.Builder(request.method, stun.Class.ERROR, request.transaction_id)
            answer.error(401, "Unauthorized").add(stun.Attribute.REALM, REALM)
            answer.add(stun.Attribute.NONCE, b"nonce")
        else:
            answer = stun.Builder(request.method, stun.Class.RESPONSE, request.transaction_id)
            answer.address(stun.Attribute.XOR_MAPPED_ADDRESS, addr)
            answer.address(stun.Attribute.XOR_RELAYED_ADDRESS, ("127.0.0.1", 50000))
            answer.number(stun.Attribute.LIFETIME, 600)
            if self.key is not None:
                answer.sign(self.key)
        self.transport.sendto(answer.fingerprint().finish().raw, addr)

    @property
    def port(self) -> int:
        return int(self.transport.get_extra_info("sockname")[1])


Start = Callable[[bytes | None], Any]


@pytest.fixture
async def answerer() -> AsyncIterator[Start]:
    loop = asyncio.get_running_loop()
    started: list[Answerer] = []

    async def start(key: bytes | None) -> Answerer:
        _, protocol = await loop.create_datagram_endpoint(
            lambda: Answerer(key), local_addr=("127.0.0.1", 0)
        )
        started.append(protocol)
        return protocol

    yield start
    for protocol in started:
        protocol.transport.close()


@pytest.mark.parametrize("key", [None, b"another password", PWD.encode()])
async def test_a_pair_is_valid_only_by_an_answer_that_their_password_signs(
    side: Callable[..., Side], answerer: Start, key: bytes | None
) -> None:
    peer = await answerer(key)
    one = side()
    await one.blob()
    candidate = Candidate(id="", type="host", address="127.0.0.1", port=peer.port, priority=1)
    theirs = Description(ufrag="abcd", pwd=PWD, candidates=(candidate,), lite=True, complete=True)
    one.agent.paste(signaling.write_sdp(theirs, "answer"))
    if key == PWD.encode():
        await one.until(lambda s: s.connected, within=2)
        return
    await one.until(lambda s: s.refused, within=2)
    refused = one.of(Refused)[0]
    assert (refused.reason, refused.count) == (Reason.UNAUTHENTICATED, 1)
    assert "MESSAGE-INTEGRITY" in refused.detail
    assert not one.session.connected


@pytest.mark.parametrize("password", [None, "another", "secret"])
async def test_an_allocation_counts_only_when_the_server_has_signed_it(
    side: Callable[..., Side], answerer: Start, password: str | None
) -> None:
    key = None if password is None else long_term_key("alice", REALM, password)
    server = await answerer(key)
    turn = TurnServer(host="127.0.0.1", port=server.port, username="alice", password="secret")
    one = side(StartSession(interfaces=("lo",), ipv6=False, turn_servers=(turn,)))
    await one.until(lambda s: s.gathering == "complete", within=5)
    relayed = [c for c in one.session.local_candidates.values() if c.type == "relay"]
    [told] = one.session.servers.values()
    assert server.asked >= 2
    if password == "secret":
        assert relayed and told.state == "ok"
    else:
        assert not relayed and (told.state, told.reason) == ("failed", Reason.TIMEOUT)
