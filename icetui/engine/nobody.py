"""The owner of a socket of the moment: whatever comes there concerns nobody, but for answers."""

from __future__ import annotations

from icetui.engine import stun
from icetui.engine.core import Failure
from icetui.engine.endpoint import Endpoint
from icetui.engine.net import Address
from icetui.events import Reason, RefusalKind


class Nobody:
    """As an `Owner`."""

    def stun_received(
        self, endpoint: Endpoint, source: Address, message: stun.Message, at: float
    ) -> None:
        """Not asked for."""

    def data_received(self, endpoint: Endpoint, source: Address, data: bytes) -> None:
        """Not asked for."""

    def refuse(
        self,
        endpoint: Endpoint,
        source: Address,
        reason: Reason,
        detail: str,
        kind: RefusalKind = "other",
    ) -> None:
        """Not asked for either."""

    def undelivered(self, endpoint: Endpoint, to: Address, why: Failure) -> None:
        """Whoever asks is told by the transaction."""

    def pair_id(self, endpoint: Endpoint, addr: Address) -> str | None:
        return None

    def awaits(self, endpoint: Endpoint, transaction_id: bytes) -> bool:
        return False

    def is_named_by(self, request: stun.Message) -> bool:
        return False

    def carries(self, endpoint: Endpoint, addr: Address) -> bool:
        return False

    def knows(self, endpoint: Endpoint, addr: Address) -> bool:
        return False

    def vouches(self, endpoint: Endpoint, message: stun.Message) -> bool:
        return False

    def endpoint_lost(self, endpoint: Endpoint) -> None:
        """Closed by whoever opened it."""
