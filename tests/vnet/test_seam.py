"""The engine asks nothing of the machine but through the net it is handed."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import socket
import ssl
import time
from typing import Any

import ifaddr
import pytest

from icetui import events
from icetui.events import Event, StunServer, TurnServer
from icetui.session import Session
from icetui.vnet.network import Network, Server
from icetui.vnet.peer import Peer
from icetui.vnet.servers import StunOptions, TurnOptions
from icetui.vnet.world import World
from tests.vnet.playing import OTHER_SERVER, SERVER, homes

MACHINE: list[tuple[Any, str]] = [
    (socket, "socket"), (socket, "getaddrinfo"), (socket, "create_connection"),
    (ssl, "create_default_context"), (time, "time"), (time, "monotonic"),
    (random, "random"), (random, "uniform"), (random, "getrandbits"), (random, "SystemRandom"),
    (secrets, "token_bytes"), (secrets, "randbits"), (secrets, "choice"), (os, "urandom"),
    (ifaddr, "get_adapters"),
    (asyncio.BaseEventLoop, "create_datagram_endpoint"),
    (asyncio.BaseEventLoop, "create_connection"), (asyncio.BaseEventLoop, "run_in_executor"),
]  # fmt: skip
"""What the engine would reach the machine by."""


def network() -> Network:
    """Two homes whose NATs need a relay, and everything that a session can ask."""
    return homes(
        "sym",
        "sym",
        servers={
            "stun": Server(StunOptions(other_addresses=(OTHER_SERVER,)), host="server"),
            "turn": Server(
                TurnOptions(users={"alice": "secret"}, transports=("udp", "tcp", "tls"))
            ),
        },
    )


def test_a_session_from_gathering_to_close_touches_nothing_of_the_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(network())
    [turn] = [a for name, a in world.hosts["turn"].interfaces() if name != "lo"]

    def touched(*_: Any, **__: Any) -> Any:
        raise AssertionError("the engine reached past its net")

    for owner, name in MACHINE:
        monkeypatch.setattr(owner, name, touched)
    start = events.StartSession(
        stun_servers=(StunServer(host=SERVER, port=3478),),
        turn_servers=tuple(
            TurnServer(host=turn, port=port, transport=how, username="alice", password="secret")
            for how, port in (("udp", 3478), ("tcp", 3478), ("tls", 5349))
        ),
    )
    sessions = {name: Session() for name in ("alice", "bob")}
    told: dict[str, list[Event]] = {name: [] for name in sessions}

    def sink(name: str) -> Any:
        def take(event: Event) -> None:
            told[name].append(event)
            sessions[name].apply(event)  # type: ignore[arg-type]  # an event of the union

        return take

    peers = {name: Peer(world.hosts[name], start, sink(name)) for name in sessions}
    clock = world.clock
    assert clock.run_until_true(lambda: all(p.gathered for p in peers.values()), 10)
    peers["alice"].send(events.Paste(text=peers["bob"].blob))
    peers["bob"].send(events.Paste(text=peers["alice"].blob))
    assert clock.run_until_true(lambda: all(s.connected for s in sessions.values()), 2)
    clock.run_for(1)
    peers["alice"].send(events.SendText(text="over the relay"))
    clock.run_for(60)
    peers["bob"].send(events.Restart())
    clock.run_for(2)
    for peer in peers.values():
        peer.leave()
    clock.run_for(2)
    assert not world.failures
    assert [len(s.servers) for s in sessions.values()] == [4, 4]
    assert all(server.state == "ok" for s in sessions.values() for server in s.servers.values())
    assert [t.text for t in sessions["bob"].texts] == ["over the relay"]
    assert all(s.closed is not None for s in sessions.values())
