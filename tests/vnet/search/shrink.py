"""Takes everything out of a failing network that its failure does not need.

Parts are left out, values put back to their defaults, times rounded, as long as the same kind of
violation stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from msgspec.structs import replace

from icetui.vnet.network import BadNetwork, Network
from icetui.vnet.network_check import check
from icetui.vnet.network_parts import Line, Nat

MOST_TRIES = 300
KINDS_OF_NAT = ("open", "cone", "prc", "arc", "sym")


def shrink(network: Network, fails: Callable[[Network], bool], most: int = MOST_TRIES) -> Network:
    """The smallest one found in so many tries; `fails` says whether it still does."""
    tries = 0
    progress = True
    while progress and tries < most:
        progress = False
        for smaller in smaller_ones(network):
            if tries >= most:
                break
            if smaller == network:
                continue
            try:
                check(smaller)
            except BadNetwork:
                continue
            tries += 1
            if fails(smaller):
                network = smaller
                progress = True
                break
    return network


def smaller_ones(network: Network) -> Iterator[Network]:
    """What is one step simpler, the largest steps first."""
    if network.changes:
        yield replace(network, changes=())
        for i in range(len(network.changes)):
            yield replace(network, changes=network.changes[:i] + network.changes[i + 1 :])
    for section in ("names", "servers", "routers", "links"):
        whole = getattr(network, section)
        for name in whole:
            yield replace(network, **{section: {n: v for n, v in whole.items() if n != name}})
    if network.ipv6:
        yield replace(network, ipv6=False)
    for name, session in network.sessions.items():
        for field in msgspec.structs.fields(type(session)):
            if field.name != "host":
                for value in simpler(getattr(session, field.name), field.default):
                    yield _with(network, "sessions", name, replace(session, **{field.name: value}))
    yield from _hosts(network)
    yield from _routers(network)
    for name, server in network.servers.items():
        options = server.options
        for field in msgspec.structs.fields(type(options)):
            if field.name in ("addresses", "users"):
                continue
            default = field.default
            if default is msgspec.NODEFAULT:
                default = field.default_factory()
            if getattr(options, field.name) != default:
                simple = replace(options, **{field.name: default})
                yield _with(network, "servers", name, replace(server, options=simple))
    for i, change in enumerate(network.changes):
        for rounded in (float(round(change.at)), round(change.at, 1)):
            if rounded != change.at:
                changes = list(network.changes)
                changes[i] = replace(change, at=rounded)
                yield replace(network, changes=tuple(sorted(changes, key=lambda c: c.at)))


def _with(network: Network, section: str, name: str, value: Any) -> Network:
    return replace(network, **{section: {**getattr(network, section), name: value}})


def _hosts(network: Network) -> Iterator[Network]:
    for name, host in network.hosts.items():
        parts = host.interfaces
        for i, interface in enumerate(parts):
            if len(parts) > 1:
                fewer = parts[:i] + parts[i + 1 :]
                yield _with(network, "hosts", name, replace(host, interfaces=fewer))
            for line in simpler_lines(interface.line):
                changed = replace(interface, line=line)
                every = (*parts[:i], changed, *parts[i + 1 :])
                yield _with(network, "hosts", name, replace(host, interfaces=every))
        for field in ("firewall", "echo", "unsigned_stun", "local_names"):
            if getattr(host, field):
                yield _with(network, "hosts", name, replace(host, **{field: ()}))
        if host.wall_error:
            yield _with(network, "hosts", name, replace(host, wall_error=0.0))


def _routers(network: Network) -> Iterator[Network]:
    for name, router in network.routers.items():
        if len(router.outside) > 1:
            yield _with(network, "routers", name, replace(router, outside=router.outside[:1]))
        if len(router.inside) > 1:
            yield _with(network, "routers", name, replace(router, inside=router.inside[:1]))
        for i, rule in enumerate(router.firewall):
            fewer = router.firewall[:i] + router.firewall[i + 1 :]
            yield _with(network, "routers", name, replace(router, firewall=fewer))
            if rule.action == "reject":
                plain = replace(rule, action="drop")
                every = (*router.firewall[:i], plain, *router.firewall[i + 1 :])
                yield _with(network, "routers", name, replace(router, firewall=every))
        if router.silent:
            yield _with(network, "routers", name, replace(router, silent=False))
        for nat in simpler_nats(router.nat):
            yield _with(network, "routers", name, replace(router, nat=nat))
        for i, part in enumerate(router.outside):
            for line in simpler_lines(part.line):
                changed = replace(part, line=line)
                every_part = (*router.outside[:i], changed, *router.outside[i + 1 :])
                yield _with(network, "routers", name, replace(router, outside=every_part))
            if part.link != "internet":
                straight = replace(part, link="internet")
                every_part = (*router.outside[:i], straight, *router.outside[i + 1 :])
                yield _with(network, "routers", name, replace(router, outside=every_part))


def simpler_nats(nat: Any) -> Iterator[Any]:
    """Common kinds before odd ones; of an odd one, one thing after the other to its default."""
    if isinstance(nat, str):
        if nat in KINDS_OF_NAT:
            yield from KINDS_OF_NAT[: KINDS_OF_NAT.index(nat)]
        return
    yield from KINDS_OF_NAT
    for field in msgspec.structs.fields(Nat):
        if getattr(nat, field.name) != field.default:
            yield replace(nat, **{field.name: field.default})


def simpler_lines(line: Line) -> Iterator[Line]:
    """Plain, or with one property less."""
    if line == Line():
        return
    yield Line()
    for field in msgspec.structs.fields(Line):
        if getattr(line, field.name) != field.default:
            yield replace(line, **{field.name: field.default})
    if line.delay not in (0.0, 0.025):
        yield replace(line, delay=0.025, jitter=min(line.jitter, 0.025))


def simpler(value: Any, default: Any) -> Iterator[Any]:
    """A session's option without, or with less."""
    if value == default:
        return
    yield default
    if isinstance(value, tuple):
        for i in range(len(value)):
            yield value[:i] + value[i + 1 :]
