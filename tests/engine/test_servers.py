"""STUN and TURN: candidates as they come, each failure with its reason, nobody delayed."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable

import pytest

from icetui import events
from icetui.events import Evidence, Reason, StartSession, StunServer, TurnServer
from tests.engine.conftest import Coturn
from tests.engine.side import QUICK, Side, connect


@pytest.fixture
async def silent() -> AsyncIterator[int]:
    """A UDP port that takes everything and says nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.1", 0))
        yield sink.getsockname()[1]


def on_loopback(**chosen: object) -> StartSession:
    return StartSession(interfaces=("lo",), ipv6=False, **chosen)  # type: ignore[arg-type]  # as named


async def test_a_blob_is_out_at_once_while_dead_servers_are_waited_for(
    side: Callable[..., Side], silent: int
) -> None:
    start = on_loopback(
        stun_servers=(StunServer(host="127.0.0.1", port=silent),),
        turn_servers=(TurnServer(host="127.0.0.1", port=silent, username="a", password="b"),),
    )
    one = side(start)
    await one.until(lambda s: s.blob is not None)
    (began,) = (e.t for e in one.of(events.GatheringStateChanged) if e.state == "gathering")
    assert one.of(events.BlobChanged)[0].t - began <= 0.15
    await one.until(lambda s: s.gathering == "complete", within=4)
    reasons = {s.kind: s.reason for s in one.session.servers.values()}
    assert reasons == {"stun": Reason.TIMEOUT, "turn": Reason.TIMEOUT}


async def test_a_closed_port_is_named_at_once_with_who_said_so(side: Callable[..., Side]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        closed = probe.getsockname()[1]
    start = on_loopback(
        stun_servers=(StunServer(host="127.0.0.1", port=closed),),
        turn_servers=(
            TurnServer(host="127.0.0.1", port=closed, username="a", password="b"),
            TurnServer(host="127.0.0.1", port=closed, transport="tcp", username="a", password="b"),
        ),
    )
    one = side(start)
    await one.until(lambda s: s.gathering == "complete", within=1)
    by_url = {s.url.split("?")[-1][:4]: s for s in one.session.servers.values()}
    assert by_url["stun"].reason == Reason.ICMP_UNREACHABLE
    assert by_url["turn"].reason == Reason.ICMP_UNREACHABLE
    for kind in ("stun", "turn"):
        told = by_url[kind].evidence
        assert told is not None and told.router == "127.0.0.1"
        assert (told.icmp_version, told.icmp_type, told.icmp_code) == (4, 3, 3)
    assert by_url["tran"].reason == Reason.SEND_ERROR
    assert by_url["tran"].evidence == Evidence(errno=errno.ECONNREFUSED)


async def test_a_name_that_does_not_exist_is_a_dns_failure(side: Callable[..., Side]) -> None:
    """A label longer than 63 octets is refused before any query leaves."""
    one = side(on_loopback(stun_servers=(StunServer(host="x" * 64 + ".test"),)))
    await one.until(lambda s: s.gathering == "complete", within=3)
    (server,) = one.session.servers.values()
    assert (server.reason, server.evidence) == (Reason.DNS, Evidence(resolver="invalid-name"))


async def test_stun_answers_with_our_mapped_address(
    side: Callable[..., Side], coturn: Coturn
) -> None:
    one = side(on_loopback(stun_servers=(coturn.stun,)))
    await one.until(lambda s: s.gathering == "complete")
    (server,) = one.session.servers.values()
    assert server.state == "ok"
    assert server.mapped == f"127.0.0.1:{one.address[1]}"
    assert server.time is not None
    assert server.time < 0.5
    kinds = [c.type for c in one.session.local_candidates.values()]
    assert kinds == ["host"], "no NAT: the reflexive candidate is redundant (RFC 8445 5.1.3)"
    assert [m for m in one.of(events.StunMessage) if m.remote.endswith(str(coturn.port))]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_two_relayed_sides_connect_and_talk(
    side: Callable[..., Side], coturn: Coturn, transport: str
) -> None:
    start = on_loopback(relay_only=True, turn_servers=(coturn.turn(transport=transport),))
    one, other = side(start), side(start)
    await connect(one, other)
    pair = one.session.selected_pair
    assert pair is not None
    assert one.session.relayed(pair)
    one.agent.send_text("through the relay")
    await one.until(lambda s: s.texts and s.texts[0].echo is not None)
    methods = {m.method for m in one.of(events.StunMessage) if m.via}
    assert {"Allocate", "ChannelBind", "Binding"} <= methods


async def test_a_direct_path_is_preferred_to_a_relayed_one(
    side: Callable[..., Side], coturn: Coturn
) -> None:
    start = on_loopback(turn_servers=(coturn.turn(),))
    one, other = side(start), side(start)
    await connect(one, other)
    pair = one.session.selected_pair
    assert pair is not None
    assert not one.session.relayed(pair)


async def test_a_wrong_turn_password_is_said_at_once(
    side: Callable[..., Side], coturn: Coturn
) -> None:
    one = side(on_loopback(turn_servers=(coturn.turn(password="wrong"),)))
    await one.until(lambda s: s.gathering == "complete", within=1)
    (server,) = one.session.servers.values()
    assert server.reason == Reason.UNAUTHENTICATED
    assert server.evidence is not None
    assert (server.evidence.code, server.evidence.credentials) == (401, True)
    assert "wrong" not in str(one.seen).replace("is wrong", "").replace("wrong MESSAGE", "")


async def test_a_turn_server_that_wants_credentials_says_so(
    side: Callable[..., Side], coturn: Coturn
) -> None:
    server = TurnServer(host="127.0.0.1", port=coturn.port)
    one = side(on_loopback(turn_servers=(server,)))
    await one.until(lambda s: s.gathering == "complete", within=1)
    (told,) = one.session.servers.values()
    assert told.evidence is not None
    assert (told.evidence.code, told.evidence.credentials) == (401, False)


async def test_closing_takes_less_than_a_second_with_a_server_that_hangs(
    side: Callable[..., Side], coturn: Coturn
) -> None:
    start = on_loopback(turn_servers=(coturn.turn(), coturn.turn(transport="tcp")))
    one = side(start)
    await one.until(lambda s: s.gathering == "complete")
    assert sum(c.type == "relay" for c in one.session.local_candidates.values()) == 2
    os.kill(coturn.process.pid, signal.SIGSTOP)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await one.agent.leave("user")
    assert loop.time() - began < 1.0


async def test_a_port_in_use_is_said_and_others_still_serve(side: Callable[..., Side]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        one = side(StartSession(interfaces=("lo",), port=port))
        await one.until(lambda s: s.gathering == "complete")
    assert [f.address for f in one.session.candidate_failures] == ["127.0.0.1"]
    assert f"port {port} is in use" in one.session.candidate_failures[0].detail
    assert [c.address for c in one.session.local_candidates.values()] == ["::1"]


async def test_an_interface_that_does_not_exist_is_named(side: Callable[..., Side]) -> None:
    one = side(StartSession(interfaces=("nope0",)))
    await one.until(lambda s: s.gathering == "complete")
    assert not one.session.local_candidates
    assert "no interface of that name" in (one.session.interfaces["nope0"].why_not or "")


async def test_a_turn_server_that_was_restarted_is_asked_again_and_the_path_returns(
    side: Callable[..., Side], coturn: Coturn
) -> None:
    """It has forgotten our allocation; both sides get a new one, and a new blob to send."""
    start = on_loopback(relay_only=True, turn_servers=(coturn.turn(),))
    one, other = side(start, QUICK), side(start, QUICK)
    await connect(one, other)
    await coturn.kill()
    await one.until(lambda s: s.state == "disconnected", within=4)
    await coturn.start()
    for each in (one, other):
        await each.until(
            lambda s: [
                c for c in s.local_candidates.values() if not c.unsupported and c.id != "L1"
            ],
            within=10,
            what="a new relayed candidate",
        )
        lost = each.session.local_candidates["L1"]
        assert (lost.reason, lost.gone) == (Reason.GONE, "allocation")
        # It depends on who is quicker, the one that asks or the one that starts the server again.
        why = lost.evidence
        assert why is not None and (why.code == 437 or (why.icmp_type, why.icmp_code) == (3, 3))
    one.agent.paste(await other.blob())
    other.agent.paste(await one.blob())
    for each in (one, other):
        await each.until(lambda s: s.connected, within=5)
