"""Servers in a world, reached through its NATs and firewalls; one seed, one course of events."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from icetui.engine.net import Address, TlsFailure
from icetui.vnet import changes
from icetui.vnet import stun_messages as stun
from icetui.vnet.network import Network, Server
from icetui.vnet.network_parts import NatKind, Rule
from icetui.vnet.servers import Certificate, StunOptions, TurnOptions
from icetui.vnet.world import World
from tests.vnet.asking import Asking, address, code
from tests.vnet.playing import ALICE_OUTSIDE, OTHER_SERVER, SERVER, Socket, homes

USERS = {"alice": "secret"}


def with_servers(
    alice: NatKind = "prc", bob: NatKind = "prc", seed: int = 0, **servers: Any
) -> Network:
    """Two homes, and these servers on the host on the internet."""
    placed = {name: Server(options, "server") for name, options in servers.items()}
    return homes(alice, bob, seed=seed, servers=placed)


def asking(world: World, host: str, server: Address) -> Asking:
    """A client of servers on a host of a world."""
    machine = world.hosts[host]

    def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
        return world.clock.complete(machine.loop.create_task(coroutine))

    place = SimpleNamespace(
        run=run,
        addresses=machine.ports[0].addresses,
        open_udp=machine.net.open_udp,
        open_stream=machine.net.open_stream,
        lan=world,
    )
    return Asking(place, server)  # the part of a host that it uses


def test_a_stun_server_sees_the_outside_of_a_nat() -> None:
    world = World(with_servers(stun=StunOptions()))
    client = asking(world, "alice", (SERVER, 3478)).open()
    answer = client.ask(stun.BINDING)
    assert address(answer, stun.XOR_MAPPED_ADDRESS) == (ALICE_OUTSIDE, client.address[1])


@pytest.mark.parametrize(("nat", "heard"), [("cone", True), ("prc", False)])
def test_a_cone_lets_the_second_address_answer_and_a_port_restricted_one_does_not(
    nat: NatKind, heard: bool
) -> None:
    world = World(with_servers(nat, stun=StunOptions(other_addresses=(OTHER_SERVER,))))
    client = asking(world, "alice", (SERVER, 3478)).open()
    change = stun.CHANGE_REQUEST, bytes((0, 0, 0, 6))
    assert (client.ask(stun.BINDING, change) is not None) is heard


def test_a_server_without_a_host_gets_one_with_its_addresses() -> None:
    options = StunOptions(addresses=("192.0.2.20",), other_addresses=("192.0.2.21",))
    world = World(homes(servers={"stun": Server(options)}))
    assert [a for _, a in world.hosts["stun"].interfaces()] == [
        "127.0.0.1",
        "192.0.2.20",
        "192.0.2.21",
    ]
    answer = asking(world, "alice", ("192.0.2.21", 3479)).open().ask(stun.BINDING)
    assert code(answer) == 0


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_two_symmetric_nats_meet_over_a_relay(transport: str) -> None:
    world = World(with_servers("sym", "sym", turn=TurnOptions(users=USERS)))
    alice = asking(world, "alice", (SERVER, 3478))
    alice = alice.open() if transport == "udp" else alice.connect()
    relayed = alice.allocate()
    bob = Socket(world, "bob")
    bob.send(b"before a permission", relayed)
    world.clock.run_for(0.1)
    peer = next(
        b.outside
        for b in world.routers["bob-nat"].nats["outside"].bindings()
        if b.protocol == "udp"
    )
    assert code(alice.request(stun.CREATE_PERMISSION, peer=peer)) == 0
    bob.send(b"hello", relayed)
    indication = stun.parse(alice.wait() or b"")
    assert indication is not None
    assert indication.attributes[stun.DATA] == b"hello"


def test_without_udp_a_relay_is_reached_over_tcp_only() -> None:
    world = World(with_servers("udpblock", turn=TurnOptions(users=USERS)))
    assert asking(world, "alice", (SERVER, 3478)).open().ask(stun.ALLOCATE) is None
    relayed = asking(world, "alice", (SERVER, 3478)).connect().allocate()
    assert relayed[0] == SERVER


def test_a_stopped_server_s_port_is_closed_until_it_starts_again() -> None:
    world = World(with_servers(stun=StunOptions()))
    client = asking(world, "alice", (SERVER, 3478)).open()
    assert code(client.ask(stun.BINDING)) == 0
    world.change("stop", "stun")
    assert client.ask(stun.BINDING) is None
    assert [str(error) for error in client.refused] == [f"ICMP port unreachable, said {SERVER}"]
    world.change("start", "stun")
    world.clock.run_for(0.1)
    assert code(client.ask(stun.BINDING)) == 0


def test_a_restarted_turn_server_has_forgotten_its_allocations() -> None:
    world = World(with_servers(turn=TurnOptions(users=USERS)))
    client = asking(world, "alice", (SERVER, 3478)).open()
    client.allocate()
    world.change("restart", "turn")
    world.clock.run_for(0.1)
    assert code(client.request(stun.REFRESH)) == 437


def test_a_nat_that_moves_a_client_makes_it_a_stranger_to_its_turn_server() -> None:
    world = World(with_servers(turn=TurnOptions(users=USERS)))
    client = asking(world, "alice", (SERVER, 3478)).open()
    client.allocate()
    assert code(client.request(stun.REFRESH)) == 0
    world.change("rebind", "alice-nat")
    assert code(client.request(stun.REFRESH)) == 437


def test_tcp_to_a_closed_port_is_refused_and_tls_fails_in_openssl_s_words() -> None:
    certificate = Certificate(names=("turn.test",), trusted=False)
    options = TurnOptions(users=USERS, transports=("udp", "tls"), certificate=certificate)
    world = World(with_servers(turn=options))
    with pytest.raises(ConnectionRefusedError):
        asking(world, "alice", (SERVER, 9)).connect()
    with pytest.raises(TlsFailure, match="self-signed certificate"):
        asking(world, "alice", (SERVER, 5349)).connect("turn.test")


def test_a_connection_outlives_a_short_cut_and_not_a_reboot() -> None:
    world = World(with_servers(turn=TurnOptions(users=USERS)))
    client = asking(world, "alice", (SERVER, 3478)).connect()
    client.allocate()
    world.change("cut", "alice-nat")
    world.clock.run_for(2)
    world.change("restore", "alice-nat")
    assert code(client.request(stun.REFRESH, within=10)) == 0
    world.change("reboot", "server", takes=1.0)
    world.clock.run_for(2)
    client.send(b"\0\x01\0\0" + stun.COOKIE + bytes(12))
    world.clock.run_for(1)
    assert client.lost


def test_a_rebooted_host_knows_none_of_its_connections() -> None:
    world = World(with_servers(turn=TurnOptions(users=USERS)))
    client = asking(world, "alice", (SERVER, 3478)).connect()
    client.allocate()
    world.change("reboot", "alice", takes=1.0)
    assert world.hosts["alice"].tcp.connections == ()
    world.clock.run_for(60)
    assert not client.lost  # nobody was there to be told
    assert not world.failures


COURSE = """
import hashlib
from tests.vnet.test_world import course
print(hashlib.sha256(course(SEED).encode()).hexdigest())
"""


def course(seed: int) -> str:
    """All that is seen of a world with much in it that is left to chance."""
    stun_server = StunOptions(ignores=0.2, delay_spread=0.05)
    turn_server = TurnOptions(users=USERS, port=3479)
    world = World(with_servers("sym", "sym", seed, stun=stun_server, turn=turn_server))
    line = {"delay": 0.02, "jitter": 0.01, "loss": 0.2, "reorder": 0.2, "duplicate": 0.1}
    seen: list[str] = []
    world.watch(lambda passage: seen.append(repr(passage)))
    for whom in ("alice-nat", "bob-nat", "server"):
        world.change("weather", whom, line=line)
    world.change("add-rules", "internet", rules=[{"share": 0.1, "protocol": "udp"}])
    server = Socket(world, "server")
    for name in ("alice", "bob"):
        for _ in range(5):
            socket = Socket(world, name)
            for number in range(10):
                socket.send(b"%d" % number, server.name)
                socket.send(stun.build(stun.BINDING, stun.REQUEST, bytes(12), []), (SERVER, 3478))
        Socket(world, name).send(
            stun.build(stun.ALLOCATE, stun.REQUEST, bytes(12), []), (SERVER, 3479)
        )
    world.change("rebind", "alice-nat")
    world.clock.run_for(30)
    assert not world.failures
    return "\n".join([*seen, repr(world.drops)])


def test_one_seed_is_one_course_of_events_whatever_the_hash_seed() -> None:
    def told(hash_seed: str, seed: int) -> str:
        ran = subprocess.run(
            [sys.executable, "-c", COURSE.replace("SEED", str(seed))],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=50,
        )
        return ran.stdout

    first = told("1", 7)
    assert told("2", 7) == first
    assert told("1", 8) != first


def test_a_captive_portal_answers_every_tcp_port_in_the_words_of_the_web() -> None:
    network = with_servers(turn=TurnOptions(users=USERS))
    walled = Rule(protocol="udp", name="before you pay")
    router = msgspec.structs.replace(network.routers["alice-nat"], portal=True, firewall=(walled,))
    routers = {**network.routers, "alice-nat": router}
    world = World(msgspec.structs.replace(network, routers=routers))
    assert asking(world, "alice", (SERVER, 3478)).open().ask(stun.BINDING) is None
    client = asking(world, "alice", (SERVER, 9)).connect()
    client.send(stun.build(stun.ALLOCATE, stun.REQUEST, bytes(12), []))
    assert client.wait() is None
    assert bytes(client.framing._data).startswith(b"HTTP/1.1 302")
    assert client.lost
    with pytest.raises(TlsFailure, match="wrong version number"):
        asking(world, "alice", (SERVER, 5349)).connect("turn.test")


def test_a_closed_world_leaves_nothing_running() -> None:
    world = World(with_servers(turn=TurnOptions(users=USERS)))
    asking(world, "alice", (SERVER, 3478)).connect().allocate()
    waiting = world.hosts["alice"].loop.create_task(asyncio.sleep(1000))
    world.close()
    assert waiting.cancelled()
    assert world.clock.next_due() is None
    assert not world.failures


def test_what_has_gone_before_its_change_comes_is_missed() -> None:
    gone = (changes.Unplug(whom="alice", at=1.0), changes.Cut(whom="alice", at=2.0))
    world = World(homes(changes=gone))
    world.clock.run_for(3)
    assert world.missed == [gone[1]]
    assert not world.failures


def test_a_change_that_cannot_happen_is_refused() -> None:
    world = World(homes())
    with pytest.raises(KeyError):
        world.change("cut", "carol")
    with pytest.raises(KeyError):
        world.change("cut", "alice.eth7")
    with pytest.raises(KeyError):
        world.change("stop", "carol")
    with pytest.raises(KeyError):
        world.change("uplink", "alice-nat", link="bob-lan")
    with pytest.raises(KeyError):
        world.change("renumber", "alice", addresses=["192.0.2.1"])
    with pytest.raises(msgspec.ValidationError):
        world.change("cut", "alice", direction="sideways")
    with pytest.raises(msgspec.ValidationError):
        world.change("explode", "alice")


def test_a_server_that_cannot_start_is_told_of(errors: list[dict[str, Any]]) -> None:
    world = World(with_servers(stun=StunOptions()))
    world.clock.run_for(0.1)
    world.change("stop", "stun")
    Socket(world, "server", port=3478)
    world.change("start", "stun")
    world.clock.run_for(1)
    assert [failure["message"] for failure in world.failures] == ["stun could not start"]
    errors.clear()  # as the world tells them, they are told of
