"""What may have silenced a path in a network that changes: by what has happened to it of late."""

from __future__ import annotations

from icetui.vnet import changes
from icetui.vnet.changes import AnyChange
from icetui.vnet.network import Network

LATELY = 8.0
"""Seconds for which what has ended may still be the cause: a path comes back some time after."""
ENDS: dict[type, type] = {
    changes.Cut: changes.Restore,
    changes.Suspend: changes.Resume,
    changes.Stop: changes.Continue,
    changes.AddRules: changes.RemoveRules,
}


def reasons(network: Network, here: str, there: str, at: float) -> set[str]:
    """The hypotheses about a silent path that are true for the side at `here`."""
    found: set[str] = set()
    for change in network.changes:
        if change.at <= at and not _over(network, change, at):
            found |= _means(network, change, here, there)
    if found & {"our-line", "their-line"}:
        found.add("a-line")
    return found


def route(network: Network, host: str) -> list[str]:
    """The routers between a host and the internet, by name."""
    links = {i.link for i in network.hosts[host].interfaces if i.link is not None}
    found: list[str] = []
    for _ in network.routers:
        for name, router in network.routers.items():
            if name not in found and {a.link for a in router.inside} & links:
                found.append(name)
                links |= {a.link for a in router.outside}
    return found


def _over(network: Network, change: AnyChange, at: float) -> bool:
    end = ENDS.get(type(change))
    if end is None:
        return False
    whose = [c for c in network.changes if isinstance(c, end) and c.whom == change.whom]
    ended = [c.at for c in whose if change.at <= c.at <= at]
    return bool(ended) and at - min(ended) > LATELY


def _means(network: Network, change: AnyChange, here: str, there: str) -> set[str]:
    whom = change.whom.partition(".")[0]
    ours = whom == here or whom in route(network, here)
    theirs = whom == there or whom in route(network, there)
    match change:
        case changes.Cut(direction=direction):
            found = {"our-line"} if ours else set()
            found |= {"their-line"} if theirs else set()
            one_way = {"one-way", "our-line", "their-line"} if ours or theirs else set()
            return found if direction == "both" else one_way
        case changes.Rebind() | changes.Renumber():
            # Whether one's own router did it shows only when a server says so.
            return {"we-moved", "their-nat"} if ours else {"their-nat"} if theirs else set()
        case changes.Suspend() | changes.Stop() if whom in network.hosts:
            mine = {"our-line", "their-line"} if ours else set()
            return mine | ({"their-line", "peer-ended"} if theirs else set())
        case changes.Unplug() | changes.Roam():
            mine = {"address-gone", "cannot-send", "we-moved", "our-line"} if ours else set()
            return mine | ({"their-line", "their-nat", "peer-ended"} if theirs else set())
        case changes.AddRules():
            line = {"our-line"} if ours else {"their-line"}
            return {"firewall-begins", "one-way", *line}
        case changes.Weather():
            return {"answers-lost"}
        case changes.Stop() | changes.Restart() | changes.Reboot():
            return {"relay-down"}
    return set()
