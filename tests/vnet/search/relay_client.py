"""The ideal agent's own TURN client: an allocation, permissions, data; nothing of the engine's.

It asks for one allocation and never for another: a relayed address that is lost stays lost, since
the other side knows no other.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from random import Random
from typing import Any

from icetui.engine.net import Address, TlsFailure, Undelivered, Unresolved
from icetui.events import TurnServer
from icetui.vnet import stun_messages as stun
from icetui.vnet.world_parts import Machine

AGAIN = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
"""Seconds between the sendings of a request over UDP."""
KEEP_WARM = 10.0
"""Seconds between Refresh requests; keeps the NAT's binding of the 5-tuple, too."""
PERMISSION_AGAIN = 120.0

Sink = Callable[["RelayClient", bytes, Address], None]


class RelayClient:
    """One allocation, from one local address."""

    def __init__(
        self, host: Machine, server: TurnServer, local: str, sink: Sink, random: Random
    ) -> None:
        self.local = local
        self.relayed: Address | None = None
        self.lost = False
        """The server has forgotten it."""
        self._host = host
        self._server = server
        self._sink = sink
        self._random = random
        self._transport: Any = None
        self._address: Address | None = None
        self._realm = self._nonce = b""
        self._key: bytes | None = None
        self._open: dict[bytes, tuple[int, stun.Attributes]] = {}
        self._permitted: dict[str, float] = {}
        self._framing = stun.Framing()
        self._stream = server.transport != "udp"
        self._task = host.loop.create_task(self._begin(), name=f"ideal relay {server.url}")

    async def _begin(self) -> None:
        server = self._server
        while self._transport is None:
            try:
                addresses = await self._host.net.resolve(server.host, server.port)
                version = ":" in self.local
                fitting = [a for a in addresses if (":" in a[0]) is version]
                if not fitting:
                    return
                self._address = fitting[0]
                if self._stream:
                    name = server.host if server.transport == "tls" else None
                    self._transport = await self._host.net.open_stream(
                        self, fitting[0], local=self.local, tls=name
                    )
                else:
                    self._transport = await self._host.net.open_udp(self, self.local)
            except (OSError, TlsFailure, Unresolved):
                return
        self._request(stun.ALLOCATE, [(stun.REQUESTED_TRANSPORT, bytes((17, 0, 0, 0)))])

    def close(self) -> None:
        self._task.cancel()
        if self._transport is not None:
            self._transport.close()

    # --- out ------------------------------------------------------------------------------------

    def send(self, data: bytes, peer: Address) -> None:
        """Through the relay; the first time the permission goes first and the data with it."""
        if self.relayed is None or self.lost:
            return
        now = self._host.loop.time()
        if now - self._permitted.get(peer[0], -PERMISSION_AGAIN) >= PERMISSION_AGAIN:
            self._permitted[peer[0]] = now
            transaction = self._random.randbytes(12)
            said = (stun.XOR_PEER_ADDRESS, stun.xor_address(peer, transaction))
            self._request(stun.CREATE_PERMISSION, [said], transaction)
        transaction = self._random.randbytes(12)
        said_all = [
            (stun.XOR_PEER_ADDRESS, stun.xor_address(peer, transaction)),
            (stun.DATA, data),
        ]
        self._write(stun.build(stun.SEND, stun.INDICATION, transaction, said_all))

    def _request(
        self, method: int, said: stun.Attributes, transaction: bytes | None = None
    ) -> None:
        transaction = transaction or self._random.randbytes(12)
        self._open[transaction] = method, said
        self._try(transaction, 0)

    def _try(self, transaction: bytes, sending: int) -> None:
        entry = self._open.get(transaction)
        if entry is None or self.lost:
            return
        method, said = entry
        all_said = list(said)
        user = self._server.username
        if self._key is not None and user is not None:
            all_said += [
                (stun.USERNAME, user.encode()), (stun.REALM, self._realm),
                (stun.NONCE, self._nonce),
            ]  # fmt: skip
        self._write(stun.build(method, stun.REQUEST, transaction, all_said, key=self._key))
        if not self._stream and sending < len(AGAIN):
            self._host.loop.call_later(AGAIN[sending], self._try, transaction, sending + 1)

    def _write(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing() or self._address is None:
            return
        if self._stream:
            self._transport.write(data)
        else:
            self._transport.sendto(data, self._address)

    # --- in -------------------------------------------------------------------------------------

    def _heard(self, data: bytes) -> None:
        message = stun.parse(data)
        if message is None:
            return
        if message.kind == stun.INDICATION and message.method == stun.DATA_METHOD:
            payload = message.attributes.get(stun.DATA)
            peers = message.peers
            peer = stun.read_xor_address(peers[0], message.transaction) if peers else None
            if payload is not None and peer is not None:
                self._sink(self, payload, peer)
            return
        if message.kind not in (stun.RESPONSE, stun.ERROR):
            return
        entry = self._open.pop(message.transaction, None)
        if entry is None:
            return
        method, said = entry
        if message.kind == stun.ERROR:
            self._refused(message, method, said)
        elif method == stun.ALLOCATE:
            value = message.attributes.get(stun.XOR_RELAYED_ADDRESS, b"")
            self.relayed = stun.read_xor_address(value, message.transaction)
            self._host.loop.call_later(KEEP_WARM, self._refresh)
        elif method == stun.REFRESH:
            self._host.loop.call_later(KEEP_WARM, self._refresh)

    def _refused(self, message: stun.Message, method: int, said: stun.Attributes) -> None:
        value = message.attributes.get(stun.ERROR_CODE, bytes(4))
        code = value[2] * 100 + value[3]
        server = self._server
        if code in (401, 438) and server.username is not None and server.password is not None:
            if code == 401 and self._key is not None:
                return
            self._realm = message.attributes.get(stun.REALM, self._realm)
            self._nonce = message.attributes.get(stun.NONCE, self._nonce)
            words = (server.username.encode(), self._realm, server.password.encode())
            self._key = hashlib.md5(b":".join(words)).digest()  # RFC 8489 section 9.2.2
            transaction = self._random.randbytes(12)
            if method == stun.CREATE_PERMISSION:
                # Its address is hidden by the transaction's id.
                peer = stun.read_xor_address(said[0][1], message.transaction)
                assert peer is not None
                said = [(stun.XOR_PEER_ADDRESS, stun.xor_address(peer, transaction))]
            self._request(method, said, transaction)
        elif method == stun.REFRESH and code == 437:
            self.lost = True
        elif method == stun.REFRESH:
            self._host.loop.call_later(KEEP_WARM, self._refresh)

    def _refresh(self) -> None:
        if not self.lost:
            self._request(stun.REFRESH, [])
            if not self._stream:
                self._host.loop.call_later(KEEP_WARM, self._overdue)

    def _overdue(self) -> None:
        """No answer at all: ask again, the network may be cut."""
        if not any(method == stun.REFRESH for method, _ in self._open.values()):
            return
        self._open = {t: e for t, e in self._open.items() if e[0] != stun.REFRESH}
        self._refresh()

    # --- what a transport tells -----------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True

    def packet_received(self, data: bytes, addr: Address, at: float) -> None:
        self._heard(data)

    def data_received(self, data: bytes) -> None:
        for message in self._framing.feed(data):
            self._heard(message)

    def unreachable(self, addr: Address, error: Undelivered) -> None: ...
    def send_failed(self, addr: Address, error: OSError) -> None: ...


async def resolved(host: Machine, name: str, port: int) -> list[Address]:
    """Addresses of a name; none when there are none."""
    try:
        return await host.net.resolve(name, port)
    except (Unresolved, OSError, asyncio.CancelledError):
        return []
