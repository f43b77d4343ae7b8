"""When the relays of a session are proved: when that is asked for, or when no path comes up.

What belongs here: which allocation is tried when, each once. How one is tried is in
`relay_proof.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from icetui.engine.endpoint import Endpoint
from icetui.engine.gathering import Gathering
from icetui.engine.relay_proof import prove
from icetui.engine.stream import Stream

DOUBTS = (0.7, 4.0, 15.0)
"""Seconds without a path after which the relays there are by then are tried."""


class RelayProofs:
    """Of one session."""

    def __init__(
        self,
        stream: Stream,
        gathering: Gathering,
        endpoints: Sequence[Endpoint],
        connected: Callable[[], bool],
    ) -> None:
        """`endpoints` are all of the session, those to come too."""
        self._stream = stream
        self._gathering = gathering
        self._endpoints = endpoints
        self._connected = connected
        self._tried: set[Endpoint] = set()

    async def prove(self) -> None:
        """Each allocation that has not been tried, one after the other."""
        servers = self._gathering.answering()
        for endpoint in list(self._endpoints):
            lent = endpoint.via is not None and endpoint.transport is not None
            if lent and endpoint not in self._tried:
                self._tried.add(endpoint)
                way = self._gathering.way_to(endpoint.address)
                await prove(way, self._stream, endpoint, servers)

    async def prove_if_in_doubt(self) -> None:
        """Both descriptions are known: where no path comes up, that a relay relays tells which of
        the reasons are none."""
        for pause in DOUBTS:
            await asyncio.sleep(pause)
            if self._connected():
                return
            await self.prove()
