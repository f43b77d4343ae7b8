"""A TURN allocation as a transport (RFC 8656), over UDP, TCP or TLS.

aioice's client allocates, authenticates and refreshes; what is ours: every message is shown, the
network's refusals are heard, a channel is bound as soon as a peer is known and data follows right
behind the request instead of a round trip later, and closing is bounded in time.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import struct
from collections.abc import Coroutine
from typing import Any

from aioice import stun, turn

from icetui.engine import wire
from icetui.engine.endpoint import Address, Endpoint, show
from icetui.engine.sockets import open_udp
from icetui.engine.stream import Stream
from icetui.events import Reason, TurnServer, address_port

REQUEST_AGAIN = 0.15
"""Seconds between the sendings of a request over UDP. Doubling from 500 ms (RFC 8489 section 6.2.1)
would leave an allocation, two round trips, two tries in two seconds …"""
REQUEST_LONGER = 1.2
"""… but a server that is down is asked less and less: what each pause is longer than the last."""
REQUEST_WITHIN = 20.0

# aioice reads these when it makes a transaction, and only TURN uses its transactions here: one
# sending each, the repetitions are ours.
stun.RETRY_RTO = REQUEST_WITHIN
stun.RETRY_MAX = 0

LIFETIME = 600
"""Seconds asked for an allocation (RFC 8656 section 7.1's default)."""
BIND_AGAIN = 240.0
"""Seconds after which a channel is bound anew: its permission lives 300 s (RFC 8656 section 9)."""
BIND_RETRY = 5.0
VERIFY_WITHIN = 2.0
"""Seconds the server gets to say that an allocation still lives."""
GOODBYE = 0.4
"""Seconds the server gets to confirm that the allocation is deleted."""
MOST_BUFFERED = 262144
"""Bytes waiting on a TCP connection beyond which datagrams are dropped, as a router would."""


class RelayUnavailable(Exception):
    """No allocation. `reason` is out of the enum, the text is one sentence for people."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class NothingGranted(ConnectionError):
    """An allocation that ends as it begins. aioice's refresh gives up on a ConnectionError."""


class _ShownClient(turn.TurnClientMixin):
    """aioice's TURN client, every message of it in the stream."""

    stream: Stream
    url: str
    endpoint: Endpoint | None = None
    transport: asyncio.BaseTransport
    granted: float | None = None
    """Seconds the server lets the allocation live without a refresh."""

    def watch(self, stream: Stream, url: str) -> None:
        self.stream, self.url = stream, url
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def _break(self, error: Exception) -> None:
        if not self.broken.done():
            self.broken.set_exception(error)
            self.broken.exception()  # looked at: nobody may be waiting any more

    async def request(self, request: stun.Message) -> tuple[stun.Message, Address]:
        response, addr = await super().request(request)
        self.granted = response.attributes.get("LIFETIME", self.granted)
        if self.granted == 0 and request.attributes.get("LIFETIME"):
            # aioice would refresh it at once, and again, as often as the server answers.
            raise NothingGranted("the server allocates for 0 s")
        return response, addr

    def send_stun(self, message: stun.Message, addr: Address) -> None:
        data = bytes(message)
        if self.transport.is_closing():
            return
        self._send(data)
        self._show("out", data)

    def _arrived(self, data: bytes, at: float) -> None:
        """A frame from the server."""
        if len(data) >= 4 and turn.is_channel_data(data):
            channel, length = struct.unpack_from("!HH", data)
            peer = self.channel_to_peer.get(channel)
            if peer is not None and self.endpoint is not None and len(data) >= 4 + length:
                self.endpoint.packet_received(data[4 : 4 + length], peer, at)
            return
        if not wire.is_stun(data):
            return
        try:
            self._show("in", data)
            super().datagram_received(data, self.server)
        except (ValueError, struct.error, IndexError):
            return  # aioice raises struct.error for attributes shorter than their type

    def _show(self, direction: str, data: bytes) -> None:
        name = self.transport.get_extra_info("sockname") or ("", 0)
        show(
            self.stream,
            direction,
            data,
            local=address_port(name[0], name[1]),
            remote=address_port(*self.server),
            via=self.url,
        )

    def connection_lost(self, exc: Exception | None) -> None:
        self._break(exc or ConnectionResetError("the server closed the connection"))
        super().connection_lost(exc)


class _UdpClient(_ShownClient, turn.TurnClientUdpProtocol):
    transport: asyncio.DatagramTransport

    async def request(self, request: stun.Message) -> tuple[stun.Message, Address]:
        again = asyncio.create_task(self._repeat(request))
        try:
            return await super().request(request)
        finally:
            again.cancel()

    async def _repeat(self, request: stun.Message) -> None:
        """A transaction's request again and again until it is answered."""
        pause = REQUEST_AGAIN
        while True:
            await asyncio.sleep(pause)
            pause *= REQUEST_LONGER
            self.send_stun(request, self.server)

    def _send(self, data: bytes) -> None:
        self.transport.sendto(data, self.server)

    def packet_received(self, data: bytes, addr: Address, at: float) -> None:
        if addr == self.server:
            self._arrived(data, at)

    def unreachable(self, addr: Address, detail: str) -> None:
        self._break(RelayUnavailable(Reason.ICMP_UNREACHABLE, detail))

    def send_failed(self, addr: Address, error: OSError) -> None:
        self._break(RelayUnavailable(Reason.SEND_ERROR, error.strerror or str(error)))


class _TcpClient(_ShownClient, turn.TurnClientTcpProtocol):
    transport: asyncio.Transport

    def _send(self, data: bytes) -> None:
        if self.transport.get_write_buffer_size() < MOST_BUFFERED:
            self.transport.write(self._padded(data))

    def datagram_received(self, data: bytes | str, addr: Address) -> None:
        assert isinstance(data, bytes)
        self._arrived(data, asyncio.get_running_loop().time())


class RelayTransport(asyncio.DatagramTransport):
    """Sends and hears datagrams from the relayed address."""

    def __init__(self, client: _UdpClient | _TcpClient, relayed: Address) -> None:
        super().__init__()
        self._client = client
        self._relayed = relayed
        self._binds: dict[Address, asyncio.Task[None]] = {}
        self._channels: dict[Address, int] = {}
        self._refused: dict[Address, tuple[Reason, str]] = {}
        """Peers that the server will not relay to."""
        self._closing: asyncio.Task[None] | None = None
        self._verifying: asyncio.Task[None] | None = None

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """`sockname`: the relayed address; `related_address`: what the server sees us at;
        `lifetime`: seconds the allocation lives without a refresh."""
        return {
            "sockname": self._relayed,
            "related_address": self._client.mapped_address,
            "lifetime": self._client.granted,
        }.get(name, default)

    def is_closing(self) -> bool:
        return self._closing is not None or self._client.transport.is_closing()

    def prepare(self, addr: Address) -> None:
        """Ask for a channel, and with it a permission, to a peer."""
        if addr in self._channels or self.is_closing():
            return
        number = 0x4000 + len(self._channels)
        if number > turn.CHANNEL_NUMBER_MAX:
            return
        self._channels[addr] = number
        self._client.channel_to_peer[number] = addr
        self._client.peer_to_channel[addr] = number
        self._binds[addr] = asyncio.create_task(self._keep_bound(number, addr))

    def sendto(self, data: Any, addr: Any = None) -> None:
        """Relay one datagram. It may follow its ChannelBind without waiting for the answer."""
        if self.is_closing():
            return
        number = self._channels.get(addr)
        if number is None:
            self.prepare(addr)
            # The task sends the ChannelBind on the loop's next turn; the datagram follows it.
            asyncio.get_running_loop().call_soon(self._send_bound, bytes(data), addr)
        else:
            self._send_bound(bytes(data), addr)

    def _send_bound(self, data: bytes, addr: Address) -> None:
        number = self._channels.get(addr)
        if number is not None and not self.is_closing():
            self._client._send(struct.pack("!HH", number, len(data)) + data)
        if addr in self._refused and self._client.endpoint is not None:
            # The refusal came before this was asked: whoever asks learns of it all the same.
            asyncio.get_running_loop().call_soon(
                self._client.endpoint.forbidden, addr, *self._refused[addr]
            )

    async def _keep_bound(self, number: int, addr: Address) -> None:
        while True:
            pause = BIND_AGAIN
            try:
                await self._client.channel_bind(number, addr)
                self._refused.pop(addr, None)
            except stun.TransactionFailed as error:
                code, words = error.response.attributes.get("ERROR-CODE", (0, ""))
                reason = Reason.FORBIDDEN if code == 403 else Reason.NO_PERMISSION
                self._refused[addr] = (reason, f"the TURN server said {code} {words}")
                if self._client.endpoint is not None:
                    self._client.endpoint.forbidden(addr, *self._refused[addr])
                pause = BIND_RETRY
            except stun.TransactionTimeout:
                pause = BIND_RETRY
            await asyncio.sleep(pause)

    def verify(self) -> None:
        """Ask the server whether the allocation still lives, because nothing comes through it.

        A server that was restarted knows nothing of it (437, RFC 8656 section 7.3); then this
        transport ends, and whoever uses it is told by connection_lost.
        """
        if not self.is_closing() and (self._verifying is None or self._verifying.done()):
            self._verifying = asyncio.create_task(self._verify())

    async def _verify(self) -> None:
        request = stun.Message(message_method=stun.Method.REFRESH, message_class=stun.Class.REQUEST)
        request.attributes["LIFETIME"] = LIFETIME
        try:
            await asyncio.wait_for(self._client.request_with_retry(request), VERIFY_WITHIN)
        except (TimeoutError, NothingGranted, stun.TransactionError):
            for task in self._binds.values():
                task.cancel()
            self._client.transport.close()

    def close(self) -> None:
        """Delete the allocation; the server's answer is waited for a moment only."""
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._close())

    def abort(self) -> None:
        self.close()

    async def _close(self) -> None:
        for task in self._binds.values():
            task.cancel()
        try:
            await asyncio.wait_for(self._client.delete(), GOODBYE)
        except (TimeoutError, OSError, stun.TransactionError):
            self._client.transport.close()  # the allocation runs out by itself


async def allocate(endpoint: Endpoint, server: TurnServer, address: Address, local: str) -> None:
    """Make `endpoint` stand on a new allocation of the server at `address`.

    `local` is the address to bind to. Raises `RelayUnavailable`.
    """
    client: _UdpClient | _TcpClient | None = None
    try:
        client = await _connect(endpoint.stream, server, address, local)
        relayed = await _first(client.connect(), client.broken)
    except RelayUnavailable:
        raise
    except stun.TransactionFailed as error:
        code, words = error.response.attributes.get("ERROR-CODE", (0, ""))
        raise RelayUnavailable(*_refusal(code, words, server)) from None
    except stun.TransactionTimeout:
        raise RelayUnavailable(Reason.TIMEOUT, "no answer") from None
    except NothingGranted as error:
        raise RelayUnavailable(Reason.BAD_REQUEST, str(error)) from None
    except ssl.SSLError as error:
        words = getattr(error, "verify_message", "") or error.reason or str(error)
        raise RelayUnavailable(Reason.TLS, f"TLS: {words}") from None
    except OSError as error:
        words = os.strerror(error.errno) if error.errno else str(error)
        raise RelayUnavailable(Reason.SEND_ERROR, words) from None
    finally:
        if client is not None and client.relayed_address is None:
            client.transport.close()
    client.endpoint = endpoint
    client.receiver = endpoint
    endpoint.connection_made(RelayTransport(client, relayed))


async def _connect(
    stream: Stream, server: TurnServer, address: Address, local: str
) -> _UdpClient | _TcpClient:
    arguments = (address, server.username, server.password, LIFETIME, 500)
    if server.transport == "udp":
        udp = _UdpClient(*arguments)
        udp.watch(stream, server.url)
        await open_udp(udp, local)
        return udp
    tcp = _TcpClient(*arguments)
    tcp.watch(stream, server.url)
    await asyncio.get_running_loop().create_connection(
        lambda: tcp,
        address[0],
        address[1],
        ssl=ssl.create_default_context() if server.transport == "tls" else None,
        server_hostname=server.host if server.transport == "tls" else None,
        local_addr=(local, 0),
    )
    return tcp


async def _first(allocation: Coroutine[Any, Any, Address], broken: asyncio.Future[None]) -> Address:
    """The allocation's result, or what broke the connection to the server meanwhile."""
    task = asyncio.create_task(allocation)
    either: set[asyncio.Future[Any]] = {task, broken}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            broken.result()
        return await task
    finally:
        task.cancel()


def _refusal(code: int, words: str, server: TurnServer) -> tuple[Reason, str]:
    if code == 401:
        if server.username is None:
            what = "the server wants a user name and password: turn:user:password@host"
        else:
            what = "the user name or the password is wrong"
        return Reason.UNAUTHENTICATED, f"401 {words}: {what}"
    reason = {
        400: Reason.BAD_REQUEST,
        403: Reason.FORBIDDEN,
        438: Reason.STALE_NONCE,
        442: Reason.UNSUPPORTED,
        486: Reason.QUOTA,
        508: Reason.QUOTA,
    }.get(code, Reason.BAD_REQUEST)
    return reason, f"{code} {words}"


def source_address(towards: Address) -> str | None:
    """The local address the system would send from; asks the routing table, sends nothing."""
    family = socket.AF_INET6 if ":" in towards[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(towards)
        except OSError:
            return None
        return str(probe.getsockname()[0])
