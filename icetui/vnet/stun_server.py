"""A STUN server (RFC 8489, RFC 5780) on any `ServerNet`, simulated or real."""

from __future__ import annotations

from icetui.vnet import stun_messages as stun
from icetui.vnet.binding_service import BindingService
from icetui.vnet.front import FiveTuple, Front
from icetui.vnet.servers import StunOptions
from icetui.vnet.serving import ServerNet


class StunServer:
    """Runs between `start` and `stop`, as often as one likes."""

    def __init__(self, options: StunOptions, net: ServerNet) -> None:
        self.options = options
        self._front = Front(net, options, self._heard)
        self._binding = BindingService(options, self._front)

    @property
    def running(self) -> bool:
        return self._front.running

    @property
    def answered(self) -> int:
        """Answers given so far."""
        return self._binding.answered

    async def start(self) -> None:
        """Raises OSError when an address or port cannot be bound."""
        await self._front.start(self._binding.others)

    def stop(self) -> None:
        self._front.stop()

    def _heard(self, client: FiveTuple, data: bytes) -> None:
        request = stun.parse(data)
        if request is None or request.kind != stun.REQUEST or request.method != stun.BINDING:
            return
        self._binding.handle(client, request)
