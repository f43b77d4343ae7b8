"""The relayed ports of a TURN server: which are taken, and a free one for who needs it."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Iterator

from icetui.engine.net import Address
from icetui.vnet.servers import TurnOptions
from icetui.vnet.serving import ServerNet
from icetui.vnet.turn_allocation import Allocation, Relay

PORTS_TRIED = 64
"""Random ports that other programs may have before the server gives up."""
RESERVED_FOR = 30.0
"""Seconds that a reserved port waits for its allocation (RFC 8656 section 7.2)."""


class RelayPorts:
    """Opens relays and remembers them."""

    def __init__(self, options: TurnOptions, net: ServerNet) -> None:
        self._options = options
        self._net = net
        self._taken: dict[Address, Relay] = {}
        self._kept: dict[bytes, tuple[Relay, asyncio.TimerHandle]] = {}
        """Reserved ports, by token."""

    async def open(self, allocation: Allocation, addresses: list[str], even: bytes) -> None:
        """Give an allocation a port at each address. Raises OSError; then it has none.

        `even` is EVEN-PORT's value (RFC 8656 section 18.9); empty: it was not there.
        """
        try:
            for address in addresses:
                await self._open(allocation, address, even)
        except BaseException:  # cancelled, too: nothing half made may stay
            # No port left, or the client has gone meanwhile: the first one must not stay.
            self.release(allocation)
            raise

    def release(self, allocation: Allocation) -> None:
        """Close an allocation's ports."""
        for relay in allocation.relays.values():
            self._taken.pop(relay.address, None)
        allocation.close()

    def reserved(self, token: bytes) -> Relay | None:
        """The port that was kept for whoever has this token; it is the caller's now."""
        kept = self._kept.pop(token, None)
        if kept is None:
            return None
        kept[1].cancel()
        return kept[0]

    def close(self) -> None:
        """Close what is kept for nobody yet."""
        for token in list(self._kept):
            self._give_up(token)

    async def _open(self, allocation: Allocation, address: str, even: bytes) -> None:
        for port in self._candidates(bool(even)):
            relay = await self._bind(address, port)
            if relay is None:
                continue
            if even[:1] >= b"\x80":
                above = await self._bind(address, port + 1)
                if above is None:
                    self._free(relay)
                    continue
                allocation.token = self._keep(above)
            allocation.add(relay)
            return
        raise OSError(errno.EADDRINUSE, "no relayed port is free")

    async def _bind(self, address: str, port: int) -> Relay | None:
        """A bound port; None: somebody has it."""
        at = (address, port)
        if at in self._taken or port > self._options.relay_ports[1]:
            return None
        family = ":" in address
        told = next((ip for ip in self._options.external if (":" in ip) == family), address)
        relay = self._taken[at] = Relay(at, (told, port))
        try:
            await self._net.open_udp(relay, address, port)
        except OSError as error:
            del self._taken[at]
            if error.errno != errno.EADDRINUSE:
                raise
            return None
        except BaseException:  # cancelled, too: the port is free again
            del self._taken[at]
            raise
        return relay

    def _free(self, relay: Relay) -> None:
        del self._taken[relay.address]
        relay.close()

    def _keep(self, relay: Relay) -> bytes:
        token = self._net.random.randbytes(8)
        timer = asyncio.get_running_loop().call_later(RESERVED_FOR, self._give_up, token)
        self._kept[token] = (relay, timer)
        return token

    def _give_up(self, token: bytes) -> None:
        relay = self.reserved(token)
        if relay is not None:
            self._free(relay)

    def _candidates(self, even: bool) -> Iterator[int]:
        """Ports to try, from a random one on: some of a large range, all of a small one."""
        low, high = self._options.relay_ports
        step = 1
        if even:
            low, step = low + low % 2, 2
        count = max(0, (high - low) // step + 1)
        start = self._net.random.getrandbits(32)
        for i in range(min(count, PORTS_TRIED + len(self._taken))):
            yield low + (start + i) % count * step
