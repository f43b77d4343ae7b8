"""A peer that is ICE lite: it answers checks and sends none (RFC 8445 section 2.5)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from icetui import signaling
from icetui.diagnosis import diagnose
from icetui.engine import stun
from icetui.events import Candidate
from icetui.signaling import Description
from icetui.streams.own_form import own_mid
from tests.engine.side import Side

UFRAG, PWD = "lite", "p" * 22


class LitePeer(asyncio.DatagramProtocol):
    """Answers Binding requests; remembers whether one of them nominated."""

    def __init__(self) -> None:
        self.nominated = asyncio.Event()
        self.transport: asyncio.DatagramTransport

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        request = stun.parse(data)
        assert request.signed_with(PWD.encode())
        assert stun.Attribute.ICE_CONTROLLING in request, "the full side controls"
        if stun.Attribute.USE_CANDIDATE in request:
            self.nominated.set()
        answer = stun.Builder(stun.Method.BINDING, stun.Class.RESPONSE, request.transaction_id)
        answer.address(stun.Attribute.XOR_MAPPED_ADDRESS, addr).sign(PWD.encode())
        self.transport.sendto(answer.fingerprint().finish().raw, addr)


@pytest.fixture
async def lite() -> AsyncIterator[LitePeer]:
    loop = asyncio.get_running_loop()
    transport, peer = await loop.create_datagram_endpoint(LitePeer, local_addr=("127.0.0.1", 0))
    yield peer
    transport.close()


async def test_a_server_that_only_answers_and_does_not_say_that_it_is_lite_is_nominated(
    side: Callable[..., Side], lite: LitePeer
) -> None:
    """It has answered our offer, so it has our description for certain."""
    one = side()
    await one.blob()
    assert one.session.started is not None
    host, port = lite.transport.get_extra_info("sockname")
    candidate = Candidate(id="", type="host", address=host, port=port, priority=2130706431)
    theirs = Description(ufrag=UFRAG, pwd=PWD, candidates=(candidate,), complete=True)
    one.agent.paste(signaling.write_json(theirs, "answer", own_mid(one.session.started.ufrag)))
    await one.until(lambda s: s.connected, within=2)
    await asyncio.wait_for(lite.nominated.wait(), 2)
    await one.until(lambda s: s.state == "completed")
    assert not [f for f in diagnose(one.session) if f.rule == "not-pasted-yet"]


async def test_of_a_blob_that_was_pasted_first_it_is_still_said_that_ours_is_missing(
    side: Callable[..., Side], lite: LitePeer
) -> None:
    one = side()
    await one.blob()
    host, port = lite.transport.get_extra_info("sockname")
    candidate = Candidate(id="", type="host", address=host, port=port, priority=2130706431)
    # The side with the greater user fragment controls: no other is less than this one.
    theirs = Description(ufrag="++++", pwd=PWD, candidates=(candidate,), complete=True)
    one.agent.paste(signaling.write_blob(theirs))
    await one.until(lambda s: [f for f in diagnose(s) if f.rule == "not-pasted-yet"])
    assert not one.session.connected


async def test_a_lite_peer_is_connected_to_and_nominated(
    side: Callable[..., Side], lite: LitePeer
) -> None:
    one = side()
    await one.blob()
    host, port = lite.transport.get_extra_info("sockname")
    candidate = Candidate(id="", type="host", address=host, port=port, priority=2130706431)
    theirs = Description(ufrag=UFRAG, pwd=PWD, candidates=(candidate,), lite=True, complete=True)
    one.agent.paste(signaling.write_sdp(theirs, "answer"))
    await one.until(lambda s: s.connected, within=2)
    assert one.session.role == "controlling"
    await asyncio.wait_for(lite.nominated.wait(), 2)
    await one.until(lambda s: s.state == "completed")
