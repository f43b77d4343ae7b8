"""Candidates of both sides and the pairs they form (RFC 8445 section 6.1.2).

What belongs here: who is paired with whom, and what is known of where a candidate lies. When a pair
is checked, and what comes of it, is `check_list.py`'s business.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import msgspec

from icetui import events
from icetui.engine.core.base import Address, Base
from icetui.engine.core.likelihood import unlikely
from icetui.engine.core.pair import CandidatePair, State
from icetui.engine.core.unsignalled import KEPT, Unsignalled

MOST_REMOTE_CANDIDATES = 100
"""What one peer may make us try; RFC 8445 section 6.1.2.5 limits a check list likewise."""

Routes = Callable[[Address], str | None]
"""The local address that something would be sent from, by the routing table."""


@dataclass(slots=True)
class Surroundings:
    """What is known of where we are, over all generations of a session."""

    routes: Routes
    server_hosts: set[str] = field(default_factory=set)
    """IP addresses of our STUN and TURN servers."""
    server_round_trip: float | None = None
    """Seconds to the nearest of them: a peer is hardly nearer."""
    hidden_hosts: set[str] = field(default_factory=set)
    """IP addresses that their description hid behind names. A relay is not told of them: it could
    not reach them, and a permission would give away what was hidden."""
    remote_numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def next_remote_id(self) -> str:
        """The id of the next of their candidates that is shown."""
        return f"R{next(self.remote_numbers)}"


class PairTable:
    """Of one generation."""

    def __init__(self, surroundings: Surroundings, most: int | None = None) -> None:
        """`most` pairs; None: as many as the candidates make."""
        self.surroundings = surroundings
        self._most = most
        self.bases: list[Base] = []
        self.remotes: dict[Address, events.Candidate] = {}
        self.unsignalled = Unsignalled()
        self._pairs: dict[tuple[Base, Address], CandidatePair] = {}

    # --- looking up -----------------------------------------------------------------------------

    def __iter__(self) -> Iterator[CandidatePair]:
        return iter(self._pairs.values())

    def __len__(self) -> int:
        return len(self._pairs)

    def get(self, base: Base, addr: Address) -> CandidatePair | None:
        return self._pairs.get((base, addr))

    def holds(self, pair: CandidatePair) -> bool:
        """Whether it is still one of these: its base or its place may have been lost."""
        return self._pairs.get((pair.base, pair.addr)) is pair

    def find(self, pair_id: str) -> CandidatePair | None:
        """A pair by its id."""
        return next((p for p in self if p.id == pair_id), None)

    def valid(self) -> list[CandidatePair]:
        return [p for p in self if p.valid]

    # --- candidates -----------------------------------------------------------------------------

    def take(
        self, candidate: events.Candidate, number: str | None = None
    ) -> events.Candidate | None:
        """Take in one of their candidates; None when redundant or one too many.

        One learned as peer-reflexive becomes what it is now signalled as (RFC 8445 7.3.1.3).
        `number` is the id of one that is shown already.
        """
        addr = (candidate.address, candidate.port)
        known = self.remotes.get(addr)
        if known is not None and (known.type != "prflx" or candidate.type == "prflx"):
            return None
        if known is None and len(self.remotes) >= MOST_REMOTE_CANDIDATES:
            return None
        if known is not None:
            number = known.id
            self.unsignalled.signalled(addr)
        number = number or self.surroundings.next_remote_id()
        self.remotes[addr] = msgspec.structs.replace(candidate, id=number)
        return self.remotes[addr]

    def admit(
        self, addr: Address, relayed: bool, now: float
    ) -> tuple[str | None, list[CandidatePair]]:
        """The id for an address that was not signalled, None when it is one too many; it may take
        the place of the oldest one of the same host that came to nothing, whose pairs are told."""
        if not self.unsignalled.admit(addr, relayed, now):
            return None, []
        of_host = self.unsignalled.of(addr[0], relayed)
        if len(of_host) <= KEPT and len(self.remotes) < MOST_REMOTE_CANDIDATES:
            return self.surroundings.next_remote_id(), []
        gone = next((a for a in of_host if a != addr and self._came_to_nothing(a)), None)
        if gone is None:
            self.unsignalled.signalled(addr)
            return None, []
        self.unsignalled.signalled(gone)
        removed = [self._pairs.pop(key) for key in [k for k in self._pairs if k[1] == gone]]
        return self.remotes.pop(gone).id, removed

    def stormy(self, pair: CandidatePair) -> bool:
        """Whether it is one more of a storm of new ports."""
        return self.unsignalled.stormy(pair.remote.address, pair.base.relayed)

    def _came_to_nothing(self, addr: Address) -> bool:
        return all(p.state == State.FAILED for p in self if p.addr == addr)

    # --- pairs ----------------------------------------------------------------------------------

    def form(
        self, base: Base, remote: events.Candidate, *, controlling: bool
    ) -> CandidatePair | None:
        """RFC 8445 section 6.1.2.2; reflexive candidates are not here, only their bases.

        None: these two make no pair, or there is no room for it.
        """
        local = base.candidate
        if remote.unsupported or (":" in local.address) != (":" in remote.address):
            return None
        hidden = remote.address in self.surroundings.hidden_hosts
        if base.relayed and remote.type == "host" and hidden:
            return None
        pair = CandidatePair(base, remote, controlling)
        if self.full and self._weakest(pair) is None:
            return None
        self._pairs[(base, pair.addr)] = pair
        self.place(pair)
        pair.unlikely = self.unlikely(pair)
        return pair

    @property
    def full(self) -> bool:
        return self._most is not None and len(self._pairs) >= self._most

    def _weakest(self, than: CandidatePair) -> CandidatePair | None:
        """The pair of the lowest priority that was not checked yet, if that is lower."""
        unchecked = [p for p in self if p.first_check is None]
        least = min(unchecked, key=lambda p: p.priority, default=None)
        return least if least is not None and least.priority < than.priority else None

    def make_room(self, pair: CandidatePair) -> CandidatePair | None:
        """Of too many pairs one gives way to this new one (RFC 8445 section 6.1.2.5)."""
        if self._most is None or len(self._pairs) <= self._most:
            return None
        least = self._weakest(pair)
        if least is not None:
            del self._pairs[(least.base, least.addr)]
        return least

    def lose(self, base: Base) -> list[CandidatePair]:
        """A base is gone; returns its pairs, which are gone with it."""
        if base in self.bases:
            self.bases.remove(base)
        return [self._pairs.pop(key) for key in [k for k in self._pairs if k[0] is base]]

    def place(self, pair: CandidatePair) -> None:
        """Where the remote address lies, as far as their description tells by now."""
        address = pair.remote.address
        pair.behind_relay = pair.remote.type == "prflx" and self._on_a_relay(address)
        pair.of_known_host = any(
            r.address == address and r.type != "prflx" for r in self.remotes.values()
        )

    def place_unsignalled(self) -> None:
        """More is known of their candidates: what that says of those learned from checks."""
        for pair in self:
            if pair.remote.type == "prflx":
                self.place(pair)

    def _on_a_relay(self, address: str) -> bool:
        """Whether relayed addresses of either side are on this host, or a server of ours: a check
        that came from there before its candidate was signalled came through it."""
        if address in self.surroundings.server_hosts:
            return True
        ours = (b.candidate for b in self.bases)
        everybody = itertools.chain(ours, self.remotes.values())
        return any(c.type == "relay" and c.address == address for c in everybody)

    def unlikely(self, pair: CandidatePair) -> int:
        """See `likelihood.py`."""
        remote = pair.remote
        source = self.surroundings.routes((remote.address, remote.port))
        elsewhere = any(
            r.type in ("srflx", "relay") for r in self.remotes.values() if r is not remote
        )
        return unlikely(pair.base.candidate, remote, source, elsewhere)
