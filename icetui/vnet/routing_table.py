"""Addresses and prefixes as integers, so that no packet is looked at through `ipaddress`."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Prefix(NamedTuple):
    """A network: IP version, network address and mask as integers, length in bits."""

    version: int
    network: int
    mask: int
    length: int

    def holds(self, address: str) -> bool:
        version, number = as_number(address)
        return version == self.version and number & self.mask == self.network


@lru_cache(maxsize=4096)
def as_number(address: str) -> tuple[int, int]:
    """IP version and the address as an integer. Raises ValueError."""
    ip = ipaddress.ip_address(address)
    return ip.version, int(ip)


@lru_cache(maxsize=4096)
def prefix(text: str) -> Prefix:
    """Of `address/length`, or of one address. Raises ValueError."""
    net = ipaddress.ip_network(text, strict=False)
    return Prefix(net.version, int(net.network_address), int(net.netmask), net.prefixlen)


@lru_cache(maxsize=4096)
def bare(text: str) -> str:
    """The address of `address/length`, as `ipaddress` writes it. Raises ValueError."""
    return str(ipaddress.ip_interface(text).ip)


def written(version: int, number: int) -> str:
    """The reverse of `as_number`."""
    return str((ipaddress.IPv6Address if version == 6 else ipaddress.IPv4Address)(number))


def version_of(address: str) -> int:
    """4 or 6."""
    return 6 if ":" in address else 4


class Table(Generic[T]):
    """The longest matching prefix decides; answers are kept until the table changes."""

    def __init__(self) -> None:
        self._entries: list[tuple[Prefix, T]] = []
        self._known: dict[str, T | None] = {}

    def add(self, text: str, value: T) -> None:
        """Of equally long prefixes the one added first counts."""
        self.add_prefix(prefix(text), value)

    def add_prefix(self, p: Prefix, value: T) -> None:
        self._entries.append((p, value))
        self._entries.sort(key=lambda entry: -entry[0].length)
        self._known.clear()

    def find(self, address: str) -> T | None:
        known = self._known
        if address in known:
            return known[address]
        if len(known) > 10_000:  # a scan of addresses must not fill the memory
            known.clear()
        found = next((value for p, value in self._entries if p.holds(address)), None)
        known[address] = found
        return found
