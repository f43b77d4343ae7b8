"""Nonces and allocations of short life, at a simulated server: hours pass in seconds."""

from __future__ import annotations

import pytest

from icetui import events
from icetui.events import Event, Paste, SendText, StartSession, TurnServer
from icetui.session import Session
from icetui.vnet.network import Network, Server
from icetui.vnet.network_parts import Host, Interface
from icetui.vnet.peer import Peer
from icetui.vnet.servers import TurnOptions
from icetui.vnet.world import World

SERVER = "192.0.2.50"
LIFETIME, NONCE = 60.0, 20.0
"""Seconds that an allocation and a nonce live."""


class Relayed:
    """An icetui that has relayed candidates only."""

    def __init__(self, world: World, host: str) -> None:
        self.session = Session()
        self.heard: list[Event] = []
        turn = TurnServer(host=SERVER, username="alice", password="secret")
        start = StartSession(relay_only=True, turn_servers=(turn,))
        self.peer = Peer(world.hosts[host], start, self._take)

    def _take(self, event: Event) -> None:
        self.heard.append(event)
        self.session.apply(event)  # type: ignore[arg-type]  # all are of the union

    def messages(self, method: str, message_class: str) -> list[events.StunMessage]:
        """What went between it and its server."""
        return [
            m
            for m in self.heard
            if isinstance(m, events.StunMessage)
            and m.via
            and (m.method, m.message_class) == (method, message_class)
        ]


@pytest.fixture
def world() -> World:
    options = TurnOptions(
        addresses=(SERVER,), users={"alice": "secret"}, lifetime=LIFETIME, most_lifetime=LIFETIME,
        nonce_lifetime=NONCE,
    )  # fmt: skip
    hosts = {
        name: Host(interfaces=(Interface("internet", addresses=(f"{address}/24",)),))
        for name, address in (("alice", "192.0.2.1"), ("bob", "192.0.2.2"), ("turn", SERVER))
    }
    return World(Network(seed=4, hosts=hosts, servers={"turn": Server(options, host="turn")}))


@pytest.fixture
def sides(world: World) -> tuple[Relayed, Relayed]:
    sides = Relayed(world, "alice"), Relayed(world, "bob")
    gathered = world.clock.run_until_true(lambda: all(s.peer.gathered for s in sides), 5.0)
    assert gathered
    return sides


def connect(world: World, one: Relayed, other: Relayed) -> None:
    one.peer.send(Paste(text=other.peer.blob))
    other.peer.send(Paste(text=one.peer.blob))
    completed = world.clock.run_until_true(
        lambda: all(s.session.state == "completed" for s in (one, other)), 5.0
    )
    assert completed


def test_an_allocation_outlives_its_lifetimes_and_stale_nonces(
    world: World, sides: tuple[Relayed, Relayed]
) -> None:
    """Each refresh comes before the lifetime ends and finds its nonce stale (438): the new one is
    taken, and the path never breaks."""
    connect(world, *sides)
    one, _ = sides
    assert [s.lifetime for s in one.session.servers.values()] == [LIFETIME]
    path = one.session.selected
    world.clock.run_for(10 * LIFETIME)
    one.peer.send(SendText(text="still here"))
    world.clock.run_for(1.0)
    assert one.session.texts[-1].echo is not None
    for each in sides:
        assert len(each.messages("Refresh", "response")) >= 10
        stale = each.messages("Refresh", "error")
        assert stale and all((m.error or "").startswith("438") for m in stale)
        assert each.session.state == "completed"
        assert not [c for c in each.session.local_candidates.values() if c.unsupported]
        states = [e.state for e in each.heard if isinstance(e, events.ConnectionStateChanged)]
        assert "disconnected" not in states
    assert one.session.selected == path
    assert not world.failures


def test_a_peer_that_comes_when_the_nonce_is_stale_is_reached_through_the_relay(
    world: World, sides: tuple[Relayed, Relayed]
) -> None:
    world.clock.run_for(1.2 * NONCE)
    connect(world, *sides)
    for each in sides:
        errors = each.messages("ChannelBind", "error")
        assert [m for m in errors if "438" in (m.error or "")]


def test_what_the_server_grants_and_a_refresh_without_answer_are_fields(
    world: World, sides: tuple[Relayed, Relayed]
) -> None:
    one, _ = sides
    (allocation,) = one.session.allocations.values()
    assert allocation.lifetime == LIFETIME
    assert allocation.expires == pytest.approx(allocation.t + LIFETIME)
    world.clock.run_for(40.0)
    (refreshed,) = one.session.allocations.values()
    assert refreshed.expires > allocation.expires and refreshed.unanswered is None
    world.change("cut", "turn")
    world.clock.run_for(40.0)
    told = [e for e in one.heard if isinstance(e, events.AllocationChanged) and e.unanswered]
    assert told and told[0].t == pytest.approx((told[0].unanswered or 0.0) + 2.0)
    world.clock.run_for(60.0)
    assert not one.session.allocations
    (lost,) = [c for c in one.session.local_candidates.values() if c.gone]
    assert lost.gone == "allocation" and lost.evidence is not None
