"""Fills in the addresses and gateways that a network leaves out, by a plan of its own.

All are documentation, private or shared address space (RFC 5737, RFC 1918, RFC 6598, RFC 2544,
RFC 3849). What is given is kept, and checked: a prefix, and no address twice on one link.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

import msgspec

from icetui.vnet.core import OWN
from icetui.vnet.network import BadNetwork, Network, Server
from icetui.vnet.network_parts import INTERNET, Attachment, Host, Interface, Router
from icetui.vnet.routing_table import bare, version_of
from icetui.vnet.servers import TurnOptions

PUBLIC_HOSTS = {4: "192.0.2.0/24", 6: "2001:db8:5::/64"}
FIRST_PUBLIC, FIRST_HOST = 10, 20
"""Numbers of the first host on the internet, and of the first in a LAN."""
SMALL = 16
"""In a network of so few addresses, hosts begin right behind the router."""

Net = ipaddress.IPv4Network | ipaddress.IPv6Network
Path = tuple[str | int, ...]


def addressed(network: Network) -> Network:
    """The same network with every address in it. Raises `BadNetwork`."""
    return _Plan(_with_server_hosts(network)).filled()


def lans(network: Network) -> list[str]:
    """The names of all LANs: those declared, and those that a router serves."""
    served = (a.link for r in network.routers.values() for a in r.inside)
    return [n for n in dict.fromkeys([*served, *network.links]) if n != INTERNET]


def _with_server_hosts(network: Network) -> Network:
    """A server that names no host gets one, with all addresses that it needs."""
    hosts, servers = dict(network.hosts), dict(network.servers)
    for name, server in network.servers.items():
        if server.host is None:
            if name not in hosts:
                options = server.options
                hosts[name] = Host(interfaces=(Interface(INTERNET, addresses=options.addresses),))
            servers[name] = Server(server.options, name)
    return msgspec.structs.replace(network, hosts=hosts, servers=servers)


def _further(network: Network, host: str) -> list[str]:
    """Addresses that servers on a host need beside its own."""
    found: list[str] = []
    for server in network.servers.values():
        if server.host == host:
            options = server.options
            found += options.addresses
            found += options.other_addresses
            if isinstance(options, TurnOptions):
                found += options.relay_addresses
            if options.answers_from_address:
                found.append(options.answers_from_address)
    return list(dict.fromkeys(found))


class _Plan:
    """One filling in."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.versions = (4, 6) if network.ipv6 else (4,)
        self.lans = lans(network)
        self.used: dict[str, dict[str, Path]] = {INTERNET: {}, **{name: {} for name in self.lans}}
        self.prefixes = {name: self._prefixes(i, name) for i, name in enumerate(self.lans)}
        self.uplinks = 0

    # --- prefixes -------------------------------------------------------------------------------

    def _prefixes(self, index: int, name: str) -> dict[int, Net]:
        link = self.network.links.get(name)
        found: dict[int, Net] = {}
        for version, given, default in (
            (4, link and link.prefix, self._default(index, name)),
            (6, link and link.prefix6, f"2001:db8:{0x100 + index:x}::/64"),
        ):
            if given or version in self.versions:
                try:
                    found[version] = ipaddress.ip_network(given or default)
                except ValueError as error:
                    field = "prefix" if version == 4 else "prefix6"
                    raise BadNetwork(
                        f"{given!r} is no prefix: {error}", "links", name, field
                    ) from None
        return found

    def _default(self, index: int, name: str) -> str:
        routers = self.network.routers.values()
        if any(a.link == name for r in routers for a in r.outside):
            return f"100.{64 + index}.0.0/24"
        open_ones = [r for r in routers if any(a.link == name for a in r.inside)]
        if open_ones and all(r.nat == "open" for r in open_ones):
            return f"198.51.100.{16 * index}/28" if index < 16 else f"198.18.{index}.0/24"
        return f"192.168.{index + 1}.0/24"

    def _uplink(self, version: int) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface:
        """Of the next router on the internet."""
        index = self.uplinks
        if version == 6:
            text = f"2001:db8:{0x1000 + 16 * index:x}::2/64"
        else:
            text = f"203.0.113.{16 * index + 2}/28" if index < 16 else f"198.19.{index}.2/24"
        return ipaddress.ip_interface(text)

    # --- filling in -----------------------------------------------------------------------------

    def filled(self) -> Network:
        """What is given is taken down first, so that nothing filled in collides with it."""
        network = self.network
        for path, part in self._parts():
            self._note(path, part)
        routers = {name: self._router(name, r) for name, r in network.routers.items()}
        hosts = {name: self._host(name, h) for name, h in network.hosts.items()}
        routers = {name: self._gateways_of_router(r, routers) for name, r in routers.items()}
        hosts = {name: self._gateways_of_host(h, routers) for name, h in hosts.items()}
        return msgspec.structs.replace(network, routers=routers, hosts=hosts)

    def _parts(self) -> Iterator[tuple[Path, Attachment | Interface]]:
        for name, router in self.network.routers.items():
            for side in ("inside", "outside"):
                for i, part in enumerate(getattr(router, side)):
                    yield ("routers", name, side, i), part
        for name, host in self.network.hosts.items():
            for i, interface in enumerate(host.interfaces):
                yield ("hosts", name, "interfaces", i), interface

    def _note(self, path: Path, part: Attachment | Interface) -> None:
        for text in part.addresses:
            try:
                address = bare(text)
            except ValueError:
                raise BadNetwork(f"{text!r} is no IP address", *path, "addresses") from None
            if part.link is None:
                continue
            self._take(part.link, address, (*path, "addresses"))

    def _take(self, link: str, address: str, path: Path) -> None:
        used = self.used.setdefault(link, {})
        if address in used:
            first = ".".join(map(str, used[address][:2]))
            raise BadNetwork(f"{address} is {first}'s already", *path)
        used[address] = path

    def _router(self, name: str, router: Router) -> Router:
        inside = tuple(self._inside(a, ("routers", name)) for a in router.inside)
        outside = tuple(self._outside(a, ("routers", name)) for a in router.outside)
        return msgspec.structs.replace(router, inside=inside, outside=outside)

    def _inside(self, part: Attachment, path: Path) -> Attachment:
        return msgspec.structs.replace(part, addresses=self._on_lan(part, 1, path))

    def _outside(self, part: Attachment, path: Path) -> Attachment:
        if part.link != INTERNET:
            return msgspec.structs.replace(part, addresses=self._on_lan(part, 2, path))
        addresses = self._with_lengths(part.addresses, INTERNET)
        if not addresses:
            addresses = tuple(str(self._uplink(version)) for version in self.versions)
            for text in addresses:
                self.used[INTERNET][bare(text)] = path
        self.uplinks += 1
        return msgspec.structs.replace(part, addresses=addresses)

    def _host(self, name: str, host: Host) -> Host:
        interfaces = tuple(self._interface(i, ("hosts", name)) for i in host.interfaces)
        further = _further(self.network, name)
        if interfaces and interfaces[0].link is not None:
            first = interfaces[0]
            assert first.link is not None
            own = {bare(a) for i in interfaces for a in i.addresses}
            more = self._with_lengths(tuple(a for a in further if a not in own), first.link)
            for text in more:
                self._take(first.link, bare(text), ("hosts", name))
            first = msgspec.structs.replace(first, addresses=first.addresses + more)
            interfaces = (first, *interfaces[1:])
        return msgspec.structs.replace(host, interfaces=interfaces)

    def _interface(self, part: Interface, path: Path) -> Interface:
        if part.link is None:
            return part
        if part.link != INTERNET:
            addresses = self._on_lan(part, FIRST_HOST, path)
        else:
            addresses = self._with_lengths(part.addresses, INTERNET)
            if not addresses:
                nets = {v: ipaddress.ip_network(PUBLIC_HOSTS[v]) for v in self.versions}
                addresses = self._free(INTERNET, nets, FIRST_PUBLIC, path)
        return msgspec.structs.replace(part, addresses=addresses)

    def _on_lan(self, part: Attachment | Interface, first: int, path: Path) -> tuple[str, ...]:
        assert part.link is not None
        if part.link not in self.prefixes:
            return part.addresses
        given = self._with_lengths(part.addresses, part.link)
        return given or self._free(part.link, self.prefixes[part.link], first, path)

    def _free(self, link: str, nets: dict[int, Net], first: int, path: Path) -> tuple[str, ...]:
        found = []
        for net in nets.values():
            number = min(first, 2) if net.num_addresses <= SMALL else first
            while (address := str(net[number])) in self.used[link]:
                number += 1
                if number >= net.num_addresses - 1:
                    raise BadNetwork(f"{net} has no address left", *path)
            self.used[link][address] = path
            found.append(f"{address}/{net.prefixlen}")
        return tuple(found)

    def _with_lengths(self, addresses: tuple[str, ...], link: str) -> tuple[str, ...]:
        """A bare address gets the length of the prefix it is in."""
        nets = self.prefixes.get(link) or {
            v: ipaddress.ip_network(p) for v, p in PUBLIC_HOSTS.items()
        }
        found = []
        for text in addresses:
            ip = ipaddress.ip_interface(text)
            net = nets.get(ip.version)
            if "/" not in text and net is not None and ip.ip in net:
                found.append(f"{ip.ip}/{net.prefixlen}")
            else:
                found.append(str(ip))
        return tuple(found)

    # --- gateways -------------------------------------------------------------------------------

    def _gateways_of_router(self, router: Router, routers: dict[str, Router]) -> Router:
        outside = tuple(
            msgspec.structs.replace(a, gateways=self._gateways(a, routers)) for a in router.outside
        )
        return msgspec.structs.replace(router, outside=outside)

    def _gateways_of_host(self, host: Host, routers: dict[str, Router]) -> Host:
        interfaces = tuple(
            msgspec.structs.replace(i, gateways=self._gateways(i, routers)) for i in host.interfaces
        )
        return msgspec.structs.replace(host, interfaces=interfaces)

    def _gateways(
        self, part: Attachment | Interface, routers: dict[str, Router]
    ) -> tuple[str, ...]:
        if part.gateways or part.link is None or (isinstance(part, Interface) and part.default):
            return part.gateways
        found: dict[int, str] = {}
        if part.link == INTERNET:
            for text in part.addresses:
                ip = ipaddress.ip_interface(text)
                first = str(ip.network[1]) if ip.network.num_addresses > 2 else OWN[ip.version]
                found.setdefault(ip.version, first if first != str(ip.ip) else OWN[ip.version])
        else:
            own = {version_of(a) for a in part.addresses}
            for router in routers.values():
                for inside in router.inside:
                    if inside.link == part.link:
                        for text in inside.addresses:
                            if version_of(text) in own:
                                found.setdefault(version_of(text), bare(text))
        return tuple(found.values())
