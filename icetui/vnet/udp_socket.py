"""A host's UDP socket."""

from __future__ import annotations

import errno
import os
from collections import deque
from typing import TYPE_CHECKING, Any

from icetui.engine.net import Address, PacketReceiver, Undelivered
from icetui.vnet.packet import HOPS, Packet
from icetui.vnet.routing_table import version_of

if TYPE_CHECKING:
    from icetui.vnet.host import Host

RECEIVE_BUFFER = 262_144
"""Bytes that wait while nobody reads."""
OVERHEAD = 512
"""Bytes that each datagram counts for beside its own."""
LARGEST = {4: 65_507, 6: 65_527}
"""Bytes of data, by IP version."""
AT_ONCE = 64
"""Datagrams read before others have their turn."""
EPHEMERAL = range(32_768, 61_000)
"""As Linux has it."""
ANY = ("0.0.0.0", "::")


class UdpSocket:
    """Bound, and heard by its receiver. A `DatagramTransport`."""

    __slots__ = (
        "_closing",
        "_heard",
        "_hops",
        "_host",
        "_room",
        "_version",
        "_waking",
        "name",
        "receiver",
    )

    def __init__(
        self, host: Host, receiver: PacketReceiver, name: Address, hops: int | None
    ) -> None:
        self._host = host
        self.receiver = receiver
        self.name = name
        self._version = version_of(name[0])
        self._hops = HOPS if hops is None else hops
        self._closing = False
        self._heard: deque[tuple[bytes, Address, float]] = deque()
        self._room = RECEIVE_BUFFER
        self._waking = False

    # --- what its program does ------------------------------------------------------------------

    def sendto(self, data: bytes, addr: Address) -> None:
        if self._closing:
            return
        number = self._send(data, addr)
        if number is not None:
            error = OSError(number, os.strerror(number))
            self._host.loop.call_soon(self._failed, addr, error)

    def _send(self, data: bytes, addr: Address) -> int | None:
        if version_of(addr[0]) != self._version:
            return errno.EAFNOSUPPORT
        if not 0 < addr[1] <= 65535:
            return errno.EINVAL
        if len(data) > LARGEST[self._version]:
            return errno.EMSGSIZE
        source = self.name
        if source[0] in ANY:
            chosen = self._host.routes.source(addr[0])
            if chosen is None:
                return errno.ENETUNREACH
            source = chosen, source[1]
        return self._host.send(Packet(source, (addr[0], addr[1]), bytes(data), self._hops))

    def _failed(self, addr: Address, error: OSError) -> None:
        if not self._closing:
            self.receiver.send_failed(addr, error)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.name if name == "sockname" else default

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self.vanish()
            self._host.loop.call_soon(self.receiver.connection_lost, None)

    abort = close

    def vanish(self) -> None:
        """Close without a word to the receiver: its program is gone."""
        self._closing = True
        self._heard.clear()
        self._host.release(self)

    # --- what its host does ---------------------------------------------------------------------

    def arrive(self, packet: Packet) -> None:
        """A datagram for it."""
        data = packet.payload
        assert isinstance(data, bytes)
        if self._room < len(data):
            self._host.dropped("buffer-full", packet)
            return
        self._room -= len(data) + OVERHEAD
        loop = self._host.loop
        self._heard.append((data, packet.source, loop.time()))
        if not self._waking:
            self._waking = True
            loop.call_soon(self._read)

    def _read(self) -> None:
        self._waking = False
        for _ in range(AT_ONCE):
            if self._closing or not self._heard:
                return
            data, source, at = self._heard.popleft()
            self._room += len(data) + OVERHEAD
            self.receiver.packet_received(data, source, at)
        if self._heard and not self._waking:
            self._waking = True
            self._host.loop.call_soon(self._read)

    def refused(self, addr: Address, error: Undelivered) -> None:
        """The network's word for something it sent."""
        self._host.loop.call_soon(self._unreachable, addr, error)

    def _unreachable(self, addr: Address, error: Undelivered) -> None:
        if not self._closing:
            self.receiver.unreachable(addr, error)
