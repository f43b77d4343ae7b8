"""Those who hold our blob and checked us before we have theirs: their NAT binding is kept open.

What belongs here: Binding indications to them, until we know who they are (RFC 8445 section 11).
What must never come in: answers; nobody answers an indication.

Many stacks check only once while they wait to be nominated (aioice, aiortc, Firefox). The binding
that this check made is closed by their NAT after half a minute, and a person who is two minutes
late with the paste would find nobody. Many NATs count what comes in as use of a binding.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from icetui.engine import stun
from icetui.engine.endpoint import Endpoint
from icetui.engine.net import Address

MOST = 16
"""Addresses; the latest count."""


class Knockers:
    """Those of one generation."""

    def __init__(self, every: float) -> None:
        """`every`: seconds between two indications to one address."""
        self._every = every
        self._known: dict[tuple[Endpoint, Address], None] = {}
        self._task: asyncio.Task[None] | None = None

    def heard(self, endpoint: Endpoint, addr: Address) -> None:
        """A well signed check came from there."""
        self._known.pop((endpoint, addr), None)
        self._known[(endpoint, addr)] = None
        if len(self._known) > MOST:
            del self._known[next(iter(self._known))]
        if self._task is None:
            self._task = asyncio.create_task(self._keep_open())

    def stop(self) -> None:
        """They are known now, or we leave."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._known.clear()

    async def _keep_open(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            _indicate(self._known)


def _indicate(known: Iterable[tuple[Endpoint, Address]]) -> None:
    for endpoint, addr in known:
        indication = stun.Builder(
            stun.Method.BINDING, stun.Class.INDICATION, endpoint.net.random.randbytes(12)
        )
        endpoint.send_stun(indication.fingerprint().finish(), addr)
