"""Plays a network: two engines in it, everything they said and when, what they sent.

Bounded in packets and events, so that a storm ends at once.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from icetui import events
from icetui.events import AnyEvent, Event
from icetui.session import Session, fold
from icetui.vnet.clock import Clock
from icetui.vnet.network import Network
from icetui.vnet.network_parts import Session as Start
from icetui.vnet.packet import Packet
from icetui.vnet.peer import Peer
from icetui.vnet.world import World
from icetui.vnet.world_parts import Machine
from tests.vnet.search.ideal import Times, command

HORIZON = 30.0
"""Seconds that a network runs on after both know both, and after its last change."""
GATHERING = 30.0
"""Seconds within which gathering has to end."""
MOST_PACKETS = 40_000
MOST_EVENTS = 60_000
"""Of one side."""
LEAVING = 3.0


@dataclass
class Side:
    """One engine's run."""

    name: str
    start: Start
    events: list[AnyEvent] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    """World time of each event."""
    packets: dict[int, int] = field(default_factory=dict)
    """Datagrams and segments sent, by second of world time."""
    sent: int = 0
    copied: float | None = None
    """When the other side took its description."""
    complete: bool = False
    """Whether that was said to be whole."""
    pasted: float | None = None
    left: bool = False

    @property
    def session(self) -> Session:
        """All of it folded."""
        return fold(self.events)

    def session_at(self, when: float) -> Session:
        """What was known at a world time."""
        return fold(e for e, at in zip(self.events, self.at, strict=True) if at <= when)


@dataclass
class Run:
    """What came of a network."""

    network: Network
    sides: dict[str, Side]
    until: float = 0.0
    """World time at which looking ended; leaving came after."""
    cpu: float = 0.0
    storm: str = ""
    failures: list[str] = field(default_factory=list)
    drops: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def both_known(self) -> float | None:
        """World time from which both sides knew both descriptions."""
        pasted = [side.pasted for side in self.sides.values() if side.pasted is not None]
        return max(pasted) if len(pasted) == len(self.sides) else None

    @property
    def times(self) -> dict[str, Times]:
        return {
            side.name: Times(side.copied, side.pasted, side.complete)
            for side in self.sides.values()
            if side.copied is not None and side.pasted is not None
        }

    def other(self, name: str) -> Side:
        return next(side for side in self.sides.values() if side.name != name)


class _Playing:
    def __init__(self, network: Network, horizon: float) -> None:
        self.world = World(network)
        self.network = network
        self.horizon = horizon
        self.run = Run(network, {n: Side(n, s) for n, s in network.sessions.items()})
        self.peers: dict[str, Peer] = {}

    def play(self) -> Run:
        began = time.process_time()
        run = self.run
        self._play()
        run.failures = [described(f) for f in self.world.failures]
        run.drops = {(place, why): n for (place, why), n in self.world.drops.items()}
        for host in self.world.hosts.values():
            host.loop.close()
        run.cpu = time.process_time() - began
        return run

    def _play(self) -> None:
        world, loop = self.world, self.world.fabric.loop
        names = list(self.network.sessions)
        for name, session in self.network.sessions.items():
            loop.call_later(session.starts_at, self._start, name)
        for name, session in self.network.sessions.items():
            if session.pastes_at is not None:
                loop.call_later(session.pastes_at, self._paste, name)
        if any(s.pastes_at is None for s in self.network.sessions.values()):
            world.clock.run_until_true(lambda: self._gathered() or self._stormy(), GATHERING)
            for name in names:
                if self.network.sessions[name].pastes_at is None:
                    self._paste(name)
        last = max([world.clock.now, *(s.pastes_at or 0.0 for s in self.network.sessions.values())])
        last = max([last, *(change.at for change in self.network.changes)])
        world.clock.run_until_true(self._stormy, last + self.horizon - world.clock.now)
        self.run.until = world.clock.now
        if self._stormy():
            return
        for peer in self.peers.values():
            peer.leave()
        world.clock.run_until_true(self._stormy, LEAVING)

    def _stormy(self) -> bool:
        """Looked at after every step: a storm can take place within one instant."""
        return bool(self.run.storm)

    def _gathered(self) -> bool:
        return len(self.peers) == len(self.run.sides) and all(
            p.gathered for p in self.peers.values()
        )

    def _start(self, name: str) -> None:
        session = self.network.sessions[name]
        host = self.world.hosts[session.host]
        side, clock = self.run.sides[name], self.world.clock
        count_packets(host, side, self.run, clock)

        def heard(event: Event) -> None:
            side.events.append(event)  # type: ignore[arg-type]  # all are of the union
            side.at.append(clock.now)
            if len(side.events) > MOST_EVENTS:
                self.run.storm = f"{name}: more than {MOST_EVENTS} events by {clock.now:.1f} s"

        self.peers[name] = Peer(host, command(session), heard)

    def _paste(self, name: str) -> None:
        """Wait for the other's description, then paste it."""
        other = self.run.other(name)
        peer = self.peers.get(other.name)
        if peer is None or not peer.blob or name not in self.peers:
            self.world.fabric.loop.call_later(0.1, self._paste, name)
            return
        now = self.world.clock.now
        other.copied, other.complete = now, peer.gathered
        self.run.sides[name].pasted = now
        self.peers[name].send(events.Paste(text=peer.blob))


def count_packets(host: Machine, side: Side, run: Run, clock: Clock) -> None:
    """Count what a host sends from now on."""
    send, packets = host.send, side.packets

    def counted(packet: Packet) -> int | None:
        side.sent += 1
        second = int(clock.now)
        packets[second] = packets.get(second, 0) + 1
        if side.sent > MOST_PACKETS:
            run.storm = f"{side.name}: more than {MOST_PACKETS} packets by {clock.now:.1f} s"
        return send(packet)

    host.send = counted  # type: ignore[method-assign]  # to count


def described(failure: dict[str, Any]) -> str:
    """Where an unhandled exception came from, in one line."""
    error = failure.get("exception")
    where = ""
    trace = getattr(error, "__traceback__", None)
    while trace is not None:
        code = trace.tb_frame.f_code
        if "icetui" in code.co_filename:
            where = f" at {code.co_filename.rpartition('icetui/')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{failure.get('message', '')}: {error!r}{where}"


def play(network: Network, horizon: float = HORIZON) -> Run:
    """Play it. The same network gives the same events."""
    return _Playing(network, horizon).play()
