"""IPv6 hosts reach IPv4 ones through a NAT64, by DNS64's addresses, and hear ICMP's errors."""

from __future__ import annotations

import msgspec
import pytest

from icetui.engine.net import Address
from icetui.vnet import icmp
from icetui.vnet.nat64 import Nat64
from icetui.vnet.network import BadNetwork, Network
from icetui.vnet.network_check import check
from icetui.vnet.network_parts import Host, Interface, Link, Name, Nat
from icetui.vnet.packet import Packet, Trouble
from icetui.vnet.world import World
from tests.vnet.playing import OTHER_SERVER, SERVER, SERVER_V6, Socket, home, homes

PREFIX = "64:ff9b::/96"
ALICE_V6 = "2001:db8:100::20"
OUTSIDE = "203.0.113.2"
"""Of the NAT64."""
EMBEDDED = {SERVER: "64:ff9b::c000:20a", OTHER_SERVER: "64:ff9b::c000:20b"}


def behind(nat: Nat | None = None, **more: object) -> World:
    """Alice has IPv6 alone, behind a NAT64; Bob is behind a NAT of his own."""
    network = homes(ipv6=True, **more)
    alice = Host(interfaces=(Interface("alice-lan", addresses=(ALICE_V6,)),), dns64=PREFIX)
    router = home("alice-lan", nat or Nat(), nat64=PREFIX)
    return World(
        msgspec.structs.replace(
            network,
            hosts={**network.hosts, "alice": alice},
            routers={**network.routers, "alice-nat": router},
        )
    )


def resolved(world: World, name: str) -> list[Address]:
    """What Alice's resolver tells her."""
    host = world.hosts["alice"]
    asking = host.loop.create_task(host.net.resolve(name, 3478))
    world.clock.complete(asking)
    return asking.result()


def test_an_ipv6_host_reaches_an_ipv4_one_and_hears_the_answer() -> None:
    world = behind()
    alice = Socket(world, "alice", port=5000)
    server = Socket(world, "server", SERVER, 1000)
    alice.send(b"question", (EMBEDDED[SERVER], 1000))
    world.clock.run_for(0.1)
    assert [(data, who) for data, who, _ in server.data] == [(b"question", (OUTSIDE, 5000))]
    server.send(b"answer", (OUTSIDE, 5000))
    world.clock.run_for(0.1)
    assert [(d, who) for d, who, _ in alice.data] == [(b"answer", (EMBEDDED[SERVER], 1000))]


def test_its_filter_is_the_nats() -> None:
    world = behind(Nat(filtering="address-dependent"))
    alice = Socket(world, "alice", port=5000)
    asked, same, other = (
        Socket(world, "server", address, port)
        for address, port in ((SERVER, 1000), (SERVER, 1001), (OTHER_SERVER, 1000))
    )
    alice.send(b"out", (EMBEDDED[SERVER], 1000))
    world.clock.run_for(0.1)
    for one in (asked, same, other):
        one.send(b"in", (OUTSIDE, 5000))
    world.clock.run_for(0.1)
    assert [who for _, who, _ in alice.data] == [(EMBEDDED[SERVER], 1000), (EMBEDDED[SERVER], 1001)]


def test_native_ipv6_goes_past_it() -> None:
    world = behind()
    alice = Socket(world, "alice", port=5000)
    server = Socket(world, "server", SERVER_V6, 1000)
    alice.send(b"question", (SERVER_V6, 1000))
    world.clock.run_for(0.1)
    assert [who for _, who, _ in server.data] == [(ALICE_V6, 5000)]


def test_an_error_comes_back_in_the_words_of_icmpv6() -> None:
    world = behind()
    alice = Socket(world, "alice", port=5000)
    alice.send(b"nobody there", (EMBEDDED[SERVER], 999))
    world.clock.run_for(0.1)
    ((about, error),) = alice.errors
    assert about == (EMBEDDED[SERVER], 999)
    told = error.version, error.type, error.code, error.router
    assert told == (6, 1, 4, EMBEDDED[SERVER])


def test_an_error_of_the_inside_leaves_in_the_words_of_icmp() -> None:
    world = behind()
    alice = Socket(world, "alice", port=5000)
    server = Socket(world, "server", SERVER, 1000)
    alice.send(b"question", (EMBEDDED[SERVER], 1000))
    world.clock.run_for(0.1)
    alice.transport.close()
    server.send(b"too late", (OUTSIDE, 5000))
    world.clock.run_for(0.1)
    ((about, error),) = server.errors
    assert about == (OUTSIDE, 5000)
    assert (error.version, error.type, error.code) == (4, 3, 3)


@pytest.mark.parametrize(("hops", "router"), [(1, "2001:db8:100::1"), (2, "64:ff9b::cb00:7101")])
def test_hops_are_counted_on_both_sides_of_it(hops: int, router: str) -> None:
    world = behind()
    alice = Socket(world, "alice", port=5000, hops=hops)
    alice.send(b"not far", (EMBEDDED[SERVER], 1000))
    world.clock.run_for(0.1)
    ((about, error),) = alice.errors
    assert about == (EMBEDDED[SERVER], 1000)
    assert (error.version, error.type, error.code, error.router) == (6, 3, 0, router)


def test_what_is_too_large_beyond_it_is_told_as_packet_too_big() -> None:
    world = behind(links={"internet": Link()})
    world.port("server").down.set(msgspec.structs.replace(world.port("server").down.line, mtu=600))
    alice = Socket(world, "alice", port=5000)
    alice.send(bytes(1000), (EMBEDDED[SERVER], 1000))
    world.clock.run_for(0.1)
    ((_, error),) = alice.errors
    assert (error.version, error.type, error.code) == (6, 2, 0)


def test_two_hosts_behind_it_meet_at_its_outer_address_where_it_turns_back() -> None:
    world = behind(Nat(hairpin="yes"))
    one, other = (Socket(world, "alice", port=port) for port in (5000, 5001))
    other.send(b"a binding", (EMBEDDED[SERVER], 1000))
    world.clock.run_for(0.1)
    one.send(b"around", ("64:ff9b::cb00:7102", 5001))
    world.clock.run_for(0.1)
    assert [(d, who) for d, who, _ in other.data] == [(b"around", ("64:ff9b::cb00:7102", 5000))]


def test_a_connection_passes() -> None:
    world = behind()
    host, got = world.hosts["alice"], []

    class Reader:
        def connection_made(self, transport: object) -> None:
            pass

        def data_received(self, data: bytes) -> None:
            got.append(data)

        def connection_lost(self, exc: Exception | None) -> None:
            pass

    class Greeter(Reader):
        def connection_made(self, transport) -> None:  # type: ignore[no-untyped-def]  # any stream
            transport.write(b"welcome")

    server = world.hosts["server"]
    listening = server.loop.create_task(server.net.listen(Greeter, SERVER, 80))
    world.clock.complete(listening)
    where = (EMBEDDED[SERVER], 80)
    opening = host.loop.create_task(host.net.open_stream(Reader(), where, local=ALICE_V6))
    world.clock.complete(opening)
    world.clock.run_for(0.2)
    assert got == [b"welcome"]


def test_dns64_makes_addresses_only_where_there_are_none() -> None:
    names = {
        "old.example": Name(addresses=(SERVER,)),
        "both.example": Name(addresses=(SERVER, SERVER_V6)),
    }
    world = behind(names=names)
    assert resolved(world, "old.example") == [(EMBEDDED[SERVER], 3478), (SERVER, 3478)]
    assert resolved(world, "both.example") == [(SERVER, 3478), (SERVER_V6, 3478)]
    bob = world.hosts["bob"]
    asking = bob.loop.create_task(bob.net.resolve("old.example", 3478))
    world.clock.complete(asking)
    assert asking.result() == [(SERVER, 3478)]


@pytest.mark.parametrize("text", ["64:ff9b::/64", "10.0.0.0/8", "nonsense", "64:ff9b::1/128"])
def test_a_prefix_of_another_length_is_refused(text: str) -> None:
    network = homes(ipv6=True)
    router = msgspec.structs.replace(network.routers["alice-nat"], nat64=text)
    with pytest.raises(BadNetwork, match="no IPv6 prefix of 96 bits") as caught:
        check(msgspec.structs.replace(network, routers={**network.routers, "alice-nat": router}))
    assert caught.value.path == ("routers", "alice-nat", "nat64")


def test_without_a_nat_there_are_no_ports_to_translate_to() -> None:
    network: Network = homes("open", ipv6=True)
    router = msgspec.structs.replace(network.routers["alice-nat"], nat64=PREFIX)
    with pytest.raises(BadNetwork, match="a NAT64 needs a nat"):
        check(msgspec.structs.replace(network, routers={**network.routers, "alice-nat": router}))


def test_the_size_that_fits_is_told_for_the_longer_header() -> None:
    nat64 = Nat64(PREFIX)
    about = Packet((ALICE_V6, 5000), (SERVER, 1000), bytes(1000))
    told = nat64.inwards(Packet((SERVER, 0), (ALICE_V6, 0), icmp.too_big(about, 600)))
    assert isinstance(told.payload, Trouble)
    assert (told.payload.type, told.payload.mtu) == (2, 620)
    back = Packet((ALICE_V6, 0), (EMBEDDED[SERVER], 0), icmp.too_big(told.payload.about, 620))
    narrowed = nat64.outwards(back).payload
    assert isinstance(narrowed, Trouble)
    assert (narrowed.type, narrowed.code, narrowed.mtu) == (3, 4, 600)
