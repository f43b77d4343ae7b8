"""One direction of a line: what it does to packets between an interface and its link."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from icetui.vnet.clock import SECOND
from icetui.vnet.fabric import Fabric
from icetui.vnet.network_parts import Line
from icetui.vnet.packet import Packet

Sink = Callable[[Packet, str], None]
"""Takes a packet, and the address of the next hop on the link."""
Refusal = Callable[[Packet, int], None]
"""Told of a packet that is too big, and of the MTU."""


class OneWay:
    """Packets go in, and come out at `sink`, at once where the line does nothing to them."""

    __slots__ = (
        "_busy_until",
        "_fabric",
        "_last_due",
        "_plain",
        "_random",
        "_refuse",
        "_sink",
        "_tap",
        "line",
        "place",
    )

    def __init__(
        self, fabric: Fabric, place: str, line: Line, sink: Sink, refuse: Refusal | None
    ) -> None:
        self.place = place
        self._fabric = fabric
        self._tap = fabric.tap
        self._sink = sink
        self._refuse = refuse
        self._random: Random | None = None
        self._last_due = 0
        self._busy_until = 0
        self.set(line)

    def set(self, line: Line) -> None:
        """Do this from now on."""
        self.line = line
        self._plain = not (
            line.cut
            or line.delay
            or line.loss
            or line.reorder
            or line.duplicate
            or line.jitter
            or line.rate is not None
            or line.mtu is not None
        )

    def carry(self, packet: Packet, hop: str) -> None:
        """Take a packet; what becomes of it is the line's business."""
        if self._plain and not self._tap.watchers:
            self._sink(packet, hop)
        else:
            self._carry(packet, hop)

    def _carry(self, packet: Packet, hop: str) -> None:
        tap, line = self._tap, self.line
        if tap.watchers:
            tap.passes(self.place, "enters", packet)
        if line.cut:
            tap.dropped(self.place, "cut", packet)
            return
        if line.mtu is not None and packet.size > line.mtu:
            tap.dropped(self.place, "too-big", packet)
            if self._refuse is not None and line.too_big == "icmp":
                self._refuse(packet, line.mtu)
            return
        if line.loss and self._chance() < line.loss:
            tap.dropped(self.place, "lost", packet)
            return
        now = self._fabric.clock.nanoseconds
        due = now
        if line.rate is not None:
            waiting = max(0, self._busy_until - now) / SECOND * line.rate
            if waiting + packet.size > line.queue:
                tap.dropped(self.place, "queue-full", packet)
                return
            due = max(now, self._busy_until) + round(packet.size / line.rate * SECOND)
            self._busy_until = due
        due += round(line.delay * SECOND)
        if line.jitter:
            due += round(line.jitter * (2 * self._chance() - 1) * SECOND)
            self._last_due = due = max(due, self._last_due, now)
        if line.reorder and self._chance() < line.reorder:
            due += round(line.reorder_by * SECOND)
        copies = 2 if line.duplicate and self._chance() < line.duplicate else 1
        for _ in range(copies):
            if due <= now:
                self._arrive(packet, hop)
            else:
                self._fabric.loop.call_later((due - now) / SECOND, self._arrive, packet, hop)

    def _arrive(self, packet: Packet, hop: str) -> None:
        if self._tap.watchers:
            self._tap.passes(self.place, "leaves", packet)
        self._sink(packet, hop)

    def _chance(self) -> float:
        # A generator is 2.5 kB and seldom needed.
        if self._random is None:
            self._random = self._fabric.stream(f"line {self.place}")
        return self._random.random()
