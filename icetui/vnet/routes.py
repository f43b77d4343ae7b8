"""A host's routing: through which interface a packet leaves, and to whom.

As the kernel lab sets it up: what is sent from an interface's address leaves through that interface
if it has a way out of its own; everything else by the most specific network, or through the first
interface with a gateway.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from icetui.vnet.link import Port
from icetui.vnet.routing_table import version_of

Route = tuple[Port, str] | Literal["local"] | None
"""The interface and the next hop; to itself; None: no way."""
LOOPBACK = {4: "127.0.0.1", 6: "::1"}


class Routes:
    """Of one host; made anew when its interfaces change."""

    def __init__(self, ports: Sequence[Port], *, ipv6: bool) -> None:
        self._ports = ports
        self._known: dict[tuple[str, str], Route] = {}
        self.own = {address for port in ports for address in port.addresses}
        self.own.add(LOOPBACK[4])
        if ipv6:
            self.own.add(LOOPBACK[6])

    def find(self, source: str, destination: str) -> Route:
        """`source` may be empty: not chosen yet."""
        key = source, destination
        if key in self._known:
            return self._known[key]
        if len(self._known) > 10_000:  # a scan of addresses must not fill the memory
            self._known.clear()
        route = self._known[key] = self._find(source, destination)
        return route

    def source(self, destination: str) -> str | None:
        """The address it would send from."""
        route = self.find("", destination)
        if route is None:
            return None
        if route == "local":
            return destination
        return route[0].address(version_of(destination))

    def _find(self, source: str, destination: str) -> Route:
        if destination in self.own or destination.startswith("127."):
            return "local"
        version = version_of(destination)
        port = next((p for p in self._ports if source in p.addresses), None)
        if port is not None and (version in port.gateways or port.default):
            if port.on_link(destination):
                return port, destination
            return port, port.gateways.get(version, destination)
        nearest: tuple[int, Port] | None = None
        for port in self._ports:
            for p in port.prefixes:
                if p.holds(destination) and (nearest is None or p.length > nearest[0]):
                    nearest = p.length, port
        if nearest is not None:
            return nearest[1], destination
        for port in self._ports:
            if version in port.gateways:
                return port, port.gateways[version]
        return None
