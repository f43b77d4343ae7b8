"""Whether a network can be built: everything named in it is there, nothing is there twice, and it
is not too large."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

from icetui.engine.embedding import Embedding
from icetui.servers.server_urls import BadServer, parse_stun, parse_turn
from icetui.vnet import changes
from icetui.vnet.addressing import addressed, lans
from icetui.vnet.firewall import port_range
from icetui.vnet.network import BadNetwork, Network
from icetui.vnet.network_parts import (
    INTERNET,
    MAX_CHANGES,
    MAX_NODES,
    MAX_RULES,
    Interface,
    Line,
    Rule,
)
from icetui.vnet.routing_table import as_number, prefix

MAX_INTERFACES = 16
Path = tuple[str | int, ...]


def check(network: Network) -> Network:
    """The network with every address in it. Raises `BadNetwork`."""
    _sizes(network)
    _links(network)
    _rules(network)
    _names(network)
    _sessions(network)
    for i, change in enumerate(network.changes):
        _change(network, change, ("changes", i))
    return addressed(network)


def _sizes(network: Network) -> None:
    nodes = len(network.routers) + len(network.hosts) + len(network.servers) + len(network.links)
    if nodes > MAX_NODES:
        raise BadNetwork(f"{nodes} links, routers, hosts and servers: {MAX_NODES} are the most")
    for section in (network.names, network.sessions):
        if len(section) > MAX_RULES:
            raise BadNetwork(f"{len(section)} names or sessions: {MAX_RULES} are the most")
    if len(network.changes) > MAX_CHANGES:
        raise BadNetwork(f"{len(network.changes)} changes: {MAX_CHANGES} are the most", "changes")
    for name in network.hosts:
        if name in network.routers:
            raise BadNetwork(f"{name} is a router already", "hosts", name)
    for name, host in network.hosts.items():
        names = [i.name for i in host.interfaces]
        if len(names) > MAX_INTERFACES:
            raise BadNetwork(f"{MAX_INTERFACES} interfaces are the most", "hosts", name)
        for called in names:
            if names.count(called) > 1 or called == "lo":
                raise BadNetwork(f"it has an interface {called} already", "hosts", name)
    for name, router in network.routers.items():
        if not router.outside or not router.inside:
            raise BadNetwork("a router has an inside and an outside", "routers", name)
        if router.nat != "open" and not isinstance(router.nat, str):
            nat = router.nat
            if nat.lowest_port > nat.highest_port:
                raise BadNetwork("lowest_port is above highest_port", "routers", name, "nat")
        if router.nat == "open" and router.nat64 is not None:
            raise BadNetwork("a NAT64 needs a nat, whose ports it takes", "routers", name, "nat64")
        _nat64(router.nat64, ("routers", name, "nat64"))
    for name, host in network.hosts.items():
        _nat64(host.dns64, ("hosts", name, "dns64"))


def _nat64(text: str | None, path: Path) -> None:
    if text is not None:
        try:
            Embedding(text)
        except ValueError:
            why = f"{text!r} is no IPv6 prefix of 96 bits, such as 64:ff9b::/96"
            raise BadNetwork(why, *path) from None


def _known(what: str, word: str, known: Collection[str], path: Path) -> None:
    if word not in known:
        near = difflib.get_close_matches(word, list(known), 1, 0.5)
        hint = f"perhaps {near[0]}" if near else f"there are {', '.join(known) or 'none'}"
        raise BadNetwork(f"there is no {what} {word!r}; {hint}", *path)


def _links(network: Network) -> None:
    known = [*lans(network), INTERNET]
    for name, router in network.routers.items():
        for side, parts in (("inside", router.inside), ("outside", router.outside)):
            for i, part in enumerate(parts):
                path = ("routers", name, side, i)
                if side == "inside" and part.link == INTERNET:
                    raise BadNetwork("the internet is no router's inside", *path)
                _known("link", part.link, known, path)
                _line(part.line, part.up, part.down, path)
    for name, host in network.hosts.items():
        for i, interface in enumerate(host.interfaces):
            _interface(network, interface, ("hosts", name, "interfaces", i))
    for name, server in network.servers.items():
        if server.host is not None:
            _known("host", server.host, network.hosts, ("servers", name, "host"))
    _ports(network)


def _ports(network: Network) -> None:
    """No port is two programs'."""
    taken: dict[tuple[str, str, int], str] = {}
    for name, server in network.servers.items():
        for address in server.options.addresses or ("",):
            place = server.host or name, address, server.options.port
            if place in taken:
                why = f"its port {place[2]} is {taken[place]}'s already"
                raise BadNetwork(why, "servers", name, "port")
            taken[place] = name
    for name, host in network.hosts.items():
        ports = [*host.echo, *host.unsigned_stun]
        for port in ports:
            if ports.count(port) > 1:
                raise BadNetwork(f"port {port} is another program's already", "hosts", name)


def _interface(network: Network, interface: Interface, path: Path) -> None:
    if interface.link is not None:
        _known("link", interface.link, [*lans(network), INTERNET], path)
    _line(interface.line, interface.up, interface.down, path)
    for text in interface.gateways:
        _address(text, (*path, "gateways"))


def _line(line: Line, up: Line | None, down: Line | None, path: Path) -> None:
    for name, one in (("line", line), ("up", up), ("down", down)):
        if one is not None and one.jitter > one.delay:
            raise BadNetwork("jitter cannot exceed the delay", *path, name)


def _address(text: str, path: Path) -> None:
    try:
        as_number(text)
    except ValueError:
        raise BadNetwork(f"{text!r} is no IP address", *path) from None


def _prefixes(texts: Iterable[str], path: Path) -> None:
    for text in texts:
        try:
            prefix(text)
        except ValueError:
            raise BadNetwork(f"{text!r} is no IP address or prefix", *path) from None


def _rules(network: Network) -> None:
    count = 0
    for section in ("links", "routers", "hosts"):
        for name, part in getattr(network, section).items():
            count += len(part.firewall)
            for i, rule in enumerate(part.firewall):
                _rule(rule, (section, name, "firewall", i))
    if count > MAX_RULES:
        raise BadNetwork(f"{count} rules: {MAX_RULES} are the most")
    for name, link in network.links.items():
        _prefixes(link.blackhole, ("links", name, "blackhole"))
        _prefixes(link.unreachable, ("links", name, "unreachable"))


def _rule(rule: Rule, path: Path) -> None:
    _prefixes(rule.source, (*path, "source"))
    _prefixes(rule.destination, (*path, "destination"))
    for name in ("source_ports", "destination_ports"):
        for text in getattr(rule, name):
            try:
                ports = port_range(text)
            except ValueError:
                ports = range(0)
            if not ports or ports.start < 0 or ports.stop > 65536:
                raise BadNetwork(f"{text!r} is no port or range of ports", *path, name)


def _names(network: Network) -> None:
    for name, answer in network.names.items():
        for host, each in ((None, answer), *answer.hosts.items()):
            if host is not None:
                _known("host", host, network.hosts, ("names", name, "hosts", host))
            for text in each.addresses:
                _address(text, ("names", name, "addresses"))


def _sessions(network: Network) -> None:
    for name, session in network.sessions.items():
        _known("host", session.host, network.hosts, ("sessions", name, "host"))
        for field, parse in (("stun", parse_stun), ("turn", parse_turn)):
            for uri in getattr(session, field):
                try:
                    parse(uri)
                except BadServer as error:
                    raise BadNetwork(str(error), "sessions", name, field) from None


def _change(network: Network, change: changes.AnyChange, path: Path) -> None:
    owners = [*network.routers, *network.hosts]
    # A server that names no host stands on one of its own name.
    owners += [name for name, s in network.servers.items() if s.host is None and name not in owners]
    hosts = [name for name in owners if name not in network.routers]
    whom = (*path, "whom")
    match change:
        case changes.Cut() | changes.Restore() | changes.Weather() | changes.Renumber():
            _known("router or host", change.whom.partition(".")[0], owners, whom)
            if isinstance(change, changes.Weather):
                _line(change.line, None, None, path)
            if isinstance(change, changes.Renumber):
                _prefixes(change.addresses, (*path, "addresses"))
        case changes.Unplug() | changes.Rename():
            _known("host", change.whom.partition(".")[0], hosts, whom)
        case changes.Rebind() | changes.Uplink():
            _known("router", change.whom, network.routers, whom)
        case changes.Start() | changes.Restart():
            _known("server", change.whom, network.servers, whom)
        case changes.Stop():
            _known("server or host", change.whom, [*network.servers, *hosts], whom)
        case changes.AddRules() | changes.RemoveRules():
            _known("router or host", change.whom, [*owners, INTERNET], whom)
            for i, rule in enumerate(getattr(change, "rules", ())):
                _rule(rule, (*path, "rules", i))
        case changes.Announce():
            for field in ("blackhole", "unreachable", "withdrawn"):
                _prefixes(getattr(change, field), (*path, field))
        case changes.Answer():
            for text in change.addresses:
                _address(text, (*path, "addresses"))
        case changes.Roam() | changes.Plug():
            _known("host", change.whom, hosts, whom)
            _interface(network, change.interface, (*path, "interface"))
            _prefixes(change.interface.addresses, (*path, "interface", "addresses"))
        case _:
            _known("host", change.whom, hosts, whom)
