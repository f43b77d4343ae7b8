"""When which way stood between the two sides, by what ideal agents found; and whether by luck."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from icetui.vnet.network import Network
from icetui.vnet.network_parts import Line
from tests.vnet.search.ideal import WAYS, Agent, Times, Way, Worked, explore

GAP = 3.3
"""Seconds between two answers of a pair that still count as one stretch: everything is probed every
3 s."""
OTHER_SEEDS = (1_000_003, 2_000_003)

Stretch = tuple[float, float]
"""From and until when, world time."""


@dataclass(frozen=True)
class Truth:
    """Of one network, played at certain times."""

    ways: dict[Way, list[Stretch]]
    """Both sides had answers over such a pair."""
    first: dict[str, float | None]
    """World time of each side's first answer."""
    firsts: dict[str, dict[Way, float]]
    """The same by way."""
    round_trips: dict[Way, float]
    """The least ones, seconds."""

    @property
    def any(self) -> list[Stretch]:
        """Some way stood."""
        return union([s for stretches in self.ways.values() for s in stretches])

    def at_best(self, way: Way) -> list[Stretch]:
        """That way or a better one stood."""
        better = WAYS[: WAYS.index(way) + 1]
        return union([s for w in better for s in self.ways[w]])


def find(network: Network, times: dict[str, Times], until: float) -> Truth:
    """What is true of a network."""
    agents = explore(network, times, until)
    sides = list(agents.values())
    ways = {way: overlap(*(stretches_of(side, way, until) for side in sides)) for way in WAYS}
    firsts = {a.name: first_by_way(a.worked.values()) for a in sides}
    return Truth(
        ways,
        {name: min(found.values(), default=None) for name, found in firsts.items()},
        firsts,
        {
            way: min((w.least_round_trip for a in sides for w in a.worked.values()
                      if w.way == way), default=0.0)
            for way in WAYS
        },
    )  # fmt: skip


def by_luck(network: Network, times: dict[str, Times], until: float, truth: Truth) -> bool:
    """Whether other dice give another truth: what hangs on a port's number, or on loss."""
    for shift in OTHER_SEEDS:
        other = find(msgspec.structs.replace(network, seed=network.seed + shift), times, until)
        if not alike(truth.any, other.any) or any(
            not alike(truth.at_best(way), other.at_best(way)) for way in WAYS
        ):
            return True
    return False


def alike(some: list[Stretch], others: list[Stretch]) -> bool:
    """Whether stretches agree but for moments."""
    return len(some) == len(others) and all(
        abs(a - c) < GAP and abs(b - d) < GAP
        for (a, b), (c, d) in zip(some, others, strict=True)
    )  # fmt: skip


def first_by_way(worked: object) -> dict[Way, float]:
    """When each way first carried an answer."""
    found: dict[Way, float] = {}
    for w in worked:  # type: ignore[attr-defined]  # Worked
        found[w.way] = min(w.first, found.get(w.way, w.first))
    return found


def stretches_of(agent: Agent, way: Way, until: float) -> list[Stretch]:
    """When some pair of that way answered this side."""
    found: list[Stretch] = []
    for worked in agent.worked.values():
        if worked.way == way:
            found += standing(worked, until)
    return union(found)


def standing(worked: Worked, until: float) -> list[Stretch]:
    """When a pair stood."""
    found: list[Stretch] = []
    begin = last = worked.times[0]
    for time in worked.times[1:]:
        if time - last > GAP:
            found.append((begin, last))
            begin = time
        last = time
    found.append((begin, until if until - last <= GAP else last))
    return found


def union(stretches: list[Stretch]) -> list[Stretch]:
    """Without overlaps, in order."""
    found: list[Stretch] = []
    for begin, end in sorted(stretches):
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((begin, end))
    return found


def overlap(some: list[Stretch], others: list[Stretch]) -> list[Stretch]:
    """What both have."""
    found = [
        (max(a, c), min(b, d)) for a, b in some for c, d in others if max(a, c) < min(b, d)
    ]  # fmt: skip
    return union(found)


def lines(network: Network) -> list[Line]:
    """All lines that there are at any time."""
    found: list[Line] = []
    for router in network.routers.values():
        for part in (*router.inside, *router.outside):
            found += [part.line, part.up or part.line, part.down or part.line]
    for host in network.hosts.values():
        for interface in host.interfaces:
            found += [interface.line, interface.up or interface.line,
                      interface.down or interface.line]  # fmt: skip
    for change in network.changes:
        line = getattr(change, "line", None)
        if isinstance(line, Line):
            found.append(line)
    return found


def loses(network: Network) -> bool:
    """Whether anything but a firewall or NAT may lose or delay a packet by chance."""
    rules = [rule for router in network.routers.values() for rule in router.firewall]
    rules += [rule for host in network.hosts.values() for rule in host.firewall]
    servers = [s.options for s in network.servers.values()]
    return (
        any(line.loss or line.reorder or line.duplicate or line.rate or line.jitter
            for line in lines(network))
        or any(rule.share < 1 or rule.above_rate is not None for rule in rules)
        or any(s.ignores or s.rate is not None for s in servers)
    )  # fmt: skip
