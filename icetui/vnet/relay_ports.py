"""The relayed ports of a TURN server: which are taken, and a free one for who needs it."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from icetui.engine.net import Address
from icetui.vnet.servers import TurnOptions
from icetui.vnet.serving import ServerNet
from icetui.vnet.turn_allocation import Allocation, Relay

PORTS_TRIED = 64
"""Random ports that other programs may have before the server gives up."""


class RelayPorts:
    """Opens relays and remembers them."""

    def __init__(self, options: TurnOptions, net: ServerNet) -> None:
        self._options = options
        self._net = net
        self._taken: dict[Address, Relay] = {}

    async def open(self, allocation: Allocation, addresses: list[str], even: bool) -> None:
        """Give an allocation a port at each address. Raises OSError; then it has none."""
        try:
            for address in addresses:
                relay = await self._open(allocation, address, even)
                allocation.relays[6 if ":" in address else 4] = relay
        except BaseException:
            # No port left, or the client has gone meanwhile: the first one must not stay.
            self.release(allocation)
            raise

    def release(self, allocation: Allocation) -> None:
        """Close an allocation's ports."""
        for relay in allocation.relays.values():
            self._taken.pop(relay.address, None)
        allocation.close()

    async def _open(self, allocation: Allocation, address: str, even: bool) -> Relay:
        family = ":" in address
        told = next((ip for ip in self._options.external if (":" in ip) == family), address)
        for port in self._candidates(even):
            at = (address, port)
            if at in self._taken:
                continue
            relay = Relay(allocation, at, (told, port))
            self._taken[at] = relay
            try:
                await self._net.open_udp(relay, address, port)
            except OSError as error:
                del self._taken[at]
                if error.errno != errno.EADDRINUSE:
                    raise
            except BaseException:
                del self._taken[at]
                raise
            else:
                return relay
        raise OSError(errno.EADDRINUSE, "no relayed port is free")

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
