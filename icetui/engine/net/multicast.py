"""The system's multicast sockets, for questions to everybody in the local networks.

What belongs here: opening, joining, asking and hearing, as multicast DNS wants it (RFC 6762
sections 5.2, 6.7 and 11). What is asked is `engine/mdns.py`'s business.
"""

from __future__ import annotations

import asyncio
import socket
import sys

from icetui.engine.net import Address

LARGEST = 9000
"""Bytes of a datagram (RFC 6762 section 17)."""


class SystemMulticast:
    """One socket of the system, for IPv4."""

    def __init__(self, group: str, port: int, sources: list[str]) -> None:
        """Hears every answer, or only those to itself where another has the port.

        Raises OSError.
        """
        self._group = (group, port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._open(sources)
        except OSError:
            self._socket.close()
            raise

    def _open(self, sources: list[str]) -> None:
        listener = self._socket
        listener.setblocking(False)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "SO_REUSEPORT"):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        # Every datagram stays on the link and comes back to programs on this host (section 11).
        listener.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
        listener.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
        try:
            # Bound to the group, nothing from beyond the link arrives; Windows cannot do that.
            listener.bind(("" if sys.platform == "win32" else self._group[0], self._group[1]))
            self._join(sources)
        except OSError:
            listener.bind(("", 0))  # answers come to us alone (section 6.7)

    def _join(self, sources: list[str]) -> None:
        for address in sources:
            membership = socket.inet_aton(self._group[0]) + socket.inet_aton(address)
            try:
                self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
            except OSError:
                # Two addresses on one interface, or one without multicast: asking will tell.
                continue

    def ask(self, data: bytes, source: str) -> None:
        """Send to the group out of the interface with this address. Raises OSError."""
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(source))
        self._socket.sendto(data, self._group)

    async def receive(self) -> tuple[bytes, Address]:
        """The next datagram and who sent it."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                datagram, source = await loop.sock_recvfrom(self._socket, LARGEST)
            except OSError:
                # An ICMP error about a question of ours; answers may come from elsewhere.
                await asyncio.sleep(0.01)
                continue
            return datagram, (source[0], source[1])

    def close(self) -> None:
        self._socket.close()
