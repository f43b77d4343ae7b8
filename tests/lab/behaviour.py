"""Measures what a NAT does (RFC 4787 §4, §5), with real sockets on the lab's hosts."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
from collections.abc import Iterator

from tests.lab.lab import SERVER, Host, Lab
from tests.lab.topology import SERVER_V4

PORTS = (7001, 7002)
INDEPENDENT = "endpoint-independent"
ADDRESS = "address-dependent"
ADDRESS_AND_PORT = "address-and-port-dependent"
BLOCKED = "blocked"

Address = tuple[str, int]


@dataclasses.dataclass(frozen=True)
class Behaviour:
    """``mapping`` and ``filtering`` as RFC 4787 calls them; ``mapped`` is what the server saw."""

    mapping: str
    filtering: str
    local: Address
    mapped: Address | None


@contextlib.contextmanager
def udp_socket(host: Host, address: str = "0.0.0.0", port: int = 0) -> Iterator[socket.socket]:
    """A UDP socket on a host of the lab."""
    with host.inside():
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with opened:
        opened.bind((address, port))
        opened.settimeout(1)
        yield opened


@contextlib.contextmanager
def servers(lab: Lab) -> Iterator[dict[Address, socket.socket]]:
    """Sockets on both of the server's addresses and two ports of each."""
    with contextlib.ExitStack() as stack:
        yield {
            (address, port): stack.enter_context(udp_socket(lab[SERVER], address, port))
            for address in SERVER_V4
            for port in PORTS
        }


def measure(lab: Lab, host: Host) -> Behaviour:
    """The behaviour of all NATs together between ``host`` and the server."""
    with servers(lab) as there:
        first, same_address, *other_addresses = there
        with udp_socket(host, host.address) as here:
            seen: dict[Address, Address] = {}
            for address, server in there.items():
                here.sendto(b"who am I", address)
                server.settimeout(0.3 if not seen else 1)
                try:
                    seen[address] = server.recvfrom(64)[1]
                except TimeoutError:
                    return Behaviour(BLOCKED, BLOCKED, here.getsockname(), None)
            local = here.getsockname()
        if len(set(seen.values())) == 1:
            mapping = INDEPENDENT
        elif seen[first] == seen[same_address]:
            mapping = ADDRESS
        else:
            mapping = ADDRESS_AND_PORT
        with udp_socket(host, host.address) as here:
            here.sendto(b"hello", first)
            mapped: Address = there[first].recvfrom(64)[1]
            passed = set(arrivals(there, mapped, here, last=first))
        if passed.intersection(other_addresses):
            filtering = INDEPENDENT
        elif same_address in passed:
            filtering = ADDRESS
        else:
            filtering = ADDRESS_AND_PORT
        return Behaviour(mapping, filtering, local, seen[first])


def arrivals(
    there: dict[Address, socket.socket], mapped: Address, here: socket.socket, last: Address
) -> Iterator[Address]:
    """Who of the servers gets through to ``here`` by way of ``mapped``.

    ``last`` is known to get through and sends at the end: once that is here, what else could
    arrive has arrived, for they all take the same way.
    """
    for address, server in there.items():
        if address != last:
            server.sendto(b"unsolicited", mapped)
    there[last].sendto(b"last", mapped)
    while True:
        sender: Address = here.recvfrom(64)[1]
        if sender == last:
            return
        yield sender
