"""A host sleeps, stands still, reboots, roams; its sockets behave as Linux's do."""

from __future__ import annotations

import asyncio
import errno

import msgspec
import pytest

from icetui.engine.net import MulticastSocket, Unresolved
from icetui.vnet.network import Network, Server
from icetui.vnet.network_parts import Host, Interface, Link, Name
from icetui.vnet.servers import StunOptions
from icetui.vnet.world import World
from tests.vnet.playing import (
    ALICE,
    ALICE_OUTSIDE,
    BOB_OUTSIDE,
    SERVER,
    SERVER_V6,
    Heard,
    Socket,
    home,
    homes,
)


def with_host(network: Network, name: str, host: Host) -> Network:
    return msgspec.structs.replace(network, hosts={**network.hosts, name: host})


# --- sockets --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "number"),
    [
        ((SERVER_V6, 9), errno.EAFNOSUPPORT),
        ((SERVER, 0), errno.EINVAL),
        ((SERVER, 9), errno.EMSGSIZE),
    ],
)
def test_what_the_system_refuses_to_send_is_told_later(to: tuple[str, int], number: int) -> None:
    world = World(homes())
    alice = Socket(world, "alice")
    alice.send(bytes(70_000), to)
    assert not alice.failed
    world.clock.run_for(0.1)
    assert [(addr, error.errno) for addr, error in alice.failed] == [(to, number)]


def test_without_a_route_the_network_is_unreachable() -> None:
    network = with_host(
        homes(), "alice", Host(interfaces=(Interface(None, "x", ("10.9.0.1/24",)),))
    )
    world = World(network)
    alice = Socket(world, "alice")
    alice.send(b"x", (SERVER, 9))
    world.clock.run_for(0.1)
    assert [error.errno for _, error in alice.failed] == [errno.ENETUNREACH]
    assert world.hosts["alice"].net.source_address((SERVER, 9)) is None
    assert world.hosts["alice"].net.source_address(("10.9.0.7", 9)) == "10.9.0.1"


def test_a_host_reaches_itself_by_loopback_and_by_its_own_address() -> None:
    world = World(homes())
    one, other = Socket(world, "alice", "127.0.0.1"), Socket(world, "alice", ALICE)
    one.send(b"a", other.name)
    other.send(b"b", one.name)
    other.send(b"c", (ALICE, 9))
    world.clock.run_for(0.1)
    assert (one.texts, other.texts) == ([b"b"], [b"a"])
    assert [str(error) for _, error in other.errors] == [f"ICMP port unreachable, said {ALICE}"]


def test_a_wildcard_socket_hears_all_addresses_and_answers_from_the_route_s() -> None:
    world = World(homes())
    server = Socket(world, "server", "0.0.0.0", 1000)
    alice = Socket(world, "alice")
    alice.send(b"x", ("192.0.2.11", 1000))
    world.clock.run_for(0.1)
    server.send(b"y", server.data[0][1])
    world.clock.run_for(0.1)
    assert server.texts == [b"x"]
    assert not alice.data  # a port-restricted NAT: the answer comes from the other address
    with pytest.raises(OSError, match="in use"):
        Socket(world, "server", SERVER, 1000)


def test_a_closed_socket_hears_nothing_more_and_its_port_is_free() -> None:
    world = World(homes())
    alice = Socket(world, "alice", port=5000)
    alice.transport.close()
    assert alice.transport.is_closing()
    world.clock.run_for(0.1)
    assert alice.lost == [None]
    Socket(world, "alice", port=5000)


def test_ephemeral_ports_are_the_host_s_own_stream() -> None:
    def ports(seed: int) -> list[int]:
        world = World(homes(seed=seed))
        return [Socket(world, "alice").name[1] for _ in range(5)]

    assert ports(1) == ports(1)
    assert ports(1) != ports(2)
    assert all(32768 <= port < 61000 for port in ports(1))


# --- interfaces and routes ------------------------------------------------------------------------


def two_uplinks() -> Network:
    network = homes()
    wires = (Interface("alice-lan", "eth0"), Interface("bob-lan", "eth1"))
    return with_host(network, "alice", Host(interfaces=wires))


def test_what_is_sent_from_an_interface_s_address_leaves_through_that_interface() -> None:
    world = World(two_uplinks())
    server = Socket(world, "server")
    for _, address in world.hosts["alice"].interfaces()[1:]:
        Socket(world, "alice", address).send(b"x", server.name)
    world.clock.run_for(0.1)
    assert [addr[0] for _, addr, _ in server.data] == [ALICE_OUTSIDE, BOB_OUTSIDE]
    assert world.hosts["alice"].net.source_address(server.name) == ALICE


def test_an_interface_that_vanishes_takes_its_address_with_it() -> None:
    world = World(two_uplinks())
    server = Socket(world, "server")
    alice = Socket(world, "alice", port=5000)
    world.change("unplug", "alice.eth0")
    assert [name for name, _ in world.hosts["alice"].interfaces()] == ["lo", "eth1"]
    alice.send(b"x", server.name)
    world.clock.run_for(0.1)
    assert [error.errno for _, error in alice.failed] == [errno.EINVAL]
    assert not server.data
    assert world.hosts["alice"].net.source_address(server.name) == "192.168.2.20"


def test_a_host_that_roams_gets_an_address_where_it_goes() -> None:
    world = World(homes())
    server = Socket(world, "server")
    world.change("roam", "alice", interface={"link": "bob-lan"})
    assert world.hosts["alice"].interfaces()[1:] == [("eth0", "192.168.2.21")]
    alice = Socket(world, "alice")
    alice.send(b"x", server.name)
    world.clock.run_for(0.1)
    assert [addr[0] for _, addr, _ in server.data] == [BOB_OUTSIDE]


def test_a_new_lease_and_another_name() -> None:
    world = World(homes())
    lease = {"link": "alice-lan", "addresses": ["192.168.1.99"]}
    world.change("roam", "alice", interface=lease)
    world.change("rename", "alice.eth0", name="wlan0")
    world.change("plug", "alice", interface={"link": "bob-lan", "name": "usb0"})
    assert world.hosts["alice"].interfaces()[1:] == [
        ("wlan0", "192.168.1.99"),
        ("usb0", "192.168.2.21"),
    ]


# --- its life -------------------------------------------------------------------------------------


def test_a_host_asleep_loses_what_is_sent_to_it_and_its_clock_stands_still() -> None:
    world = World(homes())
    alice, server = Socket(world, "alice"), Socket(world, "server")
    alice.send(b"x", server.name)
    world.clock.run_for(0.1)
    before, wall = world.hosts["alice"].net.now(), world.hosts["alice"].net.wall()
    world.change("suspend", "alice")
    server.send(b"lost", server.data[0][1])
    world.clock.run_for(20)
    world.change("resume", "alice")
    server.send(b"heard", server.data[0][1])
    world.clock.run_for(0.1)
    assert alice.texts == [b"heard"]
    assert world.drops == {("alice", "asleep"): 1}
    assert world.hosts["alice"].net.now() == pytest.approx(before + 0.1)
    assert world.hosts["alice"].net.wall() == pytest.approx(wall + 20.1)


def test_a_stopped_host_hears_later_what_its_system_has_taken_meanwhile() -> None:
    world = World(homes())
    alice, server = Socket(world, "alice"), Socket(world, "server")
    alice.send(b"x", server.name)
    world.clock.run_for(0.1)
    world.change("stop", "alice")
    for number in range(1000):
        server.send(b"%d" % number, server.data[0][1])
    sent = world.hosts["alice"].net.now()
    world.clock.run_for(20)
    assert not alice.data
    assert world.hosts["alice"].net.now() == pytest.approx(sent + 20)
    world.change("continue", "alice")
    world.clock.run_for(0.1)
    assert alice.texts[:2] == [b"0", b"1"]
    assert 300 < len(alice.texts) < 1000
    assert len(alice.texts) + world.drops["alice", "buffer-full"] == 1000
    assert {at for _, _, at in alice.data} == {sent}


def test_a_rebooted_host_has_forgotten_everything_but_begins_its_servers_anew() -> None:
    network = homes()
    servers = {"stun": Server(StunOptions(), "server")}
    network = msgspec.structs.replace(network, servers=servers)
    network = with_host(
        network, "server", msgspec.structs.replace(network.hosts["server"], echo=(7,))
    )
    world = World(network)
    loop = world.hosts["server"].loop
    waiting = loop.create_task(asyncio.sleep(1000), name="a program")
    server, alice = Socket(world, "server", port=1000), Socket(world, "alice")
    assert world.servers["stun"].running
    world.change("reboot", "server", takes=10.0)
    alice.send(b"x", server.name)
    alice.send(b"x", (SERVER, 7))
    world.clock.run_for(9)
    assert waiting.cancelled()
    assert not alice.data
    assert not alice.errors
    world.clock.run_for(2)
    assert world.servers["stun"].running
    alice.send(b"x", server.name)
    alice.send(b"echo", (SERVER, 7))
    world.clock.run_for(0.1)
    assert alice.texts == [b"echo"]
    assert [addr for addr, _ in alice.errors] == [server.name]
    assert not server.lost  # the program was gone before its socket could tell it
    assert not world.failures


def test_a_wall_clock_may_be_wrong() -> None:
    network = with_host(
        homes(wall=1_000_000.0),
        "alice",
        Host(interfaces=(Interface("alice-lan"),), wall_error=-3600.0),
    )
    world = World(network)
    world.clock.run_for(5)
    assert world.hosts["bob"].net.wall() == pytest.approx(1_000_005)
    assert world.hosts["alice"].net.wall() == pytest.approx(996_405)
    world.change("wall", "alice", error=7.0)
    assert world.hosts["alice"].net.wall() == pytest.approx(1_000_012)


# --- names ----------------------------------------------------------------------------------------


def resolving(world: World, host: str, name: str) -> list[tuple[str, int]] | str:
    machine = world.hosts[host]
    task = machine.loop.create_task(machine.net.resolve(name, 3478))
    try:
        return world.clock.complete(task)
    except Unresolved as error:
        return str(error)


def test_a_resolver_may_be_slow_silent_ignorant_or_tell_each_host_something_else() -> None:
    names = {
        "stun.test": Name(
            addresses=(SERVER, SERVER_V6), delay=0.5, hosts={"bob": Name(addresses=("10.0.0.1",))}
        ),
        "silent.test": Name(silent=True),
        "gone.test": Name(delay=0.1),
    }
    world = World(homes(names=names))
    assert resolving(world, "alice", "STUN.test.") == [(SERVER, 3478), (SERVER_V6, 3478)]
    assert world.clock.now == pytest.approx(0.5)
    assert resolving(world, "bob", "stun.test") == [("10.0.0.1", 3478)]
    assert resolving(world, "alice", "gone.test") == "Name or service not known"
    assert resolving(world, "alice", "never.test") == "Name or service not known"
    assert world.clock.now == pytest.approx(0.6)
    assert resolving(world, "alice", "silent.test") == "Temporary failure in name resolution"
    assert world.clock.now == pytest.approx(10.6)
    assert resolving(world, "alice", SERVER) == [(SERVER, 3478)]
    assert resolving(world, "alice", f"[{SERVER_V6}]") == [(SERVER_V6, 3478)]
    world.change("answer", "stun.test", addresses=["192.0.2.99"])
    assert resolving(world, "alice", "stun.test") == [("192.0.2.99", 3478)]


# --- multicast ------------------------------------------------------------------------------------

QUESTION = bytes.fromhex("000000000001000000000000") + b"\x04card\x05local\0\0\x01\0\x01"


@pytest.mark.parametrize("isolated", [False, True])
def test_a_hidden_name_is_answered_for_in_its_own_lan_only(isolated: bool) -> None:
    hosts = {
        "alice": Host(interfaces=(Interface("lan"),)),
        "card": Host(interfaces=(Interface("lan"),), local_names=("Card.local",)),
    }
    network = Network(
        links={"lan": Link(isolated=isolated)}, routers={"nat": home("lan", "prc")}, hosts=hosts
    )
    world = World(network)
    alice = world.hosts["alice"]
    group = alice.net.open_multicast("224.0.0.251", 5353, [ALICE])
    asking = alice.loop.create_task(heard(group))
    alice.loop.run(group.ask, QUESTION, ALICE)
    answer, source = world.clock.complete(asking)
    if isolated:
        assert (answer, source) == (b"", ("", 0))
        return
    assert source == ("192.168.1.21", 5353)
    assert answer.endswith(bytes([192, 168, 1, 21]))
    with pytest.raises(OSError, match="assign"):
        group.ask(QUESTION, "192.168.1.99")
    for other in (b"\x04cart\x05local", b"\x04card\x04test"):
        asking = alice.loop.create_task(heard(group))
        alice.loop.run(group.ask, QUESTION.replace(b"\x04card\x05local", other), ALICE)
        assert world.clock.complete(asking) == (b"", ("", 0))
    group.close()


async def heard(group: MulticastSocket) -> tuple[bytes, tuple[str, int]]:
    """The next answer, not our own question coming back."""
    try:
        async with asyncio.timeout(5):
            while True:
                data, source = await group.receive()
                if data[2] & 0x80:
                    return data, source
    except TimeoutError:
        return b"", ("", 0)


def test_a_receiver_is_told_of_its_socket_before_it_hears_anything() -> None:
    world = World(homes())
    alice = world.hosts["alice"]
    receiver = Heard()
    made = world.clock.complete(alice.loop.create_task(alice.net.open_udp(receiver, ALICE)))
    assert receiver.transport is made
