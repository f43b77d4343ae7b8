"""IPv4 addresses inside IPv6 ones, by which a NAT64 is told whom an IPv6 host means (RFC 6052)."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from icetui.engine.net import Address

LENGTH = 96
"""Bits of a prefix. RFC 6052 knows shorter ones, which are hardly used."""
LOW = (1 << 32) - 1


class Embedding:
    """One prefix."""

    def __init__(self, text: str) -> None:
        """Raises ValueError for anything but an IPv6 prefix of 96 bits."""
        network = ipaddress.ip_network(text)
        if network.version != 6 or network.prefixlen != LENGTH:
            raise ValueError(f"{text!r} is no IPv6 prefix of {LENGTH} bits")
        self._first = int(network.network_address)

    def __str__(self) -> str:
        return f"{ipaddress.IPv6Address(self._first)}/{LENGTH}"

    def holds(self, address: str) -> bool:
        """Whether an IPv4 host is meant by it."""
        return ":" in address and _number(address) & ~LOW == self._first

    def embed(self, address: str) -> str:
        """The IPv6 address that means this IPv4 one."""
        return str(ipaddress.IPv6Address(self._first | _number(address)))

    def extract(self, address: str) -> str:
        """The IPv4 address in one of the prefix."""
        return str(ipaddress.IPv4Address(_number(address) & LOW))


@lru_cache(maxsize=4096)
def _number(address: str) -> int:
    """Raises ValueError."""
    return int(ipaddress.ip_address(address))


def discovered(addresses: list[Address]) -> Embedding | None:
    """The prefix of the NAT64 that a resolver knows of, by what it says to a name: an IPv6 address
    that ends in one of the name's IPv4 addresses was made by it (RFC 7050 section 3)."""
    old = {_number(a) for a, _ in addresses if ":" not in a}
    for address, _ in addresses:
        if ":" in address and _number(address) & LOW in old:
            network = ipaddress.ip_network((_number(address) & ~LOW, LENGTH))
            return Embedding(str(network))
    return None
