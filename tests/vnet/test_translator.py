"""NATs do what RFC 4787 calls what they are set to."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from icetui.engine.net import Address
from icetui.vnet.network import Network
from icetui.vnet.network_parts import Attachment, Dependence, Host, Interface, Nat, Router
from icetui.vnet.packet import Packet, Trouble
from icetui.vnet.world import World
from tests.vnet.playing import (
    ALICE,
    ALICE_OUTSIDE,
    BOB_OUTSIDE,
    OTHER_SERVER,
    SERVER,
    Socket,
    home,
    homes,
)

INDEPENDENT, BY_ADDRESS, BY_PORT = Dependence.__args__


class Behind:
    """Alice behind a NAT, and three remotes: an address with two ports, and another address."""

    def __init__(self, nat: Nat, port: int = 5000, **more: Any) -> None:
        self.world = World(homes(nat, **more))
        self.alice = Socket(self.world, "alice", port=port)
        self.remotes = [
            Socket(self.world, "server", SERVER, 1000),
            Socket(self.world, "server", SERVER, 1001),
            Socket(self.world, "server", OTHER_SERVER, 1000),
        ]

    def seen_as(self, remote: int) -> Address:
        """Where a datagram to that remote comes from."""
        self.alice.send(b"out", self.remotes[remote].name)
        self.world.clock.run_for(0.01)
        return self.remotes[remote].data[-1][1]

    def gets_in(self, remote: int, to: Address) -> bool:
        """Whether what the remote sends there reaches Alice."""
        before = len(self.alice.data)
        self.remotes[remote].send(b"in", to)
        self.world.clock.run_for(0.01)
        return len(self.alice.data) > before


@pytest.mark.parametrize(
    ("mapping", "same_address", "other_address"),
    [(INDEPENDENT, True, True), (BY_ADDRESS, True, False), (BY_PORT, False, False)],
)
def test_a_mapping_depends_on_what_its_name_says(
    mapping: Dependence, same_address: bool, other_address: bool
) -> None:
    behind = Behind(Nat(mapping=mapping, ports="random"))
    first = behind.seen_as(0)
    assert behind.seen_as(0) == first
    assert (behind.seen_as(1) == first) is same_address
    assert (behind.seen_as(2) == first) is other_address


@pytest.mark.parametrize(
    ("filtering", "other_port", "other_address"),
    [(INDEPENDENT, True, True), (BY_ADDRESS, True, False), (BY_PORT, False, False)],
)
def test_a_filter_depends_on_what_its_name_says(
    filtering: Dependence, other_port: bool, other_address: bool
) -> None:
    behind = Behind(Nat(filtering=filtering))
    outside = behind.seen_as(0)
    assert behind.gets_in(0, outside)
    assert behind.gets_in(1, outside) is other_port
    assert behind.gets_in(2, outside) is other_address


def test_ports_are_preserved_unless_they_are_taken() -> None:
    world = World(
        Network(
            routers={"nat": home("lan", "prc")},
            hosts={
                "alice": Host(interfaces=(Interface("lan"),)),
                "carol": Host(interfaces=(Interface("lan"),)),
                "server": Host(interfaces=(Interface("internet", addresses=(SERVER,)),)),
            },
        )
    )
    server = Socket(world, "server", port=1000)
    for name in ("alice", "carol"):
        Socket(world, name, port=5000).send(b"x", server.name)
        world.clock.run_for(0.01)
    ports = [addr[1] for _, addr, _ in server.data]
    assert ports[0] == 5000
    assert ports[1] != 5000


def test_overloaded_ports_are_the_newest_host_s() -> None:
    lan = tuple(Host(interfaces=(Interface("lan"),)) for _ in range(2))
    server = Host(interfaces=(Interface("internet", addresses=(SERVER,)),))
    nat = Nat(ports="overload", filtering=INDEPENDENT)
    world = World(
        Network(
            routers={"nat": home("lan", nat)},
            hosts={"alice": lan[0], "carol": lan[1], "server": server},
        )
    )
    remote = Socket(world, "server", port=1000)
    alice, carol = (Socket(world, name, port=5000) for name in ("alice", "carol"))
    for one in (alice, carol):
        one.send(b"x", remote.name)
    world.clock.run_for(0.01)
    assert {addr for _, addr, _ in remote.data} == {(ALICE_OUTSIDE, 5000)}
    remote.send(b"for whom?", (ALICE_OUTSIDE, 5000))
    world.clock.run_for(0.01)
    assert (alice.texts, carol.texts) == ([], [b"for whom?"])


def test_an_overloaded_port_still_lets_in_whom_an_older_mapping_is_for() -> None:
    behind = Behind(Nat(mapping=BY_PORT, filtering=BY_PORT, ports="overload"))
    outside = behind.seen_as(0)
    assert behind.seen_as(2) == outside
    assert behind.gets_in(0, outside)


def test_sequential_ports_follow_one_another() -> None:
    behind = Behind(Nat(mapping=BY_PORT, ports="sequential"))
    ports = [behind.seen_as(remote)[1] for remote in range(3)]
    assert ports == [ports[0], ports[0] + 1, ports[0] + 2]


@pytest.mark.parametrize("port", [5000, 5001])
def test_parity_is_kept_where_asked_for(port: int) -> None:
    nat = Nat(mapping=BY_PORT, ports="random", parity=True)
    behind = Behind(nat, port)
    assert {behind.seen_as(remote)[1] % 2 for remote in range(3)} == {port % 2}


def test_ports_come_from_the_range() -> None:
    behind = Behind(Nat(mapping=BY_PORT, ports="random", lowest_port=7000, highest_port=7002))
    assert sorted(behind.seen_as(remote)[1] for remote in range(3)) == [7000, 7001, 7002]


@pytest.mark.parametrize(("hairpin", "source"), [("yes", ALICE_OUTSIDE), ("inside-source", ALICE)])
def test_hairpinning_turns_back_to_inside(hairpin: Any, source: str) -> None:
    world, alice, carol = neighbours(Nat(hairpin=hairpin))
    alice.send(b"hello", (ALICE_OUTSIDE, 6000))
    world.clock.run_for(0.01)
    assert [(d, a) for d, a, _ in carol.data] == [(b"hello", (source, 5000))]


def test_what_came_in_is_answered_from_where_it_came_to() -> None:
    """Even by a NAT that gives every destination another port: Linux keeps sessions, too."""
    behind = Behind(Nat(mapping=BY_PORT, filtering=INDEPENDENT, ports="random"))
    outside = behind.seen_as(0)
    assert behind.gets_in(2, outside)
    assert behind.seen_as(2) == outside
    assert behind.seen_as(1) != outside


def test_what_was_turned_back_is_answered_from_where_it_was_sent_to() -> None:
    """Even by a NAT that gives every destination another port, as Linux does it."""
    world, alice, carol = neighbours(Nat(mapping=BY_PORT, ports="random", hairpin="yes"))
    carol.send(b"out", (SERVER, 1000))
    world.clock.run_for(0.01)
    outside = next(b.outside for b in world.routers["nat"].nats["outside"].bindings()
                   if b.inside == carol.name and b.towards == (SERVER, 1000))  # fmt: skip
    alice.send(b"hello", outside)
    world.clock.run_for(0.01)
    (_, source, _) = carol.data[-1]
    carol.send(b"answer", source)
    world.clock.run_for(0.01)
    assert [(d, a) for d, a, _ in alice.data] == [(b"answer", outside)]


def test_without_hairpinning_nothing_is_turned_back() -> None:
    world, alice, carol = neighbours(Nat())
    alice.send(b"hello", (ALICE_OUTSIDE, 6000))
    world.clock.run_for(5)
    assert not carol.data
    assert not alice.errors
    assert world.drops == {("nat", "hairpin"): 1}


def neighbours(nat: Nat) -> tuple[World, Socket, Socket]:
    """Two hosts of one LAN, both with a binding."""
    world = World(
        Network(
            routers={"nat": home("lan", nat)},
            hosts={
                "alice": Host(interfaces=(Interface("lan"),)),
                "carol": Host(interfaces=(Interface("lan"),)),
                "server": Host(interfaces=(Interface("internet", addresses=(SERVER,)),)),
            },
        )
    )
    server = Socket(world, "server", port=1000)
    alice, carol = Socket(world, "alice", port=5000), Socket(world, "carol", port=6000)
    for one in (alice, carol):
        one.send(b"x", server.name)
    world.clock.run_for(0.01)
    return world, alice, carol


def test_an_unanswered_binding_ends_after_thirty_seconds_and_a_used_one_after_two_minutes() -> None:
    behind = Behind(Nat())
    outside = behind.seen_as(0)
    behind.world.clock.run_for(29)
    assert behind.gets_in(0, outside)
    behind.world.clock.run_for(31)
    assert not behind.gets_in(0, outside)

    outside = behind.seen_as(0)
    assert behind.gets_in(0, outside)
    behind.seen_as(0)
    behind.world.clock.run_for(31)
    assert not behind.gets_in(0, outside)  # in use for less than two seconds

    outside = behind.seen_as(0)
    assert behind.gets_in(0, outside)
    behind.world.clock.run_for(3)
    behind.seen_as(0)
    behind.world.clock.run_for(119)
    assert behind.gets_in(0, outside)
    behind.world.clock.run_for(121)
    assert not behind.gets_in(0, outside)


@pytest.mark.parametrize(("refresh", "open_still"), [("both", True), ("outbound", False)])
def test_who_prolongs_a_binding_is_a_setting(refresh: Any, open_still: bool) -> None:
    behind = Behind(Nat(lifetime=60, first_lifetime=None, refresh=refresh))
    outside = behind.seen_as(0)
    behind.world.clock.run_for(50)
    assert behind.gets_in(0, outside)
    behind.world.clock.run_for(50)
    assert behind.gets_in(0, outside) is open_still


def test_a_full_table_refuses_new_bindings_until_one_ends() -> None:
    behind = Behind(Nat(mapping=BY_PORT, size=1))
    behind.seen_as(0)
    behind.alice.send(b"too many", behind.remotes[1].name)
    behind.world.clock.run_for(0.01)
    assert not behind.remotes[1].data
    assert behind.world.drops == {("alice-nat", "table-full"): 1}
    behind.world.clock.run_for(31)
    behind.seen_as(1)


@pytest.mark.parametrize(("pooling", "addresses"), [("paired", 1), ("arbitrary", 2)])
def test_a_pool_of_addresses_is_paired_or_not(pooling: Any, addresses: int) -> None:
    nat = Nat(mapping=BY_PORT, ports="random", pooling=pooling)
    network = homes(nat)
    pool = Attachment("internet", ("203.0.113.2/28", "203.0.113.3/28"))
    router = msgspec.structs.replace(network.routers["alice-nat"], outside=(pool,))
    routers = {**network.routers, "alice-nat": router}
    world = World(msgspec.structs.replace(network, routers=routers))
    server = Socket(world, "server", port=1000)
    for port in range(5000, 5016):
        Socket(world, "alice", port=port).send(b"x", server.name)
    world.clock.run_for(0.01)
    assert len(server.data) == 16
    assert len({addr[0] for _, addr, _ in server.data}) == addresses


@pytest.mark.parametrize(("unasked", "errors"), [("drop", 0), ("reject", 1)])
def test_unasked_for_datagrams_are_dropped_or_refused(unasked: Any, errors: int) -> None:
    behind = Behind(Nat(unasked=unasked))
    behind.remotes[0].send(b"knock", (ALICE_OUTSIDE, 4000))
    behind.world.clock.run_for(0.01)
    said = [str(error) for _, error in behind.remotes[0].errors]
    assert said == [f"ICMP port unreachable, said {ALICE_OUTSIDE}"] * errors
    assert behind.world.drops == {("alice-nat", "no-mapping"): 1}


@pytest.mark.parametrize(("icmp", "told"), [("translate", 1), ("drop", 0), ("raw", 0)])
def test_icmp_errors_find_their_way_inside(icmp: Any, told: int) -> None:
    behind = Behind(Nat(icmp=icmp))
    behind.alice.send(b"x", (SERVER, 9))
    behind.world.clock.run_for(0.01)
    assert [addr for addr, _ in behind.alice.errors] == [(SERVER, 9)] * told


def test_an_error_from_inside_names_the_outside_address() -> None:
    behind = Behind(Nat())
    outside = behind.seen_as(0)
    behind.alice.transport.close()
    behind.remotes[0].send(b"still there?", outside)
    behind.world.clock.run_for(0.01)
    assert [(a, str(e)) for a, e in behind.remotes[0].errors] == [
        (outside, f"ICMP port unreachable, said {ALICE_OUTSIDE}")
    ]


def test_an_error_about_what_was_never_sent_does_not_get_in() -> None:
    behind = Behind(Nat())
    behind.seen_as(0)
    server = behind.world.hosts["server"]
    for remote, told in (((SERVER, 1001), 0), ((SERVER, 1000), 1)):
        forged = Trouble(3, 3, Packet((ALICE_OUTSIDE, 5000), remote, b"out"))
        server.send(Packet((SERVER, 0), (ALICE_OUTSIDE, 0), forged))
        behind.world.clock.run_for(0.01)
        assert len(behind.alice.errors) == told


def test_from_outside_nobody_gets_in_by_an_inside_address() -> None:
    behind = Behind(Nat(filtering=INDEPENDENT))
    behind.seen_as(0)
    router = behind.world.routers["alice-nat"]
    router.receive(Packet((SERVER, 1000), (ALICE, 5000), b"x"), behind.world.port("alice-nat"))
    behind.world.clock.run_for(0.01)
    assert not behind.alice.data
    assert behind.world.drops == {("alice-nat", "filtered"): 1}


def test_an_alg_rewrites_plain_addresses_in_payloads() -> None:
    behind = Behind(Nat(alg=True))
    inside = bytes([192, 168, 1, 20])
    outside = bytes([203, 0, 113, 2])
    behind.alice.send(b"me: " + inside + b"!", behind.remotes[0].name)
    behind.world.clock.run_for(0.01)
    assert behind.remotes[0].texts == [b"me: " + outside + b"!"]
    behind.remotes[0].send(b"you: " + outside, behind.remotes[0].data[0][1])
    behind.world.clock.run_for(0.01)
    assert behind.alice.texts == [b"you: " + inside]


def test_the_table_can_be_looked_at() -> None:
    behind = Behind(Nat())
    behind.seen_as(0)
    behind.world.clock.run_for(10)
    (row,) = behind.world.routers["alice-nat"].nats["outside"].bindings()
    assert (row.inside, row.outside, row.towards) == ((ALICE, 5000), (ALICE_OUTSIDE, 5000), None)
    assert row.lets_in == ((SERVER, 1000),)
    assert row.age == pytest.approx(10, abs=0.1)
    assert row.ends_in == pytest.approx(20, abs=0.1)


def test_a_rebound_nat_gives_another_port_and_closes_the_old_one() -> None:
    behind = Behind(Nat(filtering=INDEPENDENT))
    before = behind.seen_as(0)
    behind.world.change("rebind", "alice-nat")
    assert not behind.gets_in(0, before)
    after = behind.seen_as(0)
    assert after != before
    assert behind.gets_in(0, after)


def test_a_renumbered_nat_is_reached_at_its_new_address_only() -> None:
    behind = Behind(Nat(filtering=INDEPENDENT))
    before = behind.seen_as(0)
    behind.world.change("renumber", "alice-nat", addresses=["203.0.113.5"])
    after = behind.seen_as(0)
    assert after == ("203.0.113.5", 5000)
    assert behind.gets_in(0, after)
    assert not behind.gets_in(0, before)


def test_two_nats_in_a_row_translate_twice() -> None:
    network = homes("prc")
    carrier = home("carrier", "sym")
    inner = Router(inside=(Attachment("alice-lan"),), outside=(Attachment("carrier"),), nat="prc")
    routers = {**network.routers, "alice-nat": inner, "carrier": carrier}
    world = World(msgspec.structs.replace(network, routers=routers))
    alice, server = Socket(world, "alice", port=5000), Socket(world, "server", port=1000)
    alice.send(b"x", server.name)
    world.clock.run_for(0.01)
    seen = server.data[0][1]
    assert seen[0] == BOB_OUTSIDE  # the second router on the internet
    assert world.routers["alice-nat"].nats["outside"].bindings()[0].outside == ("100.66.0.2", 5000)
    server.send(b"back", seen)
    world.clock.run_for(0.01)
    assert alice.texts == [b"back"]
