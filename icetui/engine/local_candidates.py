"""Our candidates of one session: which there are, and which are no more.

What belongs here: what is redundant, what a candidate is called, what is told of it. How they are
gathered is `gathering.py`'s business, what is done with them the core's.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import msgspec

from icetui import events
from icetui.engine.claims import MOST_PEER_REFLEXIVE, impossible
from icetui.engine.core_runner import CoreRunner
from icetui.engine.endpoint import Endpoint
from icetui.engine.net import Address
from icetui.engine.stream import Stream
from icetui.events import Candidate, Reason


class LocalCandidates:
    """Those that can be used now."""

    def __init__(self, stream: Stream, on_found: Callable[[Candidate], None]) -> None:
        """`on_found` is called for each new one, once it is told."""
        self._stream = stream
        self._on_found = on_found
        self._known: dict[Address, Candidate] = {}
        self._numbers = itertools.count(1)

    @property
    def offered(self) -> tuple[Candidate, ...]:
        """What the other side is told; peer-reflexive ones it has found out itself."""
        return tuple(c for c in self._known.values() if c.type != "prflx")

    def add(self, candidate: Candidate, endpoint: Endpoint, runner: CoreRunner) -> Candidate | None:
        """Take in a candidate; None when it is redundant (RFC 8445 section 5.1.3)."""
        address = (candidate.address, candidate.port)
        if address in self._known:
            return None
        candidate = msgspec.structs.replace(candidate, id=f"L{next(self._numbers)}")
        self._known[address] = candidate
        self._stream.emit(events.CandidateGathered, candidate=candidate)
        if candidate.type in ("host", "relay"):
            runner.add(endpoint, candidate)
        self._on_found(candidate)
        return candidate

    def add_peer_reflexive(self, endpoint: Endpoint, mapped: Address, runner: CoreRunner) -> None:
        """A peer sees us at an address no server told us (RFC 8445 section 7.2.5.3.1)."""
        if endpoint.base is None or mapped == endpoint.address:
            return
        told = sum(c.type == "prflx" for c in self._known.values())
        if told >= MOST_PEER_REFLEXIVE or impossible(mapped, endpoint.address[0]) is not None:
            return
        base = endpoint.base.candidate
        found = Candidate(
            id="",
            type="prflx",
            address=mapped[0],
            port=mapped[1],
            priority=(110 << 24) | (base.priority & 0xFFFFFF),
            foundation=f"p{base.foundation}",
            related_address=base.address,
            related_port=base.port,
            interface=base.interface,
        )
        self.add(found, endpoint, runner)

    def lose_relay(self, endpoint: Endpoint) -> None:
        """Its TURN allocation is gone."""
        assert endpoint.base is not None
        candidate = endpoint.base.candidate
        self._known.pop((candidate.address, candidate.port), None)
        why = endpoint.transport.get_extra_info("why_lost")
        lost = "its TURN allocation was lost" + (f": {why.detail}" if why else "")
        gone = msgspec.structs.replace(
            candidate,
            unsupported=lost,
            reason=Reason.GONE,
            gone="allocation",
            evidence=why.evidence if why else None,
        )
        self._stream.emit(events.CandidateGathered, candidate=gone)
