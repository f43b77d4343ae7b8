"""The operating system as the engine's net.

What belongs here: what is short; sockets, names and multicast have files of their own.
"""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
import time
from typing import cast

import ifaddr

from icetui.engine.net import (
    Address,
    DatagramTransport,
    PacketReceiver,
    StreamReceiver,
    StreamTransport,
    TlsFailure,
    names,
    udp,
)
from icetui.engine.net.multicast import SystemMulticast
from icetui.events import TlsFailureKind

_CERTIFICATE_KINDS: dict[int, TlsFailureKind] = {
    9: "certificate-not-yet-valid",
    10: "certificate-expired",
    18: "certificate-untrusted",
    19: "certificate-untrusted",
    20: "certificate-untrusted",
    21: "certificate-untrusted",
    62: "certificate-name",
    64: "certificate-name",
}
"""OpenSSL's verification errors: the time, an issuer who is not trusted, or is the server itself,
a name or an IP address that is not the certificate's."""


class System:
    """This machine."""

    def __init__(self) -> None:
        self.random = random.SystemRandom()

    def now(self) -> float:
        return time.monotonic()  # as asyncio's loops do

    def uptime(self) -> float:
        # Linux's monotonic clock stands still while the machine sleeps; elsewhere it may, too.
        if hasattr(time, "CLOCK_BOOTTIME"):
            return time.clock_gettime(time.CLOCK_BOOTTIME)
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    def interfaces(self) -> list[tuple[str, str]]:
        return [
            (adapter.nice_name, ip.ip if isinstance(ip.ip, str) else ip.ip[0])
            for adapter in ifaddr.get_adapters()
            for ip in adapter.ips
        ]

    def source_address(self, towards: Address) -> str | None:
        family = socket.AF_INET6 if ":" in towards[0] else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(towards)
            except OSError:
                return None
            return str(probe.getsockname()[0])

    async def resolve(self, host: str, port: int) -> list[Address]:
        return await names.resolve(host, port)

    async def open_udp(
        self, receiver: PacketReceiver, address: str, port: int = 0, *, hops: int | None = None
    ) -> DatagramTransport:
        return await udp.open_udp(receiver, address, port, hops=hops)

    async def open_stream(
        self, receiver: StreamReceiver, addr: Address, *, local: str, tls: str | None = None
    ) -> StreamTransport:
        try:
            transport, _ = await asyncio.get_running_loop().create_connection(
                lambda: cast(asyncio.Protocol, receiver),
                addr[0],
                addr[1],
                ssl=ssl.create_default_context() if tls is not None else None,
                server_hostname=tls,
                local_addr=(local, 0),
            )
        except ssl.SSLError as error:
            words = getattr(error, "verify_message", "") or error.reason or str(error)
            raise TlsFailure(words, _tls_kind(error)) from None
        return cast(StreamTransport, transport)

    def open_multicast(self, group: str, port: int, sources: list[str]) -> SystemMulticast:
        return SystemMulticast(group, port, sources)


def _tls_kind(error: ssl.SSLError) -> TlsFailureKind:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _CERTIFICATE_KINDS.get(error.verify_code, "certificate")
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return "ended"
    reason = error.reason or ""
    if reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG"):
        return "not-tls"
    return "alert" if "ALERT" in reason else "other"
