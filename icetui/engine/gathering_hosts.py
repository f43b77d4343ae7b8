"""Host candidates (RFC 8445 section 5.1.1.1): a socket on each address of this machine."""

from __future__ import annotations

import errno
from dataclasses import dataclass

from icetui import events
from icetui.engine.embedding import Embedding
from icetui.engine.endpoint import Endpoint
from icetui.engine.gatherer import Gatherer
from icetui.engine.interfaces import LocalAddress, local_addresses
from icetui.engine.net import Address, Net, UdpNet
from icetui.engine.priorities import priority
from icetui.engine.sockets import Sockets
from icetui.engine.stream import Stream
from icetui.engine.translated_net import TranslatedNet
from icetui.events import Candidate, Evidence, Interface, StartSession

MOST_INTERFACES = 200
"""Of which is remembered what was told; machines that make containers make interfaces without
end."""


@dataclass(frozen=True, slots=True, eq=False)
class HostBase:
    """A socket of ours that stands for a host candidate."""

    endpoint: Endpoint
    local: LocalAddress
    rank: int
    """0: the most preferred."""
    translated: UdpNet | None = None
    """The way through a NAT64, by which it reaches IPv4 hosts and no others."""

    def reaches(self, addr: Address) -> bool:
        """Whether that is of the family that it sends to."""
        six = ":" in self.local.address and self.translated is None
        return six == (":" in addr[0])


class HostGathering:
    """The addresses of this machine, for one session."""

    def __init__(
        self, net: Net, stream: Stream, start: StartSession, gatherer: Gatherer, sockets: Sockets
    ) -> None:
        self._net = net
        self._stream = stream
        self._start = start
        self._gatherer = gatherer
        self._sockets = sockets

        self._shown: dict[str, Interface] = {}
        """What was told last of each."""

    def look(self) -> list[LocalAddress]:
        """Tell what is new of all interfaces; those addresses that may be used."""
        start = self._start
        addresses = local_addresses(self._net, start.interfaces, ipv4=start.ipv4, ipv6=start.ipv6)
        self._show_interfaces(addresses)
        return _interleave([a for a in addresses if a.why_not is None])

    async def open(self, local: LocalAddress, rank: int) -> HostBase | None:
        """A socket on that address; None: there can be none, which is told, or it adds nothing."""
        port = self._start.port
        endpoint = self._gatherer.new_endpoint()
        try:
            await self._sockets.open(endpoint, local.address, port)
        except OSError as error:
            self._stream.emit(
                events.CandidateFailed,
                address=local.address,
                interface=local.interface,
                detail=_bind_problem(error, local, port),
                evidence=Evidence(errno=error.errno),
            )
            return None
        candidate = Candidate(
            id="",
            type="host",
            address=endpoint.address[0],
            port=endpoint.address[1],
            priority=priority("host", rank),
            foundation=f"h{rank}",
            interface=local.interface,
        )
        if self._gatherer.found(candidate, endpoint) is None:
            return None
        return HostBase(endpoint, local, rank)

    async def open_translated(self, base: HostBase, embedding: Embedding) -> HostBase | None:
        """A socket beside that of an IPv6 base, for IPv4 hosts behind a NAT64. It is no candidate
        before a server has told where it is seen."""
        endpoint = self._gatherer.new_endpoint()
        try:
            translated = TranslatedNet(self._net, embedding)
            await translated.open_udp(endpoint, base.local.address)
        except OSError:
            return None  # the address has just gone; what stood on it is told without it
        return HostBase(endpoint, base.local, base.rank, translated)

    def _show_interfaces(self, addresses: list[LocalAddress]) -> None:
        names = dict.fromkeys(a.interface for a in addresses)
        for name in names:
            own = [a for a in addresses if a.interface == name]
            used = any(a.why_not is None for a in own)
            self._show(
                Interface(
                    name=name,
                    addresses=tuple(a.address for a in own),
                    used=used,
                    why_not=None if used else own[0].why_not,
                )
            )
        for name in dict.fromkeys((*self._start.interfaces, *self._shown)):
            if name not in names:
                known = self._shown.get(name)
                nothing = "this machine has no interface of that name with an address"
                gone = known is not None and (known.gone or bool(known.addresses))
                self._show(Interface(name=name, used=False, why_not=nothing, gone=gone))

    def _show(self, interface: Interface) -> None:
        if self._shown.get(interface.name) == interface:
            return
        self._shown[interface.name] = interface
        while len(self._shown) > MOST_INTERFACES:
            del self._shown[next(iter(self._shown))]
        self._stream.emit(events.InterfaceFound, interface=interface)


def _interleave(addresses: list[LocalAddress]) -> list[LocalAddress]:
    """IPv6 and IPv4 in turn, IPv6 first (RFC 8421 section 4), in the system's order each."""
    six = [a for a in addresses if ":" in a.address]
    four = [a for a in addresses if ":" not in a.address]
    mixed: list[LocalAddress] = []
    while six or four:
        mixed += [queue.pop(0) for queue in (six, four) if queue]
    return mixed


def _bind_problem(error: OSError, local: LocalAddress, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use on {local.address}; choose another --port"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"no permission to bind port {port} on {local.address}; use a --port above 1023"
    return f"cannot bind {local.address}: {error.strerror or error}"
