"""A server that is silent over UDP: a TCP connection tells a machine that is gone from UDP that is
dropped, and the diagnosis goes by it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from icetui import events
from icetui.diagnosis import diagnose
from icetui.session import Session
from icetui.vnet.demo_network import demo_network
from icetui.vnet.peer import Peer
from icetui.vnet.world import World


def met(alice: str = "prc", *, host: str = "", **stun: Any) -> Session:
    """Alice's session, ten seconds after both have pasted; her STUN server has these options, or is
    named as being on another host."""
    network, sides = demo_network(events.StartNetwork(alice=alice, turn=False, seed=5))
    server = network.servers["stun"]
    options = msgspec.structs.replace(server.options, **stun)
    servers = network.servers | {"stun": msgspec.structs.replace(server, options=options)}
    world = World(msgspec.structs.replace(network, servers=servers))
    sessions = [Session(), Session()]
    starts = [side.start for side in sides]
    if host:
        named = events.StunServer(host=host)
        starts = [msgspec.structs.replace(start, stun_servers=(named,)) for start in starts]
    peers = [
        Peer(world.hosts[side.host], start, session.apply)  # type: ignore[arg-type]  # of the union
        for side, start, session in zip(sides, starts, sessions, strict=True)
    ]
    assert world.clock.run_until_true(lambda: all(p.gathered for p in peers), 20)
    for one, other in (peers, reversed(peers)):
        one.send(events.Paste(text=other.blob))
    world.clock.run_for(10)
    assert not world.failures
    return sessions[0]


def first_cause(session: Session) -> str:
    finding = diagnose(session)[0]
    assert finding.hypotheses, finding
    return finding.hypotheses[0].code


def outcome(session: Session) -> str | None:
    (server,) = session.servers.values()
    return server.over_tcp


def test_where_udp_is_dropped_the_machine_refuses_by_tcp_and_udp_is_named_first() -> None:
    session = met("udpblock")
    assert outcome(session) == "refused"
    assert first_cause(session) == "udp-blocked-here"


def test_a_machine_that_is_not_there_is_silent_and_the_server_is_named_first() -> None:
    session = met(host="192.0.2.99")
    assert outcome(session) == "silent"
    assert first_cause(session) == "servers-dead"


@pytest.mark.parametrize("stun", [{}, {"error": 500}])
def test_a_server_that_answers_is_not_tried(stun: dict[str, Any]) -> None:
    assert outcome(met(**stun)) is None


def test_a_connection_that_stands_is_told() -> None:
    """A TURN server that takes connections and never says anything."""
    network, sides = demo_network(events.StartNetwork(seed=5))
    server = network.servers["turn"]
    options = msgspec.structs.replace(server.options, silent=True)
    servers = network.servers | {"turn": msgspec.structs.replace(server, options=options)}
    world = World(msgspec.structs.replace(network, servers=servers))
    session = Session()
    Peer(world.hosts["alice"], sides[0].start, session.apply)  # type: ignore[arg-type]  # as above
    world.clock.run_for(10)
    over_udp = next(
        s for s in session.servers.values() if s.kind == "turn" and s.transport == "udp"
    )
    assert over_udp.over_tcp == "connected"
