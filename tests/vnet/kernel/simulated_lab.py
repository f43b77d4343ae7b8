"""A simulated lab: a world built from the lab's topology, changed by the lab's methods."""

from __future__ import annotations

from typing import Any

import msgspec

from icetui.vnet.changes import AnyChange
from icetui.vnet.changes import change as change_named
from icetui.vnet.network import Network
from icetui.vnet.network_parts import Attachment, Interface, Nat, Router
from icetui.vnet.world import World
from tests.lab.lab import SERVER
from tests.lab.topology import SERVER_V4, Topology
from tests.lab.topology import Interface as LabInterface
from tests.lab.weather import Weather
from tests.vnet.kernel.lab_network import WIRE, coturn, network, outermost

WALL = 1_767_225_600.0
"""In 2026; blobs say when they were made only from 2025 on."""


COMMAND = 0.02
"""Seconds that a command takes by which the lab is changed."""


class SimulatedHost:
    """A host of it, as scenarios look at one."""

    def __init__(self, topology: Topology, name: str) -> None:
        self.interfaces: list[LabInterface] = [] if name == SERVER else topology.interfaces(name)
        self.address = SERVER_V4[0] if name == SERVER else self.interfaces[0].address


class SimulatedLab:
    """Its world is built when it is first asked for: until then the network is a value that may be
    changed in any way."""

    def __init__(self, topology: Topology, *, server: bool = True, seed: int = 1) -> None:
        self.topology = topology
        self._seed = seed
        self._server = coturn(ipv6=topology.ipv6) if server else None
        self._homes: dict[str, int] = {}
        self._world: World | None = None
        self._runs = server

    def __getitem__(self, name: str) -> SimulatedHost:
        return SimulatedHost(self.topology, name)

    @property
    def world(self) -> World:
        """Running from now on."""
        if self._world is None:
            self._world = World(self.network)
            self._world.clock.run_for(0.001)  # until the server listens
        return self._world

    @property
    def network(self) -> Network:
        made = network(self.topology, self._server, seed=self._seed, wall=WALL)
        for name, number in self._homes.items():
            made = _with_home(made, name, number)
        return made

    def change(self, change: AnyChange) -> None:
        self.world.clock.run_for(COMMAND)
        self.world.bring_about(change)

    def _change(self, what: str, whom: str, **parameters: Any) -> None:
        self.change(change_named(what, whom, **parameters))

    # --- what the lab does ----------------------------------------------------------------------

    def _line(self, link: str) -> str:
        return SERVER if link == SERVER else outermost(self.topology, link)

    def cut(self, link: str) -> None:
        self._change("cut", self._line(link))

    def restore(self, link: str) -> None:
        self._change("restore", self._line(link))

    def rebind(self, site: str) -> None:
        self._change("rebind", outermost(self.topology, site))

    def set_weather(self, link: str, weather: Weather) -> None:
        line: dict[str, Any] = {**vars(weather), "delay": weather.delay + WIRE.delay}
        self._change("weather", self._line(link), line=line)

    def start_server(self, *options: str) -> None:
        """Raises NotImplementedError for other options than the server had before."""
        wanted = coturn(*options, ipv6=self.topology.ipv6)
        if self._world is None:
            self._server = wanted
        elif wanted != self._server:
            raise NotImplementedError("a server that runs cannot get other options")
        else:
            self._world.change("start", "coturn")
            self._world.clock.run_for(0.001)
        self._runs = True

    def stop_server(self) -> None:
        self.world.change("stop", "coturn")

    def distrust(self) -> None:
        """Clients do not know who has signed the server's certificate, before anybody asks."""
        if self._world is not None or self._server is None:
            raise NotImplementedError("a certificate that has been seen cannot be another")
        certificate = msgspec.structs.replace(self._server.certificate, trusted=False)
        self._server = msgspec.structs.replace(self._server, certificate=certificate)

    def home(self, name: str, number: int) -> None:
        """A NAT of its own around a host."""
        if self._world is not None:
            raise NotImplementedError("a NAT cannot be put around a host that runs")
        self._homes[name] = number


def _with_home(made: Network, name: str, number: int) -> Network:
    """The host gets behind a router that has its address, in a LAN of its own."""
    host = made.hosts[name]
    (outer,) = host.interfaces
    assert outer.link is not None
    router = Router(
        inside=(Attachment(f"home-{name}", (f"192.168.{number}.1/24",), line=WIRE),),
        outside=(Attachment(outer.link, outer.addresses, outer.gateways, line=WIRE),),
        nat=Nat(),
    )
    inner = Interface(
        f"home-{name}", "home0", (f"192.168.{number}.2/24",), (f"192.168.{number}.1",), line=WIRE
    )
    return msgspec.structs.replace(
        made,
        routers={**made.routers, f"home-{name}": router},
        hosts={**made.hosts, name: msgspec.structs.replace(host, interfaces=(inner,))},
    )
