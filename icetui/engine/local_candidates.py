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
from icetui.events import Candidate, Evidence, Reason, Withdrawal, address_port
from icetui.signaling.description import MAX_CANDIDATES


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
        """What the other side is told; peer-reflexive ones it has found out itself. Of more than a
        description holds, the newest."""
        offered = [c for c in self._known.values() if c.type != "prflx"]
        return tuple(offered[-MAX_CANDIDATES:])

    def add(self, candidate: Candidate, endpoint: Endpoint, runner: CoreRunner) -> Candidate | None:
        """Take in a candidate; None when it is redundant (RFC 8445 section 5.1.3)."""
        address = (candidate.address, candidate.port)
        if address in self._known:
            return None
        candidate = msgspec.structs.replace(candidate, id=f"L{next(self._numbers)}")
        self._known[address] = candidate
        self._stream.emit(events.CandidateGathered, candidate=candidate)
        if endpoint.base is None:
            # A host or relayed candidate is its own base. What a NAT64 maps a socket to is one for
            # the other side's IPv4 candidates: its socket has no other address of that family.
            runner.add(endpoint, candidate)
        self._on_found(candidate)
        return candidate

    def add_peer_reflexive(self, endpoint: Endpoint, mapped: Address, runner: CoreRunner) -> None:
        """A peer sees us at an address no server told us (RFC 8445 section 7.2.5.3.1)."""
        if endpoint.base is None or mapped == endpoint.address:
            return
        base = endpoint.base.candidate
        told = sum(c.type == "prflx" for c in self._known.values())
        if told >= MOST_PEER_REFLEXIVE or impossible(mapped, base.address) is not None:
            return
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

    def withdraw_mapping(self, endpoint: Endpoint, before: Address, now: Address) -> bool:
        """See `Gatherer.mapping_gone`; whether there was such a candidate."""
        known = self._known.get(before)
        if known is None or known.type != "srflx" or not _stands_on(known, endpoint):
            return False
        moved = Evidence(moved_from=address_port(*before), moved_to=address_port(*now))
        self._withdraw(known, "mapping", f"a NAT maps us to {moved.moved_to} now", moved)
        return True

    def withdraw_base(self, endpoint: Endpoint) -> bool:
        """This machine has that address no more: nothing that stands on it can be reached. Whether
        there was anything."""
        ip = endpoint.address[0]
        standing = [c for c in self._known.values() if _stands_on(c, endpoint)]
        for known in standing:
            evidence = Evidence(removed=ip)
            self._withdraw(known, "address", f"{ip} is gone from this machine", evidence)
        return bool(standing)

    def restore_base(self, endpoint: Endpoint) -> None:
        """It has the address again, and the socket is still there; what servers see it as they
        have to say anew."""
        if endpoint.base is None:
            return  # one behind a NAT64 that no server has seen yet is no candidate
        candidate = endpoint.base.candidate
        self._known[candidate.address, candidate.port] = candidate
        self._stream.emit(events.CandidateGathered, candidate=candidate)
        self._on_found(candidate)

    def _withdraw(
        self, known: Candidate, gone: Withdrawal, words: str, evidence: Evidence | None
    ) -> None:
        self._known.pop((known.address, known.port), None)
        told = msgspec.structs.replace(
            known, unsupported=words, reason=Reason.GONE, gone=gone, evidence=evidence
        )
        self._stream.emit(events.CandidateGathered, candidate=told)

    def lose_relay(self, endpoint: Endpoint) -> None:
        """Its TURN allocation is gone."""
        assert endpoint.base is not None
        why = endpoint.transport.get_extra_info("why_lost")
        lost = "its TURN allocation was lost" + (f": {why.detail}" if why else "")
        evidence = why.evidence if why else None
        self._withdraw(endpoint.base.candidate, "allocation", lost, evidence)


def _stands_on(candidate: Candidate, endpoint: Endpoint) -> bool:
    """Whether that socket is the candidate's base (RFC 8445 section 4)."""
    if candidate.type == "relay":
        return False
    own, related = (
        (candidate.address, candidate.port),
        (
            candidate.related_address,
            candidate.related_port,
        ),
    )
    return endpoint.address in (own, related)
