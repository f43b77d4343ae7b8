"""A captive portal: takes every TCP connection that comes by, and answers as a web server."""

from __future__ import annotations

from typing import Any

from icetui.vnet.fabric import Fabric
from icetui.vnet.link import Port
from icetui.vnet.packet import Packet
from icetui.vnet.tcp import TcpStack

ANSWER = (
    b"HTTP/1.1 302 Found\r\nLocation: http://portal.test/\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)


class Portal:
    """Of one router; what it says goes back inside."""

    def __init__(self, fabric: Fabric, name: str) -> None:
        self._loop = fabric.clock.loop(f"{name} portal")
        self._back: Port | None = None
        self._tcp = TcpStack(self._loop, fabric.stream(f"portal {name}"), self._send)
        self._tcp.capture(WebServer)

    def take(self, packet: Packet, port: Port) -> None:
        """A packet that came in at an inside port, for whoever."""
        self._back = port
        self._loop.call_soon(self._tcp.receive, packet)

    def _send(self, packet: Packet) -> None:
        if self._back is not None:
            self._back.send(packet, packet.destination[0])


class WebServer:
    """Whatever is asked, it redirects. A `StreamReceiver`."""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(ANSWER)
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None: ...
