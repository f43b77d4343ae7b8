"""Why nobody can connect in a network: what, once mended, lets them.

A cause is found by taking it away and letting ideal agents try again; where no single one is
enough, two together are. Nothing is concluded from what the parts are called.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

from msgspec.structs import replace

from icetui.vnet.network import Network, Server
from icetui.vnet.network_parts import Line, Name, Nat
from icetui.vnet.servers import StunOptions, TurnOptions
from tests.vnet.search.ideal import Times
from tests.vnet.search.truth import find

GOOD_STUN = "192.0.2.70"
KIND = Nat(filtering="endpoint-independent", hairpin="yes")
"""A NAT that hinders nobody."""


def without_firewalls(network: Network) -> Network:
    routers = {
        name: replace(r, firewall=(), nat="prc" if r.nat == "udpblock" else r.nat)
        for name, r in network.routers.items()
    }
    hosts = {name: replace(h, firewall=()) for name, h in network.hosts.items()}
    links = {name: replace(link, isolated=False) for name, link in network.links.items()}
    return replace(network, routers=routers, hosts=hosts, links=links)


def with_kind_nats(network: Network) -> Network:
    routers = {
        name: r if r.nat in ("open", "udpblock") else replace(r, nat=KIND)
        for name, r in network.routers.items()
    }
    return replace(network, routers=routers)


def with_stun(network: Network) -> Network:
    servers = {**network.servers, "good-stun": Server(StunOptions(addresses=(GOOD_STUN,)))}
    sessions = {n: replace(s, stun=(f"stun:{GOOD_STUN}",)) for n, s in network.sessions.items()}
    return replace(network, servers=servers, sessions=sessions)


def with_good_servers(network: Network) -> Network:
    """Those that are asked do what they should, and their names lead to them."""
    servers = {}
    addresses = {}
    for name, server in network.servers.items():
        at, options = server.options.addresses, server.options
        addresses[name] = at
        good = (
            TurnOptions(addresses=at, transports=("udp", "tcp", "tls"), users=options.users)
            if isinstance(options, TurnOptions)
            else StunOptions(addresses=at)
        )
        servers[name] = replace(server, options=good)
    names = {
        name: Name(addresses=addresses.get(name.partition(".")[0], led.addresses))
        for name, led in network.names.items()
    }
    return replace(network, servers=servers, names=names)


def with_passwords(network: Network) -> Network:
    sessions = {
        name: replace(s, turn=tuple(u.replace(":wrong@", ":right@") for u in s.turn))
        for name, s in network.sessions.items()
    }
    return replace(network, sessions=sessions)


def with_all_addresses(network: Network) -> Network:
    """Both families, all interfaces, not only relays."""
    sessions = {
        name: replace(s, ipv4=True, ipv6=True, interfaces=(), relay_only=False)
        for name, s in network.sessions.items()
    }
    return replace(network, sessions=sessions)


def with_good_lines(network: Network) -> Network:
    routers = {
        name: replace(r, outside=tuple(replace(o, line=Line()) for o in r.outside))
        for name, r in network.routers.items()
    }
    return replace(network, routers=routers)


CAUSES: dict[str, Callable[[Network], Network]] = {
    "firewall": without_firewalls,
    "nat": with_kind_nats,
    "no-stun": with_stun,
    "server": with_good_servers,
    "password": with_passwords,
    "own-choice": with_all_addresses,
    "line": with_good_lines,
}


def causes(network: Network, times: dict[str, Times], until: float) -> list[str]:
    """All that is enough by itself, else all pairs' parts; none: something that is not known."""
    single = [name for name, mend in CAUSES.items() if _ways(mend(network), times, until)]
    if single:
        return single
    found: list[str] = []
    for one, other in itertools.combinations(CAUSES, 2):
        if _ways(CAUSES[other](CAUSES[one](network)), times, until):
            found += [name for name in (one, other) if name not in found]
    return found


def _ways(network: Network, times: dict[str, Times], until: float) -> bool:
    return bool(find(network, times, until).any)
