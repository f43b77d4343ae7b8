"""A path has gone silent: our servers are asked at once, and what they say tells what it was."""

from __future__ import annotations

from icetui import events
from icetui.diagnosis import diagnose
from icetui.session import Session
from icetui.vnet.demo_network import demo_network
from icetui.vnet.peer import Peer
from icetui.vnet.world import World


class Stage:
    """Two sides behind port-restricted NATs, connected directly."""

    def __init__(self) -> None:
        network, sides = demo_network(events.StartNetwork(turn=False, seed=5))
        self.world = World(network)
        self.sessions = [Session() for _ in sides]
        self.asked: list[float] = []
        """When alice has asked a server, in the stream's time."""

        def alice(event: events.Event) -> None:
            self.sessions[0].apply(event)  # type: ignore[arg-type]  # all are of the union
            outward = isinstance(event, events.StunMessage) and event.direction == "out"
            if outward and event.remote.startswith("192.0.2.10:"):
                self.asked.append(event.t)

        takers = [alice, self.sessions[1].apply]
        peers = [
            Peer(self.world.hosts[side.host], side.start, taker)  # type: ignore[arg-type]  # as above
            for side, taker in zip(sides, takers, strict=True)
        ]
        clock = self.world.clock
        assert clock.run_until_true(lambda: all(p.gathered for p in peers), 20)
        for one, other in (peers, reversed(peers)):
            one.send(events.Paste(text=other.blob))
        assert clock.run_until_true(lambda: self.sessions[0].state == "completed", 10)
        clock.run_for(5)

    def change(self, what: str, whom: str) -> None:
        self.world.change(what, whom)

    def silent_after(self, seconds: float) -> float:
        """When alice's path went silent, in the stream's time; `seconds` later she is looked at."""
        clock, session = self.world.clock, self.sessions[0]
        assert clock.run_until_true(lambda: session.state == "disconnected", 10)
        silent = session.t
        clock.run_for(seconds)
        return silent


def test_while_a_direct_path_stands_no_server_is_asked() -> None:
    stage = Stage()
    del stage.asked[:]
    stage.world.clock.run_for(60)
    assert stage.asked == []


def test_a_nat_that_has_moved_us_is_known_within_a_second() -> None:
    stage = Stage()
    stage.change("rebind", "alice-nat")
    silent = stage.silent_after(0.5)
    assert min(t for t in stage.asked if t >= silent) - silent < 0.1
    finding = diagnose(stage.sessions[0])[0]
    assert finding.hypotheses[0].code == "we-moved"


def test_a_line_of_theirs_that_is_cut_leaves_our_servers_answering() -> None:
    stage = Stage()
    stage.change("cut", "bob-nat.outside")
    stage.silent_after(2.0)
    finding = diagnose(stage.sessions[0])[0]
    assert "our-line" not in {h.code for h in finding.hypotheses}


def test_servers_are_not_asked_again_and_again_for_each_pair_that_goes_silent() -> None:
    stage = Stage()
    stage.change("cut", "bob-nat.outside")
    silent = stage.silent_after(9.0)
    asked = [t for t in stage.asked if t >= silent]
    assert 1 <= len(asked) <= 4
