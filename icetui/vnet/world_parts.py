"""A network built: its links, routers, hosts and servers, and what is behind which router."""

from __future__ import annotations

import asyncio
from functools import partial

from icetui.vnet import programs
from icetui.vnet.addressing import lans
from icetui.vnet.core import Core
from icetui.vnet.fabric import Fabric
from icetui.vnet.firewall import Firewall
from icetui.vnet.host import Host
from icetui.vnet.host_net import HostNet
from icetui.vnet.link import Lan, Medium, Port
from icetui.vnet.network import Network
from icetui.vnet.network import Server as ServerSpec
from icetui.vnet.network_check import check
from icetui.vnet.network_parts import INTERNET, Interface, Link
from icetui.vnet.network_parts import Host as HostSpec
from icetui.vnet.resolver import Resolver
from icetui.vnet.router import Router
from icetui.vnet.routing_table import Prefix
from icetui.vnet.servers import StunOptions
from icetui.vnet.stun_server import StunServer
from icetui.vnet.turn_server import TurnServer


class Machine(Host):
    """A host, with what an engine or a server on it is handed."""

    net: HostNet


class WorldParts:
    """All that there is in a world."""

    def __init__(self, network: Network) -> None:
        """Raises `BadNetwork`."""
        self.network = check(network)
        self.fabric = Fabric(self.network.seed)
        self.clock = self.fabric.clock
        self.resolver = Resolver(self.network.names, self.network.hosts)
        internet = self.network.links.get(INTERNET, Link())
        self.core = Core(self.fabric, INTERNET, internet)
        self.links: dict[str, Medium] = {INTERNET: self.core}
        for name in lans(self.network):
            link = self.network.links.get(name, Link())
            self.links[name] = Lan(self.fabric, name, isolated=link.isolated)
        self.routers = {name: self._router(name) for name in self.network.routers}
        self.hosts = {name: self._host(name, h) for name, h in self.network.hosts.items()}
        self.servers = {name: self._server(name, s) for name, s in self.network.servers.items()}
        self.route()
        for host in self.hosts.values():
            for program in host.programs:
                host.loop.run(program)

    # --- building -------------------------------------------------------------------------------

    def _router(self, name: str) -> Router:
        spec = self.network.routers[name]
        router = Router(self.fabric, name, spec)
        for side, parts in (("inside", spec.inside), ("outside", spec.outside)):
            for number, part in enumerate(parts):
                called = side if number == 0 else f"{side}{number + 1}"
                link = self.links[part.link]
                router.plug(Port(self.fabric, name, called, router, link, part, side))
        return router

    def _host(self, name: str, spec: HostSpec) -> Machine:
        host = Machine(self.fabric, name, spec, ipv6=self.network.ipv6)
        host.net = HostNet(self.fabric, host, self.resolver, self.network.wall)
        for interface in spec.interfaces:
            self.plug(host, interface)
        host.programs.append(lambda: programs.begin(host))
        return host

    def _server(self, name: str, spec: ServerSpec) -> StunServer | TurnServer:
        assert spec.host is not None  # filled in
        host = self.hosts[spec.host]
        host.programs.append(lambda: self.start(name))
        if isinstance(spec.options, StunOptions):
            return StunServer(spec.options, host.net)
        return TurnServer(spec.options, host.net)

    def start(self, name: str) -> None:
        """Let a server begin, unless it runs or its host is off."""
        host, server = self.hosts[self.network.servers[name].host or name], self.servers[name]
        if not server.running and not host.off:
            task = host.loop.create_task(server.start(), name=f"start {name}")
            task.add_done_callback(partial(self._started, name, host))

    def _started(self, name: str, host: Machine, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            what = {"message": f"{name} could not start", "exception": error}
            host.loop.call_exception_handler(what)

    def plug(self, host: Machine, interface: Interface, place: int | None = None) -> Port:
        """Give a host one more interface; its addresses must be whole."""
        if interface.link is None:
            # A bridge without members, a tunnel without a far end: neighbours are asked in vain.
            link: Medium = Lan(self.fabric, f"{host.name}.{interface.name}")
        else:
            link = self.links[interface.link]
        port = Port(self.fabric, host.name, interface.name, host, link, interface)
        host.plug(port, place)
        return port

    def route(self) -> None:
        """Tell every router and the core what is behind which router."""
        for router in self.routers.values():
            found: list[tuple[Prefix, Port, str]] = []
            for port in router.ports:
                if port.side == "inside":
                    for p, gateway in self._behind(port, ()):
                        found.append((p, port, gateway))
            router.reach(found)
        self.core.announce(
            [
                (p, port)
                for port in self.core.ports
                if isinstance(port.node, Router)
                for p in self._announced(port.node, ())
            ]
        )

    def _behind(self, port: Port, seen: tuple[str, ...]) -> list[tuple[Prefix, str]]:
        """What other routers on an inside link lead to, and their addresses there."""
        found = []
        for router in self.routers.values():
            for outer in router.ports:
                if outer.side != "outside" or outer.link is not port.link or router.name in seen:
                    continue
                for p in self._announced(router, seen):
                    gateway = outer.address(p.version)
                    if gateway is not None:
                        found.append((p, gateway))
        return found

    def _announced(self, router: Router, seen: tuple[str, ...]) -> list[Prefix]:
        """What can be reached through a router from outside: nothing that a NAT hides."""
        seen = (*seen, router.name)
        found = []
        for port in router.ports:
            if port.side == "inside":
                inner = [*port.prefixes, *(p for p, _ in self._behind(port, seen))]
                found += [p for p in inner if p.version == 6 or router.kind is None]
        return found

    # --- by name --------------------------------------------------------------------------------

    def port(self, line: str) -> Port:
        """Of a line: `owner.interface`, or the owner's first one, a router's way out.

        Raises KeyError.
        """
        owner, _, name = line.partition(".")
        node = self.routers.get(owner) or self.hosts[owner]
        if not name:
            uplink = node.uplink if isinstance(node, Router) else None
            if uplink is not None or node.ports:
                return uplink or node.ports[0]
            raise KeyError(line)
        found = next((p for p in node.ports if p.name == name), None)
        if found is None:
            raise KeyError(line)
        return found

    def firewall(self, whom: str) -> Firewall:
        """Of a router, a host or the internet. Raises KeyError."""
        if whom == INTERNET:
            return self.core.firewall
        return (self.routers.get(whom) or self.hosts[whom]).firewall
