"""Firewalls: which packets pass, and what the sender of the others learns."""

from __future__ import annotations

import errno
from typing import Any

import msgspec
import pytest

from icetui.vnet.firewall import carries_cookie
from icetui.vnet.network import Network
from icetui.vnet.network_parts import Link, Rule
from icetui.vnet.packet import Packet, Segment
from icetui.vnet.world import World
from tests.vnet.playing import (
    ALICE_OUTSIDE,
    BOB_OUTSIDE,
    SERVER,
    SERVER_V6,
    Socket,
    home,
    homes,
)

COOKIE = b"\0\x01\0\0\x21\x12\xa4\x42" + bytes(12)


def with_rules(network: Network, whom: str, *rules: Rule) -> World:
    """A router or host of a network with these rules."""
    section = "routers" if whom in network.routers else "hosts"
    parts = dict(getattr(network, section))
    parts[whom] = msgspec.structs.replace(parts[whom], firewall=rules)
    return World(msgspec.structs.replace(network, **{section: parts}))


def passes(world: World, data: bytes = b"x", port: int = 3478, count: int = 1) -> int:
    """How many of Alice's datagrams reach the server."""
    alice, server = Socket(world, "alice"), Socket(world, "server", port=port)
    for _ in range(count):
        alice.send(data, server.name)
        world.clock.run_for(0.001)
    world.clock.run_for(0.1)
    assert not alice.errors
    return len(server.data)


@pytest.mark.parametrize(
    ("rule", "data", "port", "count"),
    [
        (Rule(), b"x", 3478, 0),
        (Rule(protocol="udp"), b"x", 3478, 0),
        (Rule(protocol="tcp"), b"x", 3478, 1),
        (Rule(version=6), b"x", 3478, 1),
        (Rule(destination_ports=("1000-3478",)), b"x", 3478, 0),
        (Rule(destination_ports=("1000-3478",)), b"x", 3479, 1),
        (Rule(destination=("192.0.2.0/24",)), b"x", 3478, 0),
        (Rule(source=("192.0.2.0/24",)), b"x", 3478, 1),
        (Rule(arrives="inside"), b"x", 3478, 0),
        (Rule(arrives="alice-lan", leaves="internet"), b"x", 3478, 0),
        (Rule(arrives="outside"), b"x", 3478, 1),
        (Rule(stun=True), COOKIE, 3478, 0),
        (Rule(stun=True), b"no cookie in it", 3478, 1),
        (Rule(chain="input"), b"x", 3478, 1),
        (Rule(state="established"), b"x", 3478, 1),
        (Rule(state="new"), b"x", 3478, 0),
    ],
)
def test_a_rule_drops_what_it_describes_and_nothing_else(
    rule: Rule, data: bytes, port: int, count: int
) -> None:
    assert passes(with_rules(homes(), "alice-nat", rule), data, port) == count


def test_the_first_rule_that_matches_decides() -> None:
    accept = Rule(action="accept", destination_ports=("3478",))
    world = with_rules(homes(), "alice-nat", accept, Rule(protocol="udp"))
    assert passes(world, port=3478) == 1
    assert passes(world, port=3479) == 0


def test_a_share_is_dropped_by_chance() -> None:
    world = with_rules(homes(), "alice-nat", Rule(share=0.4))
    assert passes(world, count=1000) == pytest.approx(600, abs=60)


def test_a_policer_lets_a_burst_and_then_its_rate_through() -> None:
    world = with_rules(homes(), "alice-nat", Rule(above_rate=100.0, burst=10))
    alice, server = Socket(world, "alice"), Socket(world, "server")
    for _ in range(1000):
        alice.send(b"x", server.name)
        world.clock.run_for(0.001)
    assert len(server.data) == pytest.approx(110, abs=2)


def test_udpblock_forwards_no_udp_and_says_nothing() -> None:
    assert passes(World(homes("udpblock"))) == 0


def test_a_host_s_firewall_lets_in_whom_it_has_written_to() -> None:
    world = with_rules(homes(), "server", Rule(chain="input", protocol="udp", state="new"))
    alice, server = Socket(world, "alice", port=5000), Socket(world, "server", port=1000)
    alice.send(b"knock", server.name)
    world.clock.run_for(0.1)
    assert not server.data
    server.send(b"you?", (ALICE_OUTSIDE, 5000))
    alice.send(b"yes", server.name)
    world.clock.run_for(0.1)
    assert server.texts == [b"yes"]


def test_a_host_s_own_firewall_refuses_to_send() -> None:
    world = with_rules(homes(), "alice", Rule(chain="output", destination=(SERVER,)))
    alice = Socket(world, "alice")
    alice.send(b"x", (SERVER, 1000))
    world.clock.run_for(0.1)
    assert [(addr, error.errno) for addr, error in alice.failed] == [((SERVER, 1000), errno.EPERM)]


def test_udp_is_dropped_in_one_direction_in_the_middle() -> None:
    one_way = Rule(source=(ALICE_OUTSIDE,), destination=(BOB_OUTSIDE,), protocol="udp")
    world = World(homes("cone", "cone", links={"internet": Link(firewall=(one_way,))}))
    alice, bob = Socket(world, "alice", port=5000), Socket(world, "bob", port=6000)
    alice.send(b"never", (BOB_OUTSIDE, 6000))
    bob.send(b"arrives", (ALICE_OUTSIDE, 5000))
    world.clock.run_for(0.1)
    assert (alice.texts, bob.texts) == ([b"arrives"], [])
    assert world.drops == {("internet", "firewall"): 1}


def test_a_flow_is_new_until_it_is_answered() -> None:
    answered = Rule(arrives="inside", state="established")
    world = with_rules(homes(), "alice-nat", answered)
    alice, server = Socket(world, "alice", port=5000), Socket(world, "server", port=1000)
    for _ in range(2):
        alice.send(b"new", server.name)
    world.clock.run_for(0.01)
    server.send(b"answer", (ALICE_OUTSIDE, 5000))
    world.clock.run_for(0.01)
    alice.send(b"established", server.name)
    world.clock.run_for(0.01)
    assert server.texts == [b"new", b"new"]
    assert alice.texts == [b"answer"]


def test_a_refused_error_is_not_answered_with_another() -> None:
    rule = Rule(chain="forward", protocol="icmp", action="reject")
    world = with_rules(homes(), "alice-nat", rule)
    alice = Socket(world, "alice")
    seen: list[str] = []
    world.watch(lambda p: seen.append(p.place) if p.packet.protocol == "icmp" else None)
    alice.send(b"x", (SERVER, 9))
    world.clock.run_for(0.1)
    assert not alice.errors
    assert "server.eth0 down" not in seen


def test_rules_come_and_go_while_it_runs() -> None:
    world = World(homes())
    rule: dict[str, Any] = {"name": "block", "protocol": "udp"}
    world.change("add-rules", "alice-nat", rules=[rule])
    assert passes(world, port=1000) == 0
    world.change("remove-rules", "alice-nat", name="block")
    assert passes(world, port=1001) == 1
    with pytest.raises(KeyError):
        world.change("remove-rules", "alice-nat", name="block")


def test_over_ipv6_a_nat_s_router_lets_in_only_answers() -> None:
    world = World(homes(ipv6=True))
    alice_v6 = world.hosts["alice"].ports[0].address(6)
    assert alice_v6 is not None
    alice = Socket(world, "alice", alice_v6, 5000)
    server = Socket(world, "server", SERVER_V6, 1000)
    server.send(b"unasked", alice.name)
    world.clock.run_for(0.1)
    assert not alice.data
    alice.send(b"hello", server.name)
    world.clock.run_for(0.1)
    assert [addr for _, addr, _ in server.data] == [alice.name]
    server.send(b"answer", alice.name)
    world.clock.run_for(0.1)
    assert alice.texts == [b"answer"]


def test_an_open_router_lets_everybody_in() -> None:
    network = homes("open", "open")
    world = World(network)
    alice = Socket(world, "alice", port=5000)
    assert alice.name == ("198.51.100.2", 5000)
    server = Socket(world, "server")
    server.send(b"unasked", alice.name)
    world.clock.run_for(0.1)
    assert alice.texts == [b"unasked"]
    assert world.routers["alice-nat"].kind is None


def test_another_router_is_no_concern_of_a_firewall() -> None:
    network = homes()
    routers = {**network.routers, "alice-nat": home("alice-lan", "prc", firewall=(Rule(),))}
    world = World(msgspec.structs.replace(network, routers=routers))
    bob, server = Socket(world, "bob"), Socket(world, "server")
    bob.send(b"x", server.name)
    world.clock.run_for(0.1)
    assert server.texts == [b"x"]


def test_deep_inspection_sees_stun_in_tcp_and_not_in_tls() -> None:
    plain = Segment("data", data=COOKIE)
    sealed = Segment("data", data=b"\x17\x03\x03\0\x14" + COOKIE)
    assert carries_cookie(Packet((ALICE_OUTSIDE, 1), (SERVER, 2), plain))
    assert not carries_cookie(Packet((ALICE_OUTSIDE, 1), (SERVER, 2), sealed))
