"""A machine with IPv6 alone reaches IPv4 peers through a NAT64, directly where its filter lets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from icetui import events
from icetui.dashboard.panes.path import ends
from icetui.diagnosis import diagnose
from icetui.diagnosis.silence_evidence import gather
from icetui.doctor.examination import complete
from icetui.doctor.facts import facts
from icetui.doctor.text_report import as_text
from icetui.engine.embedding import Embedding, discovered
from icetui.engine.net import Address
from icetui.engine.translated_net import TranslatedNet
from icetui.servers.server_urls import parse_stun, parse_turn
from icetui.session import Session
from icetui.vnet import changes
from icetui.vnet.network import Network, Server
from icetui.vnet.network_parts import Interface, Name, Nat
from icetui.vnet.network_text import read
from icetui.vnet.peer import Peer
from icetui.vnet.servers import StunOptions
from icetui.vnet.world import World
from tests.vnet.playing import Heard, Socket

FILE = Path(__file__).parents[1] / "vnet/networks/ipv6-alone-behind-a-nat64-that-rebinds.toml"
STUN, TURN = "stun:stun.example", "turn:user:right@turn.example"
ALICE, OUTSIDE = "2001:db8:100::20", "203.0.113.2"


def network(nat: Nat | str = "prc", **more: Any) -> Network:
    """Alice behind a NAT64, Bob with IPv4 alone behind a NAT; nothing changes."""
    found = read(FILE.read_text(encoding="utf-8"))
    router = msgspec.structs.replace(found.routers["alice-nat"], nat=nat)
    routers = found.routers | {"alice-nat": router}
    return msgspec.structs.replace(found, routers=routers, changes=(), **more)


def start(*, stun: str | None = STUN, turn: str | None = TURN, **more: Any) -> events.StartSession:
    return events.StartSession(
        stun_servers=(parse_stun(stun),) if stun else (),
        turn_servers=(parse_turn(turn),) if turn else (),
        **more,
    )


class Side:
    def __init__(self, world: World, host: str, begin: events.StartSession) -> None:
        self.session = Session()
        self.peer = Peer(world.hosts[host], begin, self.session.apply)  # type: ignore[arg-type]  # of the union


def met(
    net: Network, begin: events.StartSession, bobs: events.StartSession | None = None
) -> tuple[Side, Side]:
    """Both, ten seconds after they have exchanged their blobs; Bob begins likewise."""
    world = World(net)
    alice, bob = Side(world, "alice", begin), Side(world, "bob", bobs or begin)
    assert world.clock.run_until_true(lambda: alice.peer.gathered and bob.peer.gathered, 10)
    alice.peer.send(events.Paste(text=bob.peer.blob))
    bob.peer.send(events.Paste(text=alice.peer.blob))
    world.clock.run_for(10)
    assert not world.failures
    return alice, bob


@pytest.mark.parametrize("nat", ["cone", "arc", "prc"])
def test_they_connect_directly_without_a_relay(nat: str) -> None:
    alice, bob = met(network(nat), start(turn=None))
    for side in (alice, bob):
        assert side.session.state == "completed"
        pair = side.session.selected_pair
        assert pair is not None and not side.session.relayed(pair)
    mine = {c.type: c.address for c in alice.session.local_candidates.values()}
    assert mine == {"host": ALICE, "srflx": OUTSIDE}
    assert alice.session.nats[ALICE].nat64


def test_through_one_that_maps_by_destination_they_meet_at_a_relay() -> None:
    symmetric = Nat(mapping="address-and-port-dependent", ports="random")
    alice, bob = met(network(symmetric), start())
    for side in (alice, bob):
        assert side.session.state in ("connected", "completed")
    found = alice.session.nats[ALICE]
    assert (found.behind_nat, found.nat64, found.udp) == (True, True, True)


def test_with_a_turn_server_alone_the_relay_is_used() -> None:
    alice, _ = met(network(), start(stun=None))
    assert alice.session.state in ("connected", "completed")
    assert "relay" in {c.type for c in alice.session.local_candidates.values()}


def test_servers_that_were_asked_before_are_asked_through_it_too() -> None:
    """One that has IPv6 of its own answers at once; the NAT64 shows by the other, later."""
    net = network()
    late = msgspec.structs.replace(net.names["stun.example"], delay=1.0)
    both = Name(addresses=("192.0.2.41", "2001:db8:5::41"))
    server = Server(StunOptions(addresses=both.addresses))
    net = msgspec.structs.replace(
        net,
        names=net.names | {"stun.example": late, "both.example": both},
        servers=net.servers | {"both": server},
    )
    begin = start(turn=None)
    servers = (parse_stun("stun:both.example"), *begin.stun_servers)
    alice, _ = met(net, msgspec.structs.replace(begin, stun_servers=servers))
    outside = {row.server for row in alice.session.mappings.values() if OUTSIDE in row.mapped}
    assert outside == {"192.0.2.40:3478", "192.0.2.41:3478"}
    assert alice.session.nats[ALICE].mapping == "endpoint-independent"


def test_who_has_ipv4_as_well_uses_that() -> None:
    net = network()
    both = Interface("alice-lan", addresses=(ALICE, "192.168.1.20"))
    alice = msgspec.structs.replace(net.hosts["alice"], interfaces=(both,))
    side, _ = met(msgspec.structs.replace(net, hosts=net.hosts | {"alice": alice}), start())
    reflexive = [c for c in side.session.local_candidates.values() if c.type == "srflx"]
    assert [c.related_address for c in reflexive] == ["192.168.1.20"]
    assert not any(nat.nat64 for nat in side.session.nats.values())


def test_who_wants_no_ipv4_gets_none() -> None:
    alice, _ = met(network(), start(turn=None, ipv4=False), start(turn=None))
    assert [c.type for c in alice.session.local_candidates.values()] == ["host"]
    assert not alice.session.nats[ALICE].nat64


def test_servers_by_address_are_out_of_reach_and_their_names_would_not_be() -> None:
    """An IPv4 address gives the resolver nothing to make an IPv6 one of."""
    by_address = start(stun="stun:192.0.2.40", turn="turn:user:right@192.0.2.50")
    alice, _ = met(network(), by_address, start())
    told = [f for f in diagnose(alice.session) if f.rule == "server-useless"]
    assert len(told) == 2
    assert all("name the server by its host name" in f.remedy for f in told)


def test_the_picture_has_the_nat64_between() -> None:
    alice, _ = met(network(), start())
    pair = alice.session.selected_pair
    assert pair is not None
    near, _ = ends(alice.session, pair)
    assert [(node.title, node.address) for node in near] == [
        ("me", f"[{ALICE}]"),
        ("my NAT", OUTSIDE),
    ]


def test_a_silent_path_says_that_the_nat64_has_moved_us() -> None:
    """Bob is gone as well, so that the path does not mend itself: a server tells of the move."""
    at = 5.0
    moves = (changes.Rebind(whom="alice-nat", at=at), changes.Cut(whom="bob-nat", at=at))
    alice, _ = met(msgspec.structs.replace(network(), changes=moves), start(turn=None))
    found = gather(alice.session)
    assert found is not None and found.moved is not None
    server, before, after = found.moved
    assert server == "192.0.2.40:3478"
    assert before != after and {before, after} <= {
        row.mapped for row in alice.session.log if isinstance(row, events.MappingSeen)
    }


def test_it_is_examined_as_any_other_nat() -> None:
    """Its mapping shows by two servers, one of them for TURN; hairpinning by sockets like ours."""
    alice, _ = met(network(), start())
    nat = alice.session.nats[ALICE]
    found = nat.nat64, nat.behind_nat, nat.mapping, nat.hairpinning, nat.port_preservation
    assert found == (True, True, "endpoint-independent", False, True)


def test_where_the_peer_sees_us_elsewhere_that_is_a_candidate() -> None:
    net = network(Nat(mapping="address-and-port-dependent", ports="random"))
    bob = msgspec.structs.replace(net.hosts["bob"], interfaces=(Interface("internet"),))
    alice, _ = met(msgspec.structs.replace(net, hosts=net.hosts | {"bob": bob}), start(turn=None))
    assert alice.session.state in ("connected", "completed")
    seen = [c for c in alice.session.local_candidates.values() if c.type == "prflx"]
    assert [c.address for c in seen] == [OUTSIDE]


class Behind:
    """A socket of Alice's by the net that translates, and a server's with both families."""

    def __init__(self) -> None:
        self.world = World(network())
        self.host = self.world.hosts["alice"]
        self.heard = Heard()
        net = TranslatedNet(self.host.net, Embedding("64:ff9b::/96"))
        opening = self.host.loop.create_task(net.open_udp(self.heard, ALICE, 5000))
        self.world.clock.complete(opening)
        self.socket = opening.result()

    def send(self, to: Address) -> None:
        self.host.loop.run(self.socket.sendto, b"out", to)
        self.world.clock.run_for(1.0)


def test_its_user_knows_ipv4_addresses_alone() -> None:
    behind = Behind()
    server = Socket(behind.world, "stun", "192.0.2.40", 1000)
    behind.send(server.name)
    assert [(data, who[0]) for data, who, _ in server.data] == [(b"out", OUTSIDE)]
    server.send(b"in", server.data[0][1])
    behind.world.clock.run_for(1.0)
    assert [(data, who) for data, who, _ in behind.heard.data] == [(b"in", server.name)]


def test_an_error_is_about_the_ipv4_address_that_was_written_to() -> None:
    behind = Behind()
    behind.send(("192.0.2.40", 999))
    assert [about for about, _ in behind.heard.errors] == [("192.0.2.40", 999)]


def test_what_comes_over_ipv6_itself_is_not_taken_for_an_ipv4_host() -> None:
    behind = Behind()
    neighbour = Socket(behind.world, "alice", ALICE)
    neighbour.send(b"in", (ALICE, 5000))
    behind.world.clock.run_for(1.0)
    assert behind.heard.data == []


def test_the_relay_is_proved_through_it() -> None:
    world = World(network())
    session = Session()
    Peer(world.hosts["alice"], start(try_relays=True), session.apply)  # type: ignore[arg-type]  # as above
    assert world.clock.run_until_true(lambda: complete(session), 20)
    assert {tried.outcome for tried in session.relays_tried.values()} == {"works"}
    said = as_text(facts(session))
    assert "our IPv6 becomes IPv4 on the way" in said


@pytest.mark.parametrize(
    ("addresses", "prefix"),
    [
        (["64:ff9b::c000:20a", "192.0.2.10"], "64:ff9b::/96"),
        (["192.0.2.10", "2001:db8:64::c000:20a"], "2001:db8:64::/96"),
        (["64:ff9b::c000:20b", "192.0.2.10"], None),
        (["2001:db8::1", "192.0.2.10"], None),
        (["64:ff9b::c000:20a"], None),
        (["192.0.2.10"], None),
        ([], None),
    ],
)
def test_a_resolver_tells_the_prefix_by_what_it_makes(
    addresses: list[str], prefix: str | None
) -> None:
    found = discovered([(address, 3478) for address in addresses])
    assert (str(found) if found is not None else None) == prefix


def test_an_address_is_embedded_and_found_again() -> None:
    embedding = Embedding("64:ff9b::/96")
    there = embedding.embed("203.0.113.7")
    assert there == "64:ff9b::cb00:7107"
    assert embedding.extract(there) == "203.0.113.7"
    assert embedding.holds(there) and not embedding.holds("2001:db8::cb00:7107")
    assert not embedding.holds("203.0.113.7")
