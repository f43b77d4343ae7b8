"""Their candidates that are not paired: shown once each, with why.

What belongs here: candidates that no check ever goes to. They must not lie in the check list's
own table, where one of them could stand at the address of a candidate that works: TCP and UDP, or
component 1 and 2, often share a port.
"""

from __future__ import annotations

from msgspec.structs import replace

from icetui import events, signaling
from icetui.engine import core
from icetui.engine.stream import Stream
from icetui.events import Candidate


class UnpairedCandidates:
    """Those of one generation."""

    def __init__(self, stream: Stream, agent: core.Agent) -> None:
        self._stream = stream
        self._agent = agent
        self._shown: set[tuple[object, ...]] = set()

    def __len__(self) -> int:
        return len(self._shown)

    def add(self, candidate: Candidate) -> bool:
        """Show one that says itself why it is not paired; False when it is shown already."""
        c = candidate
        key = (c.type, c.transport, c.tcptype, c.component, c.address, c.port)
        if key in self._shown or len(self._shown) >= core.MOST_REMOTE_CANDIDATES:
            return False
        self._shown.add(key)
        self._stream.emit(
            events.RemoteCandidateAdded, candidate=replace(c, id=self._agent.next_remote_id())
        )
        return True

    def add_redundant(self, candidate: Candidate) -> bool:
        """Show one that the check list did not take because it knows the address; one that is
        merely said again is not worth a line (RFC 8445 section 5.1.3)."""
        kept = self._agent.remote_at((candidate.address, candidate.port))
        if kept is None or kept.type == candidate.type:
            return False
        return self.add(replace(candidate, unsupported=signaling.redundant(kept)))
