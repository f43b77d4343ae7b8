"""An icetui on a simulated network with servers of one's own: what it finds of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from icetui import events
from icetui.events import Event, Server, StartSession
from icetui.session import Session
from icetui.vnet import network
from icetui.vnet.network import Network
from icetui.vnet.network_parts import Host, Interface
from icetui.vnet.peer import Peer
from icetui.vnet.servers import StunOptions, TurnOptions
from icetui.vnet.world import World

USERS = {"alice": "secret"}
Internet = Callable[..., World]
"""As `simulated_internet`; the fixture that makes worlds and ends them."""


def simulated_internet(
    *client: str,
    name: str = "alice",
    names: dict[str, Any] | None = None,
    **servers: StunOptions | TurnOptions,
) -> World:
    """A host with these addresses, and each server on a host of its own."""  # fmt: skip
    hosts = {name: _host(client)}
    hosts |= {server: _host(options.addresses) for server, options in servers.items()}
    running = {s: network.Server(options, host=s) for s, options in servers.items()}
    return World(Network(seed=4, hosts=hosts, servers=running, names=names or {}))


def _host(addresses: tuple[str, ...]) -> Host:
    prefixed = tuple(f"{a}/{64 if ':' in a else 24}" for a in addresses)
    return Host(interfaces=(Interface("internet", addresses=prefixed),))


class Served:
    """One side, and all it has told."""

    def __init__(self, world: World, start: StartSession, host: str = "alice") -> None:
        self.world = world
        self.session = Session()
        self.heard: list[Event] = []
        self.peer = Peer(world.hosts[host], start, self._take)

    def _take(self, event: Event) -> None:
        self.heard.append(event)
        self.session.apply(event)  # type: ignore[arg-type]  # all are of the union

    def gather(self, within: float = 8.0) -> Server:
        """Until all servers have answered or failed; the only one."""
        assert self.world.clock.run_until_true(lambda: self.session.gathering == "complete", within)
        assert not self.world.failures
        return next(iter(self.session.servers.values()))

    def messages(self, method: str, message_class: str = "request") -> list[events.StunMessage]:
        """What it sent, or heard, of a kind."""
        kind = (method, message_class)
        told = (m for m in self.heard if isinstance(m, events.StunMessage))
        return [m for m in told if (m.method, m.message_class) == kind]

    def offered(self, *types: str) -> list[str]:
        """Addresses of the candidates of these types that can be used."""
        known = self.session.local_candidates.values()
        return [c.address for c in known if c.type in types and not c.unsupported]
