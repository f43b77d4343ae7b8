"""A TURN allocation as a transport: datagrams go out of, and come in at, its relayed address.

What belongs here: channels and who is refused one, closing in bounded time. A channel is bound as
soon as a peer is known, and data follows right behind the request instead of a round trip later.
The conversation with the server is `turn.py`'s business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from icetui.engine.core import Failure
from icetui.engine.endpoint import Endpoint
from icetui.engine.net import Address, Net
from icetui.engine.server_failure import ERROR_REASONS
from icetui.engine.stream import Stream
from icetui.engine.tasks import INTERNAL, Tasks
from icetui.engine.turn import Families, NothingGranted, TurnClient, allocated
from icetui.engine.turn_conversation import Refused, Unanswered
from icetui.events import Evidence, Reason, TurnServer

FIRST_CHANNEL, LAST_CHANNEL = 0x4000, 0x4FFF
"""RFC 8656 section 12."""
BIND_AGAIN = 240.0
"""Seconds after which a channel is bound anew: its permission lives 300 s (RFC 8656 section 9)."""
BIND_RETRY = 5.0
GOODBYE = 0.4
"""Seconds the server gets to confirm that the allocation is deleted."""


class Allocation:
    """What the relayed addresses of one allocation share: the client, channel numbers, the end."""

    def __init__(self, client: TurnClient) -> None:
        self.client = client
        self._transports: list[RelayTransport] = []
        self._given_back = 0
        """How many of them are used no more."""
        self._deleted = asyncio.Event()
        self._next_channel = FIRST_CHANNEL
        self._verifying: asyncio.Task[bool] | None = None
        client.conversation.on_channel_data = self._arrived
        client.conversation.on_data = self._indicated
        client.on_lost = self._lost

    def lend(self, relayed: Address, endpoint: Endpoint) -> None:
        """Make `endpoint` stand on one of the relayed addresses."""
        self._transports.append(RelayTransport(self, relayed, endpoint))
        endpoint.connection_made(self._transports[-1])

    def channel(self) -> int | None:
        """A number that no peer has yet (RFC 8656 section 12); None: there is none left."""
        number = self._next_channel
        if number > LAST_CHANNEL:
            return None
        self._next_channel += 1
        return number

    def verify(self) -> None:
        """Ask the server whether it still lives; if not, all that stands on it ends."""
        if self._verifying is None or self._verifying.done():
            self._verifying = asyncio.get_running_loop().create_task(self.client.prove())

    async def give_back(self) -> None:
        """One relayed address is used no more; with the last one the allocation is deleted.

        Returns when it is, or after a moment; the address hears until then.
        """
        self._given_back += 1
        try:
            async with asyncio.timeout(GOODBYE):
                if self._given_back < len(self._transports):
                    await self._deleted.wait()
                else:
                    await self.client.delete()
        except (TimeoutError, OSError, Refused, Unanswered, NothingGranted):
            if self._given_back == len(self._transports):
                self.client.close()  # the allocation runs out by itself
        self._deleted.set()

    def _arrived(self, channel: int, data: bytes, at: float) -> None:
        for transport in self._transports:
            transport.arrived(channel, data, at)

    def _indicated(self, peer: Address, data: bytes, at: float) -> None:
        for transport in self._transports:
            transport.indicated(peer, data, at)

    def _lost(self, exc: Exception | None) -> None:
        if self._verifying is not None:
            self._verifying.cancel()
        for transport in list(self._transports):
            transport.lost(exc)


class RelayTransport:
    """Sends and hears datagrams from a relayed address."""

    def __init__(self, allocation: Allocation, relayed: Address, endpoint: Endpoint) -> None:
        self._allocation = allocation
        self._client = allocation.client
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

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """`sockname`: the relayed address; `why_lost`: the `Failure` of an allocation that has
        ended by itself."""
        known = {"why_lost": self._client.why_lost, "sockname": self._relayed}
        return known.get(name, default)

    def is_closing(self) -> bool:
        return self._closing is not None or self._client.is_closing()

    def prepare(self, addr: Address) -> None:
        """Ask for a channel, and with it a permission, to a peer."""
        if addr in self._channels or self.is_closing():
            return
        number = self._allocation.channel()
        if number is None:
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
        elif self._permitted(addr):
            # An answer to whoever asked from another port, or data: no reason for a channel, of
            # which there are few.
            self._client.conversation.send_indication(addr, data)
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

    def arrived(self, channel: int, data: bytes, at: float) -> None:
        """ChannelData from the server, for a peer of ours or of another address."""
        peer = self._peers.get(channel)
        if peer is not None:
            self._endpoint.packet_received(data, peer, at)

    def indicated(self, peer: Address, data: bytes, at: float) -> None:
        """From a port that we know of no peer at; the permission is for its IP address."""
        if self._permitted(peer):
            self._endpoint.packet_received(data, peer, at)

    def _permitted(self, peer: Address) -> bool:
        """Whether the server lets pass what comes from its IP address, and goes there."""
        return any(host == peer[0] for host, _ in self._channels)

    def lost(self, exc: Exception | None) -> None:
        """The allocation is no more."""
        self._binds.cancel()
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
                evidence = Evidence(code=error.code, phrase=error.phrase)
                reason = ERROR_REASONS.get(error.code, Reason.NO_PERMISSION)
                detail = f"the TURN server said {error}"
                self._refused[addr] = Failure(reason, detail, evidence)
                if error.code == 437:
                    self.verify()
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
        if not self.is_closing():
            self._allocation.verify()

    def close(self) -> None:
        """Delete the allocation; the server's answer is waited for a moment only."""
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._close())

    async def _close(self) -> None:
        self._binds.cancel()
        await self._allocation.give_back()
        self._endpoint.connection_lost(None)


async def allocate(
    net: Net,
    stream: Stream,
    server: TurnServer,
    address: Address,
    local: str,
    families: Families,
    new_endpoint: Callable[[], Endpoint],
) -> tuple[TurnClient, list[Endpoint]]:
    """A new allocation of the server at `address`, asked from `local`, and an endpoint on each of
    its relayed addresses. Raises `RelayUnavailable`."""
    client = await allocated(net, stream, server, address, local, families)
    allocation = Allocation(client)
    endpoints = []
    for relayed in client.relays:
        endpoints.append(new_endpoint())
        allocation.lend(relayed, endpoints[-1])
    return client, endpoints
