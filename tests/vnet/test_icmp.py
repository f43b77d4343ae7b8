"""Routers and hosts say what they dropped, from the right address and about the right packet."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from icetui.engine.net import Undelivered
from icetui.vnet import icmp
from icetui.vnet.network import Network
from icetui.vnet.network_parts import Attachment, Host, Interface, Line, Link, Router, Rule
from icetui.vnet.packet import Packet
from icetui.vnet.world import World
from tests.vnet.playing import (
    ALICE,
    ALICE_OUTSIDE,
    BOB_OUTSIDE,
    SERVER,
    SERVER_V6,
    Socket,
    home,
    homes,
)


def said(socket: Socket) -> list[tuple[str, str]]:
    """Whom it wrote to, and what came back."""
    return [(addr[0], str(error)) for addr, error in socket.errors]


@pytest.mark.parametrize(
    ("hops", "router"),
    [(1, "192.168.1.1"), (2, "100.66.0.1"), (3, "203.0.113.17"), (4, None)],
)
def test_each_router_on_the_way_answers_when_hops_run_out(hops: int, router: str | None) -> None:
    network = homes()
    inner = Router(inside=(Attachment("alice-lan"),), outside=(Attachment("carrier"),), nat="prc")
    routers = {**network.routers, "alice-nat": inner, "carrier": home("carrier", "prc")}
    world = World(msgspec.structs.replace(network, routers=routers))
    alice, server = Socket(world, "alice", hops=hops), Socket(world, "server")
    alice.send(b"x", server.name)
    world.clock.run_for(0.1)
    assert bool(server.data) is (router is None)
    expected = [] if router is None else [(SERVER, f"ICMP time exceeded, said {router}")]
    assert said(alice) == expected
    assert all(error.time_exceeded for _, error in alice.errors)


@pytest.mark.parametrize(
    ("to", "error"),
    [
        ("192.0.2.77", "ICMP host unreachable, said 203.0.113.1"),
        ("192.0.2.66", None),
        ("10.1.2.3", None),
        ("198.18.0.1", "ICMP network unreachable, said 203.0.113.1"),
    ],
)
def test_the_core_answers_for_what_is_unreachable_and_swallows_blackholes(
    to: str, error: str | None
) -> None:
    core = Link(unreachable=("192.0.2.77/32",), blackhole=(*Link().blackhole, "192.0.2.66/32"))
    world = World(homes(links={"internet": core}))
    alice = Socket(world, "alice")
    alice.send(b"x", (to, 3478))
    world.clock.run_for(10)
    assert said(alice) == ([] if error is None else [(to, error)])


def test_an_address_that_nobody_has_is_unreachable_after_three_seconds() -> None:
    world = World(homes())
    alice = Socket(world, "alice")
    for to in ("192.168.1.77", "192.0.2.99"):
        alice.send(b"x", (to, 9))
    world.clock.run_for(2.9)
    assert not alice.errors
    world.clock.run_for(0.2)
    assert said(alice) == [
        ("192.168.1.77", f"ICMP host unreachable, said {ALICE}"),
        ("192.0.2.99", "ICMP host unreachable, said 203.0.113.1"),
    ]


def test_members_of_an_isolated_lan_do_not_find_each_other() -> None:
    network = Network(
        links={"lan": Link(isolated=True)},
        routers={"nat": home("lan", "prc")},
        hosts={name: Host(interfaces=(Interface("lan"),)) for name in ("alice", "bob")},
    )
    world = World(network)
    alice, bob = Socket(world, "alice"), Socket(world, "bob")
    alice.send(b"x", bob.name)
    world.clock.run_for(4)
    assert not bob.data
    assert said(alice) == [(bob.name[0], f"ICMP host unreachable, said {ALICE}")]


def test_an_interface_that_leads_nowhere_says_so_after_three_seconds() -> None:
    network = homes()
    wires = (
        Interface("alice-lan"),
        Interface(None, "wg0", ("10.8.0.2/24",), default=True),
    )
    hosts = {**network.hosts, "alice": Host(interfaces=wires)}
    world = World(msgspec.structs.replace(network, hosts=hosts))
    tunnel, server = Socket(world, "alice", "10.8.0.2"), Socket(world, "server")
    tunnel.send(b"x", server.name)
    world.clock.run_for(4)
    assert not server.data
    assert said(tunnel) == [(SERVER, "ICMP host unreachable, said 10.8.0.2")]


def test_a_bridge_s_address_leaves_by_the_default_route_and_gets_no_answer() -> None:
    network = homes()
    wires = (Interface("alice-lan"), Interface(None, "docker0", ("172.17.0.1/16",)))
    hosts = {**network.hosts, "alice": Host(interfaces=wires)}
    world = World(msgspec.structs.replace(network, hosts=hosts))
    docker, server = Socket(world, "alice", "172.17.0.1"), Socket(world, "server")
    docker.send(b"x", server.name)
    world.clock.run_for(0.1)
    assert [addr[0] for _, addr, _ in server.data] == [ALICE_OUTSIDE]
    server.send(b"y", server.data[0][1])
    world.clock.run_for(4)
    assert not docker.data
    assert world.drops == {("internet", "blackhole"): 1}


@pytest.mark.parametrize(
    ("where", "router"), [("alice-nat", "192.168.1.1"), ("bob-nat", "203.0.113.17")]
)
def test_who_sends_too_much_is_told_the_mtu_by_the_router_before_the_line(
    where: str, router: str
) -> None:
    """Out of Alice's NAT, its own line is too narrow; into Bob's, the core's."""
    network = homes("prc", "cone")
    narrow = Attachment("internet", line=Line(mtu=1000))
    routers = dict(network.routers)
    routers[where] = msgspec.structs.replace(routers[where], outside=(narrow,))
    world = World(msgspec.structs.replace(network, routers=routers))
    alice, bob = Socket(world, "alice"), Socket(world, "bob", port=6000)
    bob.send(b"x", (SERVER, 9))
    alice.send(bytes(973), (BOB_OUTSIDE, 6000))
    alice.send(bytes(972), (BOB_OUTSIDE, 6000))
    world.clock.run_for(0.1)
    assert [len(text) for text in bob.texts] == [972]
    source = router if where == "alice-nat" else "203.0.113.1"
    assert [e for _, e in alice.errors] == [Undelivered(4, 3, 4, source)]


def test_a_line_may_swallow_what_is_too_big() -> None:
    network = homes()
    narrow = Attachment("internet", line=Line(mtu=1000, too_big="silent"))
    routers = dict(network.routers)
    routers["alice-nat"] = msgspec.structs.replace(routers["alice-nat"], outside=(narrow,))
    world = World(msgspec.structs.replace(network, routers=routers))
    alice = Socket(world, "alice")
    alice.send(bytes(1000), (SERVER, 9))
    world.clock.run_for(0.1)
    assert not alice.errors
    assert world.drops == {("alice-nat.outside up", "too-big"): 1}


def test_ipv6_has_its_own_types_and_codes() -> None:
    network = homes("open", "open", ipv6=True)
    world = World(network)
    alice_v6 = world.hosts["alice"].ports[0].address(6)
    assert alice_v6 is not None
    alice = Socket(world, "alice", alice_v6)
    alice.send(b"x", (SERVER_V6, 9))
    alice.send(b"x", ("2001:db8:ffff::1", 9))
    Socket(world, "alice", alice_v6, hops=1).send(b"x", (SERVER_V6, 9))
    world.clock.run_for(0.1)
    assert [(e.version, e.type, e.code) for _, e in alice.errors] == [(6, 1, 4), (6, 1, 0)]
    assert alice.errors[0][1].router == SERVER_V6


@pytest.mark.parametrize(
    ("reject_with", "words"),
    [
        ("port-unreachable", "ICMP port unreachable, said 203.0.113.1"),
        ("admin-prohibited", "ICMP communication administratively prohibited, said 203.0.113.1"),
        ("host-prohibited", "ICMP host administratively prohibited, said 203.0.113.1"),
    ],
)
def test_a_firewall_in_the_middle_says_why(reject_with: Any, words: str) -> None:
    rule = Rule(action="reject", reject_with=reject_with, source=(ALICE_OUTSIDE,))
    world = World(homes(links={"internet": Link(firewall=(rule,))}))
    alice = Socket(world, "alice")
    alice.send(b"x", (SERVER, 9))
    world.clock.run_for(0.1)
    assert said(alice) == [(SERVER, words)]


def test_a_silent_router_answers_nothing() -> None:
    network = homes()
    routers = dict(network.routers)
    routers["alice-nat"] = msgspec.structs.replace(routers["alice-nat"], silent=True)
    world = World(msgspec.structs.replace(network, routers=routers))
    alice = Socket(world, "alice", hops=1)
    alice.send(b"x", (SERVER, 9))
    world.clock.run_for(0.1)
    assert not alice.errors


def test_a_host_s_network_may_become_unreachable() -> None:
    world = World(homes("cone", "cone"))
    alice, bob = Socket(world, "alice"), Socket(world, "bob", port=6000)
    bob.send(b"x", (SERVER, 9))
    alice.send(b"x", (BOB_OUTSIDE, 6000))
    world.clock.run_for(0.1)
    assert bob.texts == [b"x"]
    for treated, errors in (("blackhole", 0), ("unreachable", 1)):
        world.change("announce", **{treated: [f"{BOB_OUTSIDE}/32"]})
        alice.send(b"x", (BOB_OUTSIDE, 6000))
        world.clock.run_for(0.1)
        assert len(alice.errors) == errors
    assert said(alice) == [(BOB_OUTSIDE, "ICMP host unreachable, said 203.0.113.1")]
    world.change("announce", withdrawn=[f"{BOB_OUTSIDE}/32"])
    alice.send(b"x", (BOB_OUTSIDE, 6000))
    world.clock.run_for(0.1)
    assert len(bob.texts) == 2


def test_routed_networks_behind_one_another_are_reached() -> None:
    network = homes(alice="open")
    inner = Router(inside=(Attachment("cellar"),), outside=(Attachment("alice-lan"),))
    wires = (Interface("cellar", addresses=("198.51.100.130/28",)),)
    network = msgspec.structs.replace(
        network,
        links={"cellar": Link(prefix="198.51.100.128/28")},
        routers={**network.routers, "inner": inner},
        hosts={**network.hosts, "carol": Host(interfaces=wires)},
    )
    world = World(network)
    carol, server = Socket(world, "carol"), Socket(world, "server")
    server.send(b"down", carol.name)
    world.clock.run_for(0.1)
    assert carol.texts == [b"down"]
    carol.send(b"up", server.name)
    world.clock.run_for(0.1)
    assert [(d, a) for d, a, _ in server.data] == [(b"up", carol.name)]


def test_an_error_that_runs_out_of_hops_is_not_answered() -> None:
    world = World(homes("open"))
    alice = Socket(world, "alice", port=5000)
    about = Packet(alice.name, (SERVER, 9), b"x")
    server = world.hosts["server"]
    seen: list[str] = []
    world.watch(lambda p: seen.append(p.packet.protocol) if p.place == "server.eth0 down" else None)
    for payload in (icmp.unreachable(about, "port-unreachable"), b"y"):
        server.send(Packet((SERVER, 9), alice.name, payload, hops=2))
    world.clock.run_for(0.1)
    assert world.drops == {("alice-nat", "hops"): 2}
    assert seen == ["icmp", "icmp"]  # one answer, entering and leaving the line


def test_no_error_is_sent_about_an_error() -> None:
    """Alice's port is closed when the refusal of her datagram arrives: nobody says anything."""
    network = homes(alice="open")
    world = World(network)
    seen = []
    world.watch(lambda passage: seen.append(passage))
    alice = Socket(world, "alice")
    alice.send(b"x", (SERVER, 9))
    alice.transport.close()
    world.clock.run_for(0.1)
    errors = [p for p in seen if p.packet.protocol == "icmp" and p.what == "enters"]
    assert len({(p.packet.source, p.packet.destination) for p in errors}) == 1
