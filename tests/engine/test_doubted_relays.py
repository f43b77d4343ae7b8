"""A session without a path tries its relays itself; a complete blob says what our NAT does."""

from __future__ import annotations

from typing import Any

import msgspec

from icetui import events, signaling
from icetui.session import Session
from icetui.vnet.demo_network import demo_network
from icetui.vnet.peer import Peer
from icetui.vnet.world import World


class Meeting:
    """Two sessions that have each other's blob, once both are complete."""

    def __init__(self, kind: str = "sym", **turn: Any) -> None:
        """`turn`: options of the TURN server."""
        network, sides = demo_network(events.StartNetwork(alice=kind, bob=kind, seed=5))
        server = network.servers["turn"]
        options = msgspec.structs.replace(server.options, **turn)
        servers = network.servers | {"turn": msgspec.structs.replace(server, options=options)}
        self.world = World(msgspec.structs.replace(network, servers=servers))
        self.heard: list[events.AnyEvent] = []
        self.sessions = (Session(), Session())

        def alice(event: Any) -> None:
            self.heard.append(event)
            self.sessions[0].apply(event)

        hosts = self.world.hosts
        self.peers = (
            Peer(hosts["alice"], sides[0].start, alice),
            Peer(hosts["bob"], sides[1].start, self.sessions[1].apply),  # type: ignore[arg-type]  # of the union
        )
        assert self.world.clock.run_until_true(lambda: all(p.gathered for p in self.peers), 5)

    def exchange(self, *, both: bool = True) -> None:
        alice, bob = self.peers
        alice.send(events.Paste(session="alice", text=bob.blob))
        if both:
            bob.send(events.Paste(session="bob", text=alice.blob))

    @property
    def tried(self) -> list[events.RelayTried]:
        return [e for e in self.heard if isinstance(e, events.RelayTried)]


def test_where_no_path_comes_up_each_relay_is_tried_once() -> None:
    meeting = Meeting(deaf_relays=True)
    meeting.exchange()
    meeting.world.clock.run_for(40)
    assert not meeting.sessions[0].connected
    assert [t.outcome for t in meeting.tried] == ["silent"] * len(meeting.sessions[0].relays_tried)
    assert meeting.tried
    assert not meeting.world.failures


def test_while_the_other_side_has_not_pasted_a_good_relay_is_proved() -> None:
    meeting = Meeting()
    meeting.exchange(both=False)
    meeting.world.clock.run_for(10)
    assert {t.outcome for t in meeting.tried} == {"works"}


def test_where_a_path_stands_no_relay_is_tried() -> None:
    meeting = Meeting()
    meeting.exchange()
    meeting.world.clock.run_for(40)
    assert meeting.sessions[0].connected
    assert meeting.tried == []


def test_a_complete_blob_says_what_the_nat_does() -> None:
    meeting = Meeting("prc")
    said = [signaling.read(peer.blob) for peer in meeting.peers]
    assert [d.mapping for d in said] == ["endpoint-independent"] * 2
    told = [e.state for e in meeting.heard if isinstance(e, events.GatheringStateChanged)]
    assert told == ["gathering", "complete"]
    assert meeting.sessions[0].t < 1.0, "nobody waits long for it"


def test_a_complete_blob_waits_for_nobody_who_knows_nothing_of_the_nat() -> None:
    meeting = Meeting("udpblock")
    assert meeting.sessions[0].gathering == "complete"
    assert meeting.sessions[0].t <= 2.5
