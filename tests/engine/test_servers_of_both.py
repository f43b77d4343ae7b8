"""Each side's blob says how its servers answer, so that the other knows whose UDP is blocked."""

from __future__ import annotations

import msgspec
import pytest

from icetui import events
from icetui.diagnosis import diagnose
from icetui.session import Session
from icetui.vnet.demo_network import demo_network
from icetui.vnet.network_parts import Rule
from icetui.vnet.peer import Peer
from icetui.vnet.world import World

STUN = "stun:192.0.2.10:3478"
NOWHERE = events.StunServer(host="192.0.2.99")
WEB_ONLY = (
    Rule(name="web", action="accept", protocol="tcp", destination_ports=("80", "443")),
    Rule(name="all-out", arrives="inside", state="new"),
)


def meet(
    alice: str = "prc",
    *,
    stun: dict[str, tuple[events.StunServer, ...]] | None = None,
    firewall: tuple[Rule, ...] = (),
) -> tuple[Session, Session]:
    """Both sessions, ten seconds after both have pasted. `alice` is her NAT, Bob's is `prc`; `stun`
    are the servers that a side names, `firewall` Alice's router's."""
    network, sides = demo_network(events.StartNetwork(alice=alice, turn=False, seed=5))
    name = next(n for n in network.routers if n.startswith("alice"))
    router = msgspec.structs.replace(network.routers[name], firewall=firewall)
    world = World(msgspec.structs.replace(network, routers=network.routers | {name: router}))
    sessions, peers = [Session(), Session()], []
    for side, session in zip(sides, sessions, strict=True):
        servers = (stun or {}).get(side.name, side.start.stun_servers)
        start = msgspec.structs.replace(side.start, stun_servers=servers)
        tell = session.apply  # of the union, not of any event
        peers.append(Peer(world.hosts[side.host], start, tell))  # type: ignore[arg-type]  # as said
    assert world.clock.run_until_true(lambda: all(p.gathered for p in peers), 20)
    for one, other in (peers, reversed(peers)):
        one.send(events.Paste(text=other.blob))
    world.clock.run_for(10)
    assert not world.failures
    return sessions[0], sessions[1]


def told(session: Session) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    theirs = session.description
    assert theirs is not None
    return theirs.servers, theirs.shared_answering, theirs.shared_silent


def causes(session: Session) -> list[str]:
    return [h.code for h in diagnose(session)[0].hypotheses]


def evidence(session: Session) -> str:
    return diagnose(session)[0].evidence


def test_a_server_that_answers_only_one_side_shows_the_others_udp_to_be_blocked() -> None:
    alice, bob = meet("udpblock")
    assert told(alice) == ("answer", (STUN,), ())
    assert told(bob) == ("silent", (), (STUN,))
    assert causes(alice)[0] == "udp-blocked-here"
    assert f"{STUN} answers them over UDP, and not us" in evidence(alice)
    assert causes(bob)[0] == "udp-blocked-there"
    assert f"{STUN} answers us over UDP, and not them" in evidence(bob)


def test_a_server_that_answers_neither_is_most_likely_down() -> None:
    alice, bob = meet(stun={"alice": (NOWHERE,), "bob": (NOWHERE,)})
    for session in (alice, bob):
        assert told(session) == ("silent", (), (NOWHERE.url,))
        assert causes(session)[0] == "servers-dead"
        assert f"{NOWHERE.url} does not answer them either" in evidence(session)


def test_different_servers_say_nothing_of_each_other() -> None:
    alice, bob = meet(stun={"bob": (NOWHERE,)})
    assert told(alice) == ("silent", (), ())
    assert told(bob) == ("answer", (), ())
    assert set(causes(alice)[:2]) == {"servers-dead-there", "udp-blocked-there"}
    assert "does not answer us" not in evidence(alice)


def test_a_side_that_names_no_server_says_so() -> None:
    alice, bob = meet(stun={"bob": ()})
    assert told(alice) == ("none", (), ())
    assert causes(alice)[0] == "no-stun-there"
    assert "no STUN server is named over there" in diagnose(alice)[0].claim
    assert "udp-blocked-there" not in causes(alice)
    assert causes(bob)[0] == "no-public-address"


def test_servers_that_answer_refute_blocked_udp_over_there() -> None:
    alice, _ = meet("sym")
    assert told(alice) == ("answer", (STUN,), ())
    assert "udp-blocked-there" not in causes(alice)


@pytest.mark.parametrize("firewall", [WEB_ONLY, ()], ids=["web only", "open"])
def test_where_only_the_web_is_let_out_the_servers_machine_answers_at_its_port(
    firewall: tuple[Rule, ...],
) -> None:
    servers = (events.StunServer(host="192.0.2.10"), NOWHERE)
    alice, _ = meet(stun={"alice": servers[:1] if firewall else servers[1:]}, firewall=firewall)
    (server,) = alice.servers.values()
    assert (server.over_tcp, server.over_web) == ("silent", "refused" if firewall else "silent")
    assert causes(alice)[0] == ("udp-blocked-here" if firewall else "servers-dead")
    assert ("at port 443" in evidence(alice)) is bool(firewall)
