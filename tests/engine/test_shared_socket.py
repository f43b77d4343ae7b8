"""Ten sessions of one engine on one port: each is told what is meant for it, and nothing else.

Their peers have a port each: of two sessions between the very same two addresses data says nothing.
"""

from __future__ import annotations

import msgspec
import pytest

from icetui import events
from icetui.engine import stun
from icetui.events import Event, Paste, SendText, StartSession
from icetui.session import Session
from icetui.vnet.network import Network
from icetui.vnet.network_parts import Host, Interface, Rule
from icetui.vnet.peer import Peer
from icetui.vnet.world import World
from tests.vnet.playing import Socket

PORT = 5000
NAMES = [f"s{n}" for n in range(1, 11)]


class Engine:
    """One engine with ten sessions."""

    def __init__(self, world: World, host: str, port: int) -> None:
        self.sessions = {name: Session() for name in NAMES}
        self.heard: list[Event] = []
        first, *rest = (StartSession(session=name, port=port, ipv6=False) for name in NAMES)
        self.peer = Peer(world.hosts[host], first, self._take)
        for start in rest:
            self.peer.send(start)

    def _take(self, event: Event) -> None:
        self.heard.append(event)
        if event.session:
            self.sessions[event.session].apply(event)  # type: ignore[arg-type]  # of the union

    def blob(self, name: str) -> str:
        blob = self.sessions[name].blob
        return blob.blob if blob is not None and blob.complete else ""

    def of(self, kind: type[Event], name: str) -> list[Event]:
        return [e for e in self.heard if isinstance(e, kind) and e.session == name]


@pytest.fixture
def world() -> World:
    hosts = {
        name: Host(interfaces=(Interface("internet", addresses=(f"192.0.2.{n}/24",)),))
        for n, name in enumerate(("alice", "bob", "stranger"), 1)
    }
    return World(Network(seed=1, hosts=hosts))


@pytest.fixture
def engines(world: World) -> tuple[Engine, Engine]:
    alice, bob = Engine(world, "alice", PORT), Engine(world, "bob", 0)
    for name in NAMES:
        ready = world.clock.run_until_true(
            # A lambda that binds the loop's name has no type that can be inferred.
            lambda name=name: bool(alice.blob(name) and bob.blob(name)),  # type: ignore[misc]  # bound
            5.0,
        )
        assert ready
    return alice, bob


def connect(world: World, alice: Engine, bob: Engine) -> None:
    for name in NAMES:
        alice.peer.send(Paste(session=name, text=bob.blob(name)))
        bob.peer.send(Paste(session=name, text=alice.blob(name)))
    world.clock.run_for(4.0)


def test_all_ten_connect_over_one_port(world: World, engines: tuple[Engine, Engine]) -> None:
    connect(world, *engines)
    for engine in engines:
        for session in engine.sessions.values():
            assert session.state == "completed"
            assert not session.refused and not session.dropped
    ports = [c.port for s in engines[0].sessions.values() for c in s.local_candidates.values()]
    assert ports == [PORT] * 10
    assert not world.failures


def test_a_text_comes_out_in_its_own_session(world: World, engines: tuple[Engine, Engine]) -> None:
    connect(world, *engines)
    alice, bob = engines
    for name in NAMES:
        alice.peer.send(SendText(session=name, text=f"for {name}"))
    world.clock.run_for(1.0)
    for name in NAMES:
        received = bob.of(events.TextReceived, name)
        texts = [e.text for e in received if isinstance(e, events.TextReceived)]
        assert texts == [f"for {name}"]
        assert alice.of(events.TextEchoed, name)


def test_a_check_for_nobody_is_refused_once_and_each_session_is_knocked_at_its_own_door(
    world: World, engines: tuple[Engine, Engine]
) -> None:
    alice, bob = engines
    stranger = Socket(world, "stranger")
    request = stun.Builder(stun.Method.BINDING, stun.Class.REQUEST, bytes(12))
    request.text(stun.Attribute.USERNAME, "nobody:here").sign(b"x" * 22)
    stranger.send(request.fingerprint().finish().raw, ("192.0.2.1", PORT))
    alice.peer.send(Paste(session="s7", text=bob.blob("s7")))
    world.clock.run_for(1.0)
    assert [name for name in NAMES if alice.of(events.Refused, name)] == ["s1"]
    assert [name for name in NAMES if bob.of(events.Knocked, name)] == ["s7"]
    assert len(stranger.data) == 1


def test_when_one_has_lost_its_peer_the_others_go_on(
    world: World, engines: tuple[Engine, Engine]
) -> None:
    """The silence of one pair is that session's alone, though all share a socket."""
    connect(world, *engines)
    alice, bob = engines
    (gone,) = bob.sessions["s4"].local_candidates.values()
    closed = Rule(name="s4", chain="input", protocol="udp", destination_ports=(str(gone.port),))
    world.change("add-rules", "bob", rules=[msgspec.to_builtins(closed)])
    world.clock.run_for(10.0)
    states = {name: session.state for name, session in alice.sessions.items()}
    assert states == dict.fromkeys(NAMES, "completed") | {"s4": "disconnected"}
    lost = [name for name in NAMES if alice.of(events.RequestLost, name)]
    assert lost == ["s4"]
