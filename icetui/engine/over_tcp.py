"""An experiment: a server is silent over UDP; does its machine take a TCP connection?

A server that is down, or is not where its name says, answers over TCP no more than over UDP. Where
the machine accepts or refuses a connection it is there, and what is lost is UDP: here, on the way,
or in front of it.
"""

from __future__ import annotations

import asyncio
import errno
from typing import Any

from icetui.engine.net import Address, Net, TlsFailure
from icetui.events import OverTcp

WITHIN = 2.0
"""Seconds; a connection that is not there by then is taken for none."""
OUTCOMES: dict[int | None, OverTcp] = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "refused",
}


class _Silent:
    """Hears nothing: the connection is closed as soon as it stands."""

    def connection_made(self, transport: Any) -> None: ...
    def data_received(self, data: bytes) -> None: ...
    def connection_lost(self, exc: Exception | None) -> None: ...


async def over_tcp(net: Net, addr: Address, local: str) -> OverTcp:
    """What comes of a TCP connection to an address, from this one."""
    try:
        # Not wait_for, which before Python 3.12 can swallow the cancellation of its caller.
        async with asyncio.timeout(WITHIN):
            transport = await net.open_stream(_Silent(), addr, local=local)
    except TimeoutError:
        return "silent"
    except TlsFailure:
        return "connected"
    except OSError as error:
        if error.errno == errno.ETIMEDOUT:
            return "silent"
        return OUTCOMES.get(error.errno, "unreachable")
    transport.close()
    return "connected"
