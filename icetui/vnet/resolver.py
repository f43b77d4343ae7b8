"""Names to addresses, as a host's resolver answers: late, wrongly, or not at all."""

from __future__ import annotations

import asyncio

from icetui.engine.embedding import Embedding
from icetui.engine.net import Address, Unresolved
from icetui.vnet.network_parts import Host, Name
from icetui.vnet.routing_table import as_number, version_of

PATIENCE = 10.0
"""Seconds until a resolver that hears nothing gives up: two questions of 5 s (resolv.conf(5))."""


class Resolver:
    """Of a world; each host may be told something of its own."""

    def __init__(self, names: dict[str, Name], hosts: dict[str, Host]) -> None:
        self._names = {normal(name): answer for name, answer in names.items()}
        self._dns64 = {n: Embedding(h.dns64) for n, h in hosts.items() if h.dns64 is not None}

    def set(self, name: str, answer: Name) -> None:
        """Say this from now on."""
        self._names[normal(name)] = answer

    async def resolve(self, host: str, name: str, port: int) -> list[Address]:
        """What that host is told. Raises `Unresolved` in the words of the C library."""
        literal = name.strip("[]")
        try:
            as_number(literal)
        except ValueError:
            pass
        else:
            return [(literal, port)]
        answer = self._names.get(normal(name))
        if answer is not None:
            answer = answer.hosts.get(host, answer)
        if answer is None:
            raise Unresolved("Name or service not known", "not-found")
        await asyncio.sleep(PATIENCE if answer.silent else answer.delay)
        if answer.silent:
            raise Unresolved("Temporary failure in name resolution", "temporary")
        if not answer.addresses:
            raise Unresolved("Name or service not known", "not-found")
        return [(address, port) for address in self._made(host, answer.addresses)]

    def _made(self, host: str, addresses: tuple[str, ...]) -> tuple[str, ...]:
        """With DNS64, a name that has no IPv6 address gets some."""
        dns64 = self._dns64.get(host)
        if dns64 is None or any(version_of(address) == 6 for address in addresses):
            return addresses
        return (*(dns64.embed(address) for address in addresses), *addresses)


def normal(name: str) -> str:
    """Names are compared so (RFC 4343)."""
    return name.rstrip(".").lower()
