"""The system's resolver: names to addresses, without ever holding up the program's end.

getaddrinfo cannot be cancelled, and a thread pool is waited for at exit; a daemon thread is not.
"""

from __future__ import annotations

import asyncio
import socket
import threading

from icetui.engine.net import Address, Unresolved
from icetui.events import ResolverFailure


async def resolve(host: str, port: int) -> list[Address]:
    """As `Net.resolve`. Raises `Unresolved`."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[list[Address]] = loop.create_future()

    def deliver(
        addresses: list[Address] | None, problem: str, kind: ResolverFailure = "no-address"
    ) -> None:
        if result.done():
            return
        if addresses:
            result.set_result(addresses)
        else:
            result.set_exception(Unresolved(problem, kind))

    def look_up() -> None:
        addresses: list[Address] | None = None
        problem: str = "no address"
        kind: ResolverFailure = "no-address"
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
            addresses = list(dict.fromkeys((str(a[4][0]), int(a[4][1])) for a in found))
        except (OSError, UnicodeError) as error:
            problem = getattr(error, "strerror", None) or str(error)
            kind = failure_kind(error)
        try:
            loop.call_soon_threadsafe(deliver, addresses, problem, kind)
        except RuntimeError:
            return  # the loop has ended meanwhile; nobody waits for this name any more

    threading.Thread(target=look_up, name=f"resolve {host}", daemon=True).start()
    return await result


def failure_kind(error: OSError | UnicodeError) -> ResolverFailure:
    """What getaddrinfo's error says, by RFC 3493 section 6.1; a system may lack some codes."""
    if isinstance(error, UnicodeError):
        return "invalid-name"
    kinds: dict[str, ResolverFailure] = {
        "EAI_NONAME": "not-found",
        "EAI_NODATA": "no-address",
        "EAI_ADDRFAMILY": "no-address",
        "EAI_AGAIN": "temporary",
    }
    for name, kind in kinds.items():
        if error.errno is not None and error.errno == getattr(socket, name, None):
            return kind
    return "other"
