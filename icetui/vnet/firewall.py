"""A stateful packet filter: which packets of a router or host pass.

What belongs here: rules, flows, and what a refused sender is told. Who asks, and where the answer
goes, is the business of the router or host.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from icetui.vnet import icmp
from icetui.vnet.clock import SECOND
from icetui.vnet.fabric import Fabric
from icetui.vnet.link import Port
from icetui.vnet.network_parts import Rule
from icetui.vnet.packet import Packet, Segment, Trouble
from icetui.vnet.routing_table import Prefix, prefix

COOKIE = b"\x21\x12\xa4\x42"
"""RFC 8489 section 5."""
TLS_DATA = b"\x17\x03\x03"
"""How a TLS record begins, which really is encrypted (RFC 8446 section 5.1)."""
UNANSWERED, ANSWERED, CONNECTION = 30 * SECOND, 120 * SECOND, 7440 * SECOND
"""For how long a flow is remembered: UDP (Linux), TCP (RFC 5382 REQ-5)."""
STREAM = 2 * SECOND
"""From when on an answered UDP flow is remembered longer (Linux)."""
MOST_FLOWS = 65_536

Flow = tuple[str, tuple[str, int], tuple[str, int]]
"""Protocol, source, destination."""


class Compiled:
    """A rule made ready to be asked often."""

    __slots__ = ("destination", "destination_ports", "level", "rule", "since", "source",
                 "source_ports")  # fmt: skip

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.source = [prefix(p) for p in rule.source]
        self.destination = [prefix(p) for p in rule.destination]
        self.source_ports = [port_range(p) for p in rule.source_ports]
        self.destination_ports = [port_range(p) for p in rule.destination_ports]
        self.level = float(rule.burst)
        """Packets that the policer would let through now."""
        self.since = 0

    def exceeds(self, now: int) -> bool:
        """Count one packet; whether it is too many (a token bucket)."""
        rate = self.rule.above_rate or 0.0
        self.level = min(self.rule.burst, self.level + (now - self.since) / SECOND * rate)
        self.since = now
        if self.level < 1:
            return True
        self.level -= 1
        return False


class Firewall:
    """The rules of one router or host, and the flows it remembers."""

    def __init__(self, fabric: Fabric, name: str, rules: Sequence[Rule]) -> None:
        self._fabric = fabric
        self._name = name
        self._random: Random | None = None
        self._flows: dict[Flow, list[int]] = {}
        """When it is forgotten; 1 once answered; when it began."""
        self.rules: list[Compiled] = []
        self._chains: dict[tuple[str, int], list[Compiled]] = {}
        self._stateful: dict[int, bool] = {}
        self.add(rules)

    def add(self, rules: Sequence[Rule]) -> None:
        """Before the rules there are."""
        new = [Compiled(rule) for rule in rules]
        self.rules = new + self.rules
        self._sort()

    def remove(self, name: str) -> bool:
        """All rules of that name; whether there was one."""
        kept = [c for c in self.rules if c.rule.name != name]
        found = len(kept) < len(self.rules)
        self.rules = kept
        self._sort()
        return found

    def _sort(self) -> None:
        """By chain and IP version, so that a packet is compared with no rule in vain."""
        self._chains = {}
        for version in (4, 6):
            counting = [c for c in self.rules if c.rule.version in (None, version)]
            self._stateful[version] = any(c.rule.state is not None for c in counting)
            for chain in ("input", "output", "forward"):
                self._chains[chain, version] = [c for c in counting if c.rule.chain == chain]

    def forget(self) -> None:
        """All flows."""
        self._flows.clear()

    def verdict(
        self, packet: Packet, chain: str, arrives: Port | None, leaves: Port | None
    ) -> Rule | None:
        """The rule that keeps the packet from passing; None: it passes."""
        version = packet.version
        stateful = self._stateful[version]
        state = self._state(packet) if stateful else "new"
        for compiled in self._chains[chain, version]:
            if self._matches(compiled, packet, state, arrives, leaves):
                if compiled.rule.action != "accept":
                    return compiled.rule
                break
        if stateful:
            self._remember(packet)
        return None

    def refusal(self, rule: Rule, packet: Packet, source: str) -> Packet | None:
        """What a refused packet is answered with, from this address; None: nothing."""
        if rule.action != "reject" or not icmp.answerable(packet):
            return None
        if rule.reject_with == "tcp-reset":
            if not isinstance(packet.payload, Segment) or packet.payload.kind == "reset":
                return None
            return Packet(packet.destination, packet.source, Segment("reset"))
        return Packet(
            (source, 0), (packet.source[0], 0), icmp.unreachable(packet, rule.reject_with)
        )

    # --- flows ----------------------------------------------------------------------------------

    def _state(self, packet: Packet) -> str:
        """Established: of a flow that goes both ways, or an error about any flow there is."""
        if isinstance(packet.payload, Trouble):
            about = packet.payload.about
            flow: Flow = about.protocol, about.source, about.destination
            back: Flow = flow[0], flow[2], flow[1]
            known = self._flow(flow) is not None or self._flow(back) is not None
            return "established" if known else "new"
        flow = packet.protocol, packet.source, packet.destination
        entry = self._flow(flow)
        if entry is not None:
            return "established" if entry[1] else "new"
        return "established" if self._flow((flow[0], flow[2], flow[1])) is not None else "new"

    def _flow(self, flow: Flow) -> list[int] | None:
        entry = self._flows.get(flow)
        if entry is not None and entry[0] <= self._fabric.clock.nanoseconds:
            del self._flows[flow]
            return None
        return entry

    def _remember(self, packet: Packet) -> None:
        if isinstance(packet.payload, Trouble):
            return
        now = self._fabric.clock.nanoseconds
        flow: Flow = packet.protocol, packet.source, packet.destination
        entry = self._flow(flow)
        answers = False
        if entry is None:
            entry = self._flow((flow[0], flow[2], flow[1]))
            answers = entry is not None
        if entry is None:
            if len(self._flows) >= MOST_FLOWS:
                self._flows.pop(next(iter(self._flows)))
            entry = self._flows[flow] = [0, 0, now]
        if flow[0] == "tcp":
            lasts = CONNECTION if entry[1] or answers else UNANSWERED
        else:
            lasts = ANSWERED if entry[1] and now - entry[2] >= STREAM else UNANSWERED
        entry[0] = now + lasts
        if answers:
            entry[1] = 1

    # --- rules ----------------------------------------------------------------------------------

    def _matches(
        self,
        compiled: Compiled,
        packet: Packet,
        state: str,
        arrives: Port | None,
        leaves: Port | None,
    ) -> bool:
        rule = compiled.rule
        return (
            (rule.protocol is None or rule.protocol == packet.protocol)
            and (rule.state is None or rule.state == state)
            and (rule.arrives is None or at(arrives, rule.arrives))
            and (rule.leaves is None or at(leaves, rule.leaves))
            and within(compiled.source, packet.source[0])
            and within(compiled.destination, packet.destination[0])
            and listed(compiled.source_ports, packet.source[1])
            and listed(compiled.destination_ports, packet.destination[1])
            and (not rule.stun or carries_cookie(packet))
            and (rule.share >= 1 or self._chance() < rule.share)
            and (rule.above_rate is None or compiled.exceeds(self._fabric.clock.nanoseconds))
        )

    def _chance(self) -> float:
        if self._random is None:
            self._random = self._fabric.stream(f"firewall {self._name}")
        return self._random.random()


def port_range(text: str) -> range:
    """Of a port or `lowest-highest`. Raises ValueError."""
    lowest, _, highest = text.partition("-")
    return range(int(lowest), int(highest or lowest) + 1)


def at(port: Port | None, name: str) -> bool:
    """Whether that is the interface, its link or its side."""
    return port is not None and name in (port.name, port.side, port.link.name)


def within(prefixes: list[Prefix], address: str) -> bool:
    return not prefixes or any(p.holds(address) for p in prefixes)


def listed(ranges: list[range], port: int) -> bool:
    return not ranges or any(port in r for r in ranges)


def carries_cookie(packet: Packet) -> bool:
    """Whether deep inspection takes it for STUN, in a ChannelData or TCP stream, too."""
    payload = packet.payload
    if isinstance(payload, Segment):
        data = payload.data
        return not data.startswith(TLS_DATA) and COOKIE in data[:24]
    return isinstance(payload, bytes) and COOKIE in payload[:24]
