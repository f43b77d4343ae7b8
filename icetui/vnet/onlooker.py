"""Looks at a world from outside and tells what has changed: its parts, its NAT tables, packets.

What belongs here: what was told last, and how much is told a second.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from icetui import events
from icetui.vnet import sightings
from icetui.vnet.demo_network import Side
from icetui.vnet.tap import Passage
from icetui.vnet.world import World

MOST_TOLD = 100
"""Packets told in one event …"""
MOST_A_SECOND = 600
"""… and in a second of ours; all beyond are counted."""
DRIFT = 1.0
"""Seconds by which a binding's end may have moved before it is told again."""

Emit = Callable[..., None]


class Onlooker:
    """Sees without touching: nothing in the world happens otherwise because of it."""

    def __init__(self, world: World, sides: Sequence[Side], emit: Emit) -> None:
        self._world = world
        self._sides = sides
        self._emit = emit
        self._shape: Any = None
        self._tables: dict[str, tuple[Any, float]] = {}
        """Of each NAT: the rows told last, and the ends of their times added up."""
        self._serving = {spec.host or name for name, spec in world.network.servers.items()}
        """Hosts on which servers run."""
        self._unwatch: Callable[[], None] | None = None
        self._seen: list[Passage] = []
        self._left_out = 0
        self._second, self._told = 0.0, 0
        self._look_at_parts()

    def watch(self, *, packets: bool) -> None:
        """Somebody looks at packets and ages, or no more."""
        if self._unwatch is not None:
            self._unwatch()
            self._unwatch = None
        self._seen.clear()
        if packets:
            self._unwatch = self._world.watch(self._saw)

    def look(self) -> None:
        """Tell what is not as it was."""
        self._look_at_parts()
        for name, router in self._world.routers.items():
            if router.nats:
                self._look_at_table(name)

    def _look_at_parts(self) -> None:
        world = self._world
        shape = (
            [(s.running, world.hosts[world.network.servers[n].host or n].asleep)
             for n, s in world.servers.items()],
            [(h.asleep, [(p.place, p.addresses, p.up.line, p.down.line) for p in h.ports])
             for h in world.hosts.values()],
            [[(p.place, list(p.addresses), p.up.line, p.down.line) for p in r.ports]
             for r in world.routers.values()],
        )  # fmt: skip
        if shape != self._shape:
            self._shape = shape
            self._emit(
                events.TopologyChanged,
                nodes=sightings.nodes(world, self._sides),
                lines=sightings.lines(world),
                seed=world.network.seed,
            )

    def _look_at_table(self, name: str) -> None:
        nats = self._world.routers[name].nats.values()
        rows = [b for nat in nats for b in nat.bindings()]
        shape = [(b.protocol, b.inside, b.outside, b.towards, b.lets_in) for b in rows]
        ends = sum(b.ends_in for b in rows) + len(rows) * self._world.clock.now
        known, told = self._tables.get(name, ([], 0.0))
        moved = self._unwatch is not None and abs(ends - told) > DRIFT
        if shape == known and not moved:
            return
        self._tables[name] = shape, ends
        bindings = sightings.table(self._world.routers[name])
        self._emit(
            events.NatTableChanged,
            nat=name,
            bindings=tuple(bindings[-sightings.MOST_BINDINGS :]),
            more=max(0, len(bindings) - sightings.MOST_BINDINGS),
        )

    # --- packets --------------------------------------------------------------------------------

    def _saw(self, passage: Passage) -> None:
        if passage.what == "leaves" or not self._matters(passage):
            return
        last = self._seen[-1] if self._seen else None
        if last is not None and last.packet is passage.packet and last.place == passage.place:
            self._seen[-1] = passage  # what a line drops is told once
        elif len(self._seen) < MOST_TOLD:
            self._seen.append(passage)
        else:
            self._left_out += 1

    def _matters(self, passage: Passage) -> bool:
        """What is dropped, and what enters a way out, a server's line, or a line that takes time:
        otherwise each packet would be told of at every interface."""
        if passage.what == "dropped":
            return True
        port = self._world.port(passage.place.partition(" ")[0])
        way = port.up if passage.place.endswith(" up") else port.down
        return port.side == "outside" or bool(way.line.delay) or port.owner in self._serving

    def tell_packets(self, ours: float) -> None:
        """Tell what has passed since the last time; `ours` is our clock."""
        if ours - self._second >= 1.0:
            self._second, self._told = ours, 0
        if not self._seen and not self._left_out:
            return
        room = max(0, MOST_A_SECOND - self._told)
        if not room and self._told > MOST_A_SECOND:
            self._left_out += len(self._seen)
            self._seen.clear()
            return
        seen, self._seen = self._seen[:room], []
        self._told += len(seen) + 1
        found = [sightings.passage(self._world, passage) for passage in seen]
        left_out, self._left_out = self._left_out, 0
        self._emit(
            events.PacketsPassed,
            passages=tuple(p for p in found if p is not None),
            left_out=left_out,
        )
