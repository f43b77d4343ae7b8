"""What a server asks of its machine: all of `Net`, and that it listens for TCP connections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from icetui.engine.net import Net, StreamReceiver
from icetui.vnet.servers import Certificate


class Listener(Protocol):
    """A TCP port that takes connections."""

    @property
    def port(self) -> int: ...
    def close(self) -> None:
        """Take no more connections; those that stand go on."""
        ...


class ServerNet(Net, Protocol):
    """The machine and network of a host that serves."""

    async def listen(
        self,
        factory: Callable[[], StreamReceiver],
        address: str,
        port: int,
        tls: Certificate | None = None,
    ) -> Listener:
        """Take connections, over TLS with a certificate; each gets a receiver from `factory`.

        Port 0 is any. Raises OSError.
        """
        ...
