"""UDP from host to host, through what stands between them."""

from __future__ import annotations

import errno

import pytest

from icetui.vnet.world import World
from tests.vnet.playing import ALICE_OUTSIDE, BOB_OUTSIDE, SERVER, Socket, homes


def test_a_datagram_gets_through_a_nat_and_its_answer_back() -> None:
    world = World(homes())
    alice, server = Socket(world, "alice"), Socket(world, "server", port=3478)
    alice.send(b"hello", server.name)
    world.clock.run_for(0.1)
    assert [(d, a) for d, a, _ in server.data] == [(b"hello", (ALICE_OUTSIDE, alice.name[1]))]
    server.send(b"hi", server.data[0][1])
    world.clock.run_for(0.1)
    assert alice.texts == [b"hi"]


def test_two_port_restricted_cones_open_to_each_other() -> None:
    world = World(homes())
    alice, bob = Socket(world, "alice", port=5000), Socket(world, "bob", port=6000)
    alice.send(b"first", (BOB_OUTSIDE, 6000))
    world.clock.run_for(0.1)
    assert not bob.data
    bob.send(b"second", (ALICE_OUTSIDE, 5000))
    alice.send(b"third", (BOB_OUTSIDE, 6000))
    world.clock.run_for(0.1)
    assert alice.texts == [b"second"]
    assert bob.texts == [b"third"]


def test_a_port_that_is_taken_and_an_address_that_is_not_there_are_refused() -> None:
    world = World(homes())
    Socket(world, "alice", port=5000)
    with pytest.raises(OSError) as taken:
        Socket(world, "alice", port=5000)
    assert taken.value.errno == errno.EADDRINUSE
    with pytest.raises(OSError) as elsewhere:
        Socket(world, "alice", SERVER)
    assert elsewhere.value.errno == errno.EADDRNOTAVAIL


def test_a_closed_port_answers_with_icmp() -> None:
    world = World(homes())
    alice = Socket(world, "alice")
    alice.send(b"anybody?", (SERVER, 9))
    world.clock.run_for(0.1)
    assert [(addr, str(error)) for addr, error in alice.errors] == [
        ((SERVER, 9), f"ICMP port unreachable, said {SERVER}")
    ]
