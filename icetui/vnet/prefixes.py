"""Sets of IP addresses, written as prefixes."""

from __future__ import annotations

import ipaddress

REMEMBERED = 4096
"""Addresses whose answer is kept, so that it is found once and not for every datagram."""


class Prefixes:
    """Whether an address is in one of some prefixes. Raises ValueError for what is no prefix."""

    def __init__(self, prefixes: tuple[str, ...]) -> None:
        self._networks = [ipaddress.ip_network(prefix, strict=False) for prefix in prefixes]
        self._known: dict[str, bool] = {}

    def __bool__(self) -> bool:
        return bool(self._networks)

    def __contains__(self, address: str) -> bool:
        found = self._known.get(address)
        if found is None:
            ip = ipaddress.ip_address(address)
            found = any(ip in network for network in self._networks)
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[address] = found
        return found
