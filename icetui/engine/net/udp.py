"""The system's UDP sockets, which say when a datagram arrived and which router refused one.

What belongs here: opening, reading and writing sockets. On Linux every datagram comes with the
kernel's own receive time (SO_TIMESTAMPNS), so a busy event loop does not show up as round trip
time, and ICMP errors come back with the address of whoever sent them (IP_RECVERR). Elsewhere
asyncio's own endpoint serves, without either. Nothing here knows STUN.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
import struct
import sys
import time
from typing import Any

from icetui.engine.net import PacketReceiver, Undelivered

RECEIVE_BUFFER = 262144
DATAGRAMS_PER_WAKE_UP = 64
LARGEST_DATAGRAM = 65535

# Not in Python's socket module; values from linux/in.h, linux/in6.h, asm-generic/socket.h.
IP_RECVERR = 11
IPV6_RECVERR = 25
SO_TIMESTAMPNS = 35
MSG_ERRQUEUE = 0x2000


def supported() -> bool:
    """Whether this system has the kernel's receive times and ICMP errors."""
    return sys.platform == "linux"


async def open_udp(
    receiver: PacketReceiver, address: str, port: int = 0, *, hops: int | None = None
) -> asyncio.DatagramTransport:
    """As `Net.open_udp`. Raises OSError when the address or port cannot be bound."""
    loop = asyncio.get_running_loop()
    ip = ipaddress.ip_address(address)
    sock = socket.socket(socket.AF_INET6 if ip.version == 6 else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        if ip.version == 6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        if hops is not None and ip.version == 6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, hops)
        elif hops is not None:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, hops)
        sock.bind((address, port))
        if supported():
            sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            if ip.version == 6:
                sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
            else:
                sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
            return UdpTransport(loop, sock, receiver)
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _PlainProtocol(loop, receiver), sock=sock
        )
    except BaseException:  # cancelled, too: the socket must not leak
        sock.close()
        raise
    return transport


class UdpTransport(asyncio.DatagramTransport):
    """A bound UDP socket read with recvmsg, in batches."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, sock: socket.socket, receiver: PacketReceiver
    ) -> None:
        super().__init__()
        self._loop = loop
        self._sock = sock
        self._receiver = receiver
        self._closing = False
        self._name: tuple[str, int] = sock.getsockname()[:2]
        receiver.connection_made(self)
        loop.add_reader(sock, self._readable)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """`sockname` as `(address, port)`."""
        return self._name if name == "sockname" else default

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if self._closing:
            return
        self._closing = True
        self._loop.remove_reader(self._sock)
        self._sock.close()
        self._loop.call_soon(self._receiver.connection_lost, None)

    def abort(self) -> None:
        self.close()

    def sendto(self, data: Any, addr: Any = None) -> None:
        """Send one datagram; a failure is told to the receiver, never raised."""
        if self._closing:
            return
        try:
            self._sock.sendto(data, addr)
        except BlockingIOError:
            pass  # the interface's queue is full: for the peer the same as a lost datagram
        except OSError as error:
            # With IP_RECVERR an earlier ICMP error is also reported here, once, for whichever
            # destination comes next; the error queue tells which it was, so send again.
            if error.errno in (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH):
                self._read_errors()
                try:
                    self._sock.sendto(data, addr)
                except OSError as again:
                    self._loop.call_soon(self._receiver.send_failed, addr, again)
            else:
                self._loop.call_soon(self._receiver.send_failed, addr, error)

    def _readable(self) -> None:
        offset = time.time() - self._loop.time()
        for _ in range(DATAGRAMS_PER_WAKE_UP):
            if self._closing:
                return
            try:
                data, ancillary, _flags, addr = self._sock.recvmsg(LARGEST_DATAGRAM, 64)
            except BlockingIOError:
                break
            except OSError:
                # A pending ICMP error is reported by the next call, whichever that is.
                self._read_errors()
                continue
            at = _kernel_time(ancillary)
            self._receiver.packet_received(
                data, addr[:2], self._loop.time() if at is None else at - offset
            )
        self._read_errors()

    def _read_errors(self) -> None:
        for _ in range(DATAGRAMS_PER_WAKE_UP):
            if self._closing:
                return
            try:
                _, ancillary, _flags, addr = self._sock.recvmsg(576, 512, MSG_ERRQUEUE)
            except OSError:
                return
            for level, kind, value in ancillary:
                if (level, kind) in (
                    (socket.IPPROTO_IP, IP_RECVERR),
                    (socket.IPPROTO_IPV6, IPV6_RECVERR),
                ):
                    self._receiver.unreachable(addr[:2], _undelivered(value))


def _kernel_time(ancillary: list[tuple[int, int, bytes]]) -> float | None:
    for level, kind, value in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS and len(value) >= 16:
            seconds, nanoseconds = struct.unpack("qq", value[:16])
            return float(seconds + nanoseconds * 1e-9)
    return None


def _undelivered(value: bytes) -> Undelivered:
    """`struct sock_extended_err` and the offender's address behind it (ip(7))."""
    number, origin, kind, code = struct.unpack_from("IBBB", value)
    version = {2: 4, 3: 6}.get(origin, 0)  # SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6
    router = ""
    if version and len(value) >= 24:
        (family,) = struct.unpack_from("H", value, 16)
        if family == socket.AF_INET:
            router = socket.inet_ntop(socket.AF_INET, value[20:24])
        elif family == socket.AF_INET6 and len(value) >= 40:
            router = socket.inet_ntop(socket.AF_INET6, value[24:40])
    return Undelivered(version, kind, code, router, number)


class _PlainProtocol(asyncio.DatagramProtocol):
    """asyncio's endpoint for systems without the Linux extras."""

    def __init__(self, loop: asyncio.AbstractEventLoop, receiver: PacketReceiver) -> None:
        self._loop = loop
        self._receiver = receiver

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._receiver.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._receiver.connection_lost(exc)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._receiver.packet_received(data, (addr[0], addr[1]), self._loop.time())
