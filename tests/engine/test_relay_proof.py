"""A relay is believed when a datagram went into it and out of it, and what is wrong is named."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from icetui import events
from icetui.doctor.examination import complete
from icetui.doctor.facts import facts
from icetui.doctor.text_report import as_text
from icetui.session import Session
from icetui.vnet.demo_network import demo_network
from icetui.vnet.peer import Peer
from icetui.vnet.world import World


def examined(kind: str = "prc", **turn: Any) -> Session:
    """What a session behind such a NAT finds out; `turn` are options of the TURN server."""
    network, sides = demo_network(events.StartNetwork(alice=kind, seed=5))
    server = network.servers["turn"]
    options = msgspec.structs.replace(server.options, **turn)
    servers = network.servers | {"turn": msgspec.structs.replace(server, options=options)}
    world = World(msgspec.structs.replace(network, servers=servers))
    session = Session()
    start = msgspec.structs.replace(sides[0].start, try_relays=True)
    Peer(world.hosts["alice"], start, session.apply)  # type: ignore[arg-type]  # of the union
    assert world.clock.run_until_true(lambda: complete(session), 20)
    assert not world.failures
    return session


def outcomes(session: Session) -> set[str]:
    return {tried.outcome for tried in session.relays_tried.values()}


@pytest.mark.parametrize("kind", ["open", "cone", "arc", "prc", "sym", "prc+sym"])
def test_a_relay_that_works_is_proved_through_every_nat(kind: str) -> None:
    session = examined(kind)
    assert len(session.relays_tried) == 2, "over UDP and over TCP"
    assert outcomes(session) == {"works"}
    said = as_text(facts(session))
    assert said.count("a datagram went out of it and back in 100 ms") == 2


def test_without_udp_of_our_own_it_is_not_known_and_the_relay_counts() -> None:
    session = examined("udpblock")
    assert outcomes(session) == {"not-tried"}
    found = facts(session)
    assert found.relays == ("tcp",)
    assert "could not be tried" in as_text(found)


def test_a_server_that_lends_an_address_of_its_own_network_is_of_no_use() -> None:
    session = examined(external=("10.0.0.5",))
    assert outcomes(session) == {"silent"}
    found = facts(session)
    assert found.relays == ()
    said = " ".join(as_text(found).split())
    assert "it is a private address" in said and "external-ip" in said
    assert "relays nothing" in found.sentence


def test_a_server_that_lends_somebody_elses_address_is_of_no_use() -> None:
    found = facts(examined(external=("192.0.2.99",)))
    assert found.relays == ()
    assert "not the server's address (external-ip)" in " ".join(as_text(found).split())


def test_a_server_that_forbids_every_peer_is_of_no_use() -> None:
    session = examined(denied=("0.0.0.0/0",))
    assert outcomes(session) == {"forbidden"}
    found = facts(session)
    assert found.relays == ()
    said = " ".join(as_text(found).split())
    assert "(403)" in said and "denied-peer-ip" in said


def test_a_session_that_is_not_asked_to_tries_none() -> None:
    network, sides = demo_network(events.StartNetwork(seed=5))
    world = World(network)
    session = Session()
    Peer(world.hosts["alice"], sides[0].start, session.apply)  # type: ignore[arg-type]  # as above
    world.clock.run_for(10)
    assert session.relays_tried == {}
