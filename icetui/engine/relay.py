"""A TURN allocation as a transport: datagrams go out of, and come in at, its relayed address.

What belongs here: channels and who is refused one, closing in bounded time. A channel is bound as
soon as a peer is known, and data follows right behind the request instead of a round trip later.
The conversation with the server is `turn.py`'s business.
"""

from __future__ import annotations

import asyncio
from typing import Any

from icetui.engine.core import Failure
from icetui.engine.endpoint import Endpoint
from icetui.engine.net import Address
from icetui.engine.tasks import INTERNAL, Tasks
from icetui.engine.turn import NothingGranted, TurnClient, allocated
from icetui.engine.turn_conversation import Refused, Unanswered
from icetui.events import Evidence, Reason, TurnServer

FIRST_CHANNEL, LAST_CHANNEL = 0x4000, 0x4FFF
"""RFC 8656 section 12."""
BIND_AGAIN = 240.0
"""Seconds after which a channel is bound anew: its permission lives 300 s (RFC 8656 section 9)."""
BIND_RETRY = 5.0
GOODBYE = 0.4
"""Seconds the server gets to confirm that the allocation is deleted."""


class RelayTransport:
    """Sends and hears datagrams from the relayed address."""

    def __init__(self, client: TurnClient, relayed: Address, endpoint: Endpoint) -> None:
        self._client = client
        self._relayed = relayed
        self._endpoint = endpoint
        self._channels: dict[Address, int] = {}
        self._peers: dict[int, Address] = {}
        self._without_channel: dict[Address, None] = {}
        """Peers that the server relays to, but binds no channel for: by Send indications, then."""
        self._refused: dict[Address, Failure] = {}
        """Peers that the server will not relay to."""
        self._binds = Tasks()
        self._closing: asyncio.Task[None] | None = None
        self._verifying: asyncio.Task[bool] | None = None
        client.conversation.on_channel_data = self._arrived
        client.conversation.on_data = self._indicated
        client.on_lost = self._lost

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """`sockname`: the relayed address; `related_address`: what the server sees us at;
        `lifetime`: seconds the allocation lives without a refresh; `why_lost`: the `Failure` of
        an allocation that has ended by itself; `redirected`: the servers that the configured one
        sent us to."""
        return {
            "why_lost": self._client.why_lost,
            "sockname": self._relayed,
            "related_address": self._client.mapped,
            "lifetime": self._client.granted,
            "redirected": self._client.redirected,
        }.get(name, default)

    def is_closing(self) -> bool:
        return self._closing is not None or self._client.is_closing()

    def prepare(self, addr: Address) -> None:
        """Ask for a channel, and with it a permission, to a peer."""
        if addr in self._channels or self.is_closing():
            return
        number = FIRST_CHANNEL + len(self._channels)
        if number > LAST_CHANNEL:
            return
        self._channels[addr] = number
        self._peers[number] = addr
        self._binds.start(self._keep_bound(number, addr), lambda: self._broke(addr))

    def sendto(self, data: bytes, addr: Address) -> None:
        """Relay one datagram. It may follow its ChannelBind without waiting for the answer."""
        if self.is_closing():
            return
        if addr in self._channels:
            self._send_bound(data, addr)
        else:
            self.prepare(addr)
            # The task sends the ChannelBind on the loop's next turn; the datagram follows it.
            asyncio.get_running_loop().call_soon(self._send_bound, data, addr)

    def _send_bound(self, data: bytes, addr: Address) -> None:
        number = self._channels.get(addr)
        if addr in self._without_channel:
            self._client.conversation.send_indication(addr, data)
        elif number is not None and not self.is_closing():
            self._client.conversation.send_channel_data(number, data)
        if addr in self._refused:
            # The refusal came before this was asked: whoever asks learns of it all the same.
            asyncio.get_running_loop().call_soon(
                self._endpoint.forbidden, addr, self._refused[addr]
            )

    def _arrived(self, channel: int, data: bytes, at: float) -> None:
        peer = self._peers.get(channel)
        if peer is not None:
            self._endpoint.packet_received(data, peer, at)

    def _indicated(self, peer: Address, data: bytes, at: float) -> None:
        """From a port that we know of no peer at; the permission is for its IP address."""
        if any(host == peer[0] for host, _ in self._channels):
            self._endpoint.packet_received(data, peer, at)

    def _lost(self, exc: Exception | None) -> None:
        self._binds.cancel()
        if self._verifying is not None:
            self._verifying.cancel()
        self._endpoint.connection_lost(exc)

    def _broke(self, addr: Address) -> None:
        """An error of our own ended what keeps the way to a peer open."""
        self._refused[addr] = Failure(*INTERNAL)
        self._endpoint.forbidden(addr, self._refused[addr])

    async def _keep_bound(self, number: int, addr: Address) -> None:
        while True:
            pause = BIND_AGAIN
            try:
                await self._open_to(number, addr)
                self._refused.pop(addr, None)
            except Refused as error:
                reason = Reason.FORBIDDEN if error.code == 403 else Reason.NO_PERMISSION
                evidence = Evidence(code=error.code, phrase=error.phrase)
                detail = f"the TURN server said {error}"
                self._refused[addr] = Failure(reason, detail, evidence)
                self._endpoint.forbidden(addr, self._refused[addr])
                pause = BIND_RETRY
            except Unanswered:
                pause = BIND_RETRY
            await asyncio.sleep(pause)

    async def _open_to(self, number: int, addr: Address) -> None:
        """A channel, or at least the permission. Raises `Refused`, `Unanswered`."""
        if addr not in self._without_channel:
            try:
                await self._client.bind_channel(number, addr)
            except Refused as error:
                if error.code == 403:
                    raise
            else:
                return
        await self._client.permit(addr)
        self._without_channel[addr] = None

    def verify(self) -> None:
        """Ask the server whether the allocation still lives, because nothing comes through it.

        If it does not, this transport ends, and whoever uses it is told by connection_lost.
        """
        if not self.is_closing() and (self._verifying is None or self._verifying.done()):
            self._verifying = asyncio.get_running_loop().create_task(self._client.prove())

    def close(self) -> None:
        """Delete the allocation; the server's answer is waited for a moment only."""
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._close())

    async def _close(self) -> None:
        self._binds.cancel()
        try:
            async with asyncio.timeout(GOODBYE):
                await self._client.delete()
        except (TimeoutError, OSError, Refused, Unanswered, NothingGranted):
            self._client.close()  # the allocation runs out by itself


async def allocate(endpoint: Endpoint, server: TurnServer, address: Address, local: str) -> None:
    """Make `endpoint` stand on a new allocation of the server at `address`.

    `local` is the address to bind to. Raises `RelayUnavailable`.
    """
    client = await allocated(endpoint.net, endpoint.stream, server, address, local)
    assert client.relayed is not None  # `allocated` raises otherwise
    endpoint.connection_made(RelayTransport(client, client.relayed, endpoint))
