"""One TURN allocation: its relayed addresses, permissions and channels, and what passes (RFC 8656).

What belongs here: what is relayed to whom and for how long. Requests are read and answered in
`turn_server.py`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import msgspec

from icetui.engine.net import Address, DatagramTransport, Randomness, Undelivered
from icetui.vnet import stun_messages as stun
from icetui.vnet.front import FiveTuple
from icetui.vnet.servers import TurnOptions

FIRST_CHANNEL, LAST_CHANNEL = 0x4000, 0x7FFE
"""coturn takes those of RFC 5766, too; RFC 8656 section 12 ends at 0x4FFF."""


class AllocationView(msgspec.Struct, frozen=True):
    """An allocation as it is now, for a screen."""

    client: FiveTuple
    user: str
    relayed: tuple[Address, ...]
    left: float
    """Seconds until it ends."""
    permissions: tuple[str, ...]
    channels: tuple[tuple[int, Address], ...]
    to_peers: int
    """Datagrams relayed …"""
    from_peers: int


class Relay:
    """A relayed address: hears peers for one allocation."""

    def __init__(self, address: Address, told: Address) -> None:
        self.allocation: Allocation | None = None
        """None: reserved, and deaf."""
        self.address = address
        """Where it is bound."""
        self.told = told
        """What its client is told."""
        self.socket: DatagramTransport | None = None

    def connection_made(self, transport: Any) -> None:
        self.socket = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Only by being closed."""

    def packet_received(self, data: bytes, addr: Address, at: float) -> None:
        if self.allocation is not None:
            self.allocation.from_peer(self, data, addr, at)

    def unreachable(self, addr: Address, error: Undelivered) -> None:
        if self.allocation is not None:
            self.allocation.unreachable(self, addr, error)

    def send_failed(self, addr: Address, error: OSError) -> None:
        """As lost as any other datagram."""

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()


class Allocation:
    """What a client has got."""

    def __init__(
        self,
        client: FiveTuple,
        user: str,
        transaction: bytes,
        options: TurnOptions,
        random: Randomness,
        send: Callable[[FiveTuple, bytes], None],
    ) -> None:
        self.client = client
        self.user = user
        self.transaction = transaction
        """Of the request that made it: its repetition is answered again."""
        self.expires = 0.0
        self.relays: dict[int, Relay] = {}
        """By IP version."""
        self.refused_families: tuple[int, ...] = ()
        """IP versions that it was asked for and has no address of (section 7.2)."""
        self.token = b""
        """For the port above ours, kept for another allocation (section 7.1)."""
        self._options = options
        self._random = random
        self._send = send
        self._padded = client.transport != "udp"
        self._permissions: dict[str, float] = {}
        """IP address and expiry."""
        self._channels: dict[int, tuple[Address, float]] = {}
        """Peer and expiry."""
        self._numbers: dict[Address, int] = {}
        self.to_peers = self.from_peers = 0

    def add(self, relay: Relay) -> None:
        """One more relayed address."""
        relay.allocation = self
        self.relays[6 if ":" in relay.address[0] else 4] = relay

    def close(self) -> None:
        for relay in self.relays.values():
            relay.close()

    def view(self, now: float) -> AllocationView:
        """What it is now."""
        return AllocationView(
            self.client,
            self.user,
            tuple(relay.told for relay in self.relays.values()),
            self.expires - now,
            tuple(ip for ip, until in self._permissions.items() if until > now),
            tuple((n, peer) for n, (peer, until) in self._channels.items() if until > now),
            self.to_peers,
            self.from_peers,
        )

    # --- permissions and channels -----------------------------------------------------------------

    def permit(self, ip: str, now: float) -> None:
        """Section 9."""
        for known in [k for k, until in self._permissions.items() if until <= now]:
            del self._permissions[known]
        self._permissions[ip] = now + self._options.permission_lifetime

    def bind(self, number: int, peer: Address, now: float) -> str | None:
        """Section 12.2; what is wrong with it, in coturn's words."""
        if not FIRST_CHANNEL <= number <= LAST_CHANNEL:
            return "Channel number cannot be zero in this request"
        bound = self._channels.get(number)
        if bound is not None and bound[1] > now and bound[0] != peer:
            return "You cannot use the same channel number with different peer"
        other = self._numbers.get(peer)
        if other is not None and other != number and self._channels[other][1] > now:
            return "You cannot use the same peer with different channel number"
        if bound is not None and bound[0] != peer:
            del self._numbers[bound[0]]
        if other is not None and other != number:
            del self._channels[other]
        self._channels[number] = (peer, now + self._options.channel_lifetime)
        self._numbers[peer] = number
        self.permit(peer[0], now)
        return None

    # --- relaying ---------------------------------------------------------------------------------

    def channel_data(self, frame: bytes, now: float) -> None:
        """ChannelData from the client (section 12.6)."""
        number, size = struct.unpack_from("!HH", frame)
        bound = self._channels.get(number)
        if bound is not None and bound[1] > now and len(frame) >= 4 + size:
            self.to_peer(bound[0], frame[4 : 4 + size], now)

    def to_peer(self, peer: Address, data: bytes, now: float) -> None:
        """A datagram for a peer, if there is a permission (section 11.2)."""
        relay = self.relays.get(6 if ":" in peer[0] else 4)
        if relay is None or relay.socket is None or self._options.deaf_relays:
            return
        if not self._permitted(peer[0], now):
            return
        self.to_peers += 1
        relay.socket.sendto(data, self._private(relay, peer))

    def from_peer(self, relay: Relay, data: bytes, addr: Address, now: float) -> None:
        """A datagram for the client (sections 11.3, 12.7)."""
        if self._options.deaf_relays:
            return
        peer = self._public(relay, addr)
        if not self._permitted(peer[0], now):
            return
        self.from_peers += 1
        number = self._numbers.get(peer)
        if number is not None and self._channels[number][1] > now:
            self._send(self.client, stun.channel_data(number, data, padded=self._padded))
        else:
            self._indicate(peer, [(stun.DATA, data)])

    def unreachable(self, relay: Relay, addr: Address, error: Undelivered) -> None:
        """ICMP about a datagram to a peer (section 11.5)."""
        peer = self._public(relay, addr)
        if not self._options.tells_icmp or not error.version or peer[0] not in self._permissions:
            return
        told = (error.type & 0x7F) << 9 | error.code & 0x1FF
        self._indicate(peer, [(stun.ICMP, struct.pack("!HHI", 0, told, 0))])

    def _indicate(self, peer: Address, said: stun.Attributes) -> None:
        transaction = self._random.randbytes(12)
        said.append((stun.XOR_PEER_ADDRESS, stun.xor_address(peer, transaction)))
        data = stun.build(stun.DATA_METHOD, stun.INDICATION, transaction, said)
        self._send(self.client, data)

    def _permitted(self, ip: str, now: float) -> bool:
        return self._options.ignores_permissions or self._permissions.get(ip, now) > now

    def _private(self, relay: Relay, peer: Address) -> Address:
        """Another relayed address of this server is written to where it is bound: coturn, too."""
        if peer[0] == relay.told[0]:
            return relay.address[0], peer[1]
        return peer

    def _public(self, relay: Relay, addr: Address) -> Address:
        if addr[0] == relay.address[0]:
            return relay.told[0], addr[1]
        return addr
