"""The check list: which pair is checked when, what an answer means, what is refused.

An incoming check triggers one of ours also on a pair in progress (RFC 8445 section 7.3.1.4), no
timer ever gives up, and every pair keeps its reason. Which valid pair is used is `nomination.py`'s
business.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Iterator
from typing import Protocol

import msgspec

from icetui import events
from icetui.engine import stun
from icetui.engine.endpoint import Endpoint, Request
from icetui.engine.incoming import IncomingChecks
from icetui.engine.knockers import Knockers
from icetui.engine.likelihood import unlikely
from icetui.engine.net import Address, Net
from icetui.engine.nomination import PathChoice
from icetui.engine.pairs import AT_ONCE, NEVER, CheckedPair, State
from icetui.engine.plan import Plan
from icetui.engine.rechecks import Rechecks
from icetui.engine.requests import Purpose, Requests, unanswered
from icetui.engine.stream import Stream
from icetui.engine.tally import Tally
from icetui.engine.timing import Timing
from icetui.engine.traffic import Traffic
from icetui.engine.unsignalled import KEPT, Unsignalled
from icetui.engine.upkeep import Upkeep
from icetui.events import Reason, address_port

MOST_REMOTE_CANDIDATES = 100
"""What one peer may make us try; RFC 8445 section 6.1.2.5 limits a check list likewise."""
MOST_EARLY_CHECKS = 100


class Observer(Protocol):
    """Who is told what the checks find out about us and the peer."""

    def peer_reflexive(self, endpoint: Endpoint, mapped: Address) -> None: ...
    def peer_left(self, pair: CheckedPair) -> None: ...
    def take_over(self, checks: CheckList) -> CheckedPair | None: ...
    def knocked_by(self, ufrag: str) -> None: ...


class CheckList:
    """One ICE session's checks with one peer, over all endpoints."""

    def __init__(
        self,
        net: Net,
        stream: Stream,
        *,
        ufrag: str,
        pwd: str,
        timing: Timing | None = None,
        remote_ids: Iterator[int] | None = None,
    ) -> None:
        """`remote_ids` numbers their candidates, over all generations of a session."""
        self.local_username, self.local_password = ufrag, pwd
        self.remote_username: str | None = None
        self.remote_password: str | None = None
        self.remote_is_lite = False
        self.ice_controlling = True
        self.tie_breaker = net.random.getrandbits(64)
        self.closing = False
        self.net = net
        self.stream = stream
        self.timing = timing or Timing()
        self.loop = asyncio.get_running_loop()
        self.endpoints: list[Endpoint] = []
        self.remotes: dict[Address, events.Candidate] = {}
        self.pairs: dict[tuple[Endpoint, Address], CheckedPair] = {}
        self.state: events.ConnectionState = "new"
        self.incoming = IncomingChecks(self)
        self.requests = Requests(self)
        self.path = PathChoice(self)
        self.upkeep = Upkeep(self)
        self.traffic = Traffic(self)
        self.observer: Observer | None = None
        self.server_hosts: set[str] = set()
        """IP addresses of our STUN and TURN servers."""
        self.server_round_trip: float | None = None
        """Seconds to the nearest of them: a peer is hardly nearer."""
        self.hidden_hosts: set[str] = set()
        """IP addresses that their description hid behind names. A relay is not told of them: it
        could not reach them, and a permission would give away what was hidden."""
        self.gone = False
        self.peer_heard = False
        """Whether the other side has our description: it sent a check keyed with our password,
        has answered our offer, or is lite and never will. Until then it answers us but could not
        use any path."""
        self._remote_ids = itertools.count(1) if remote_ids is None else remote_ids
        self.primary = True
        """Whether this is the generation whose state is the connection's."""
        self.plan = Plan(self.timing.pace, self._check)
        self._early: deque[tuple[stun.Message, Address, Endpoint]] = deque(maxlen=MOST_EARLY_CHECKS)
        self.rechecks = Rechecks(self.timing)
        self._unsignalled = Unsignalled()
        self._knocks = Tally()
        self._knockers = Knockers(self.timing.keep_open)
        self._refusals = Tally()

    # --- what it works with -------------------------------------------------------------------

    def add_endpoint(self, endpoint: Endpoint) -> None:
        """Pair a new local base or relayed address with every remote candidate."""
        self.endpoints.append(endpoint)
        for remote in list(self.remotes.values()):
            self._form_pair(endpoint, remote)

    def set_remote(
        self, ufrag: str, pwd: str, *, lite: bool, controlling: bool, has_ours: bool = False
    ) -> None:
        """Credentials of the other side and our role; starts the checks.

        `has_ours`: it has our description for certain, as it has answered it. Servers that answer
        checks, send none and do not say that they are lite are nominated like all others then.
        """
        self.remote_username, self.remote_password = ufrag, pwd
        self.remote_is_lite = lite
        self.peer_heard = self.peer_heard or lite or has_ours
        self.ice_controlling = controlling or lite
        self._show_role("lite" if lite else "ufrags")
        self._reprioritise()
        self.set_state("checking", "both descriptions are known")
        self._knockers.stop()
        early, self._early = list(self._early), deque(maxlen=MOST_EARLY_CHECKS)
        for message, addr, endpoint in early:
            if self.names_us(message.username or ""):
                self.check_incoming(message, addr, endpoint)
        self.plan.start()

    def add_remote(self, candidate: events.Candidate, number: str | None = None) -> bool:
        """Take in one of their candidates and pair it; False when redundant or one too many.

        One learned as peer-reflexive becomes what it is now signalled as (RFC 8445 7.3.1.3).
        `number` is the id of one that is shown already.
        """
        addr = (candidate.address, candidate.port)
        known = self.remotes.get(addr)
        if known is not None and (known.type != "prflx" or candidate.type == "prflx"):
            return False
        if known is None and len(self.remotes) >= MOST_REMOTE_CANDIDATES:
            return False
        if known is not None:
            number = known.id
            self._unsignalled.signalled(addr)
        named = msgspec.structs.replace(candidate, id=number or self.next_remote_id())
        self.remotes[addr] = named
        self.stream.emit(events.RemoteCandidateAdded, candidate=named)
        for endpoint in self.endpoints:
            pair = self.pairs.get((endpoint, addr))
            if pair is None:
                self._form_pair(endpoint, named)
            else:
                pair.take_remote(named, self.ice_controlling)
                self._place(pair)
                self.show(pair)
        for pair in self.pairs.values():
            if pair.remote.type == "prflx":
                self._place(pair)
        self.path.reconsider()
        return True

    def next_remote_id(self) -> str:
        """The id of the next of their candidates that is shown."""
        return f"R{next(self._remote_ids)}"

    def name_settled(self, shown: Address, candidate: events.Candidate) -> None:
        """One that was shown by its name has an address now, or a reason why it has none.

        What is known at that address already, be it from a check that came first, stays one
        candidate; the name then says where it leads.
        """
        held = self.remotes.pop(shown, None)
        if held is None or self.closing:
            return
        addr = (candidate.address, candidate.port)
        if addr not in self.remotes:
            self.add_remote(candidate, held.id)
            return
        self.add_remote(candidate)
        leads = f"its name stands for {events.address_port(*addr)}, which is listed by itself"
        self.remotes[shown] = msgspec.structs.replace(held, unsupported=leads)
        self.stream.emit(events.RemoteCandidateAdded, candidate=self.remotes[shown])

    def _place(self, pair: CheckedPair) -> None:
        """Where the remote address lies, as far as their description tells by now."""
        address = pair.remote.address
        pair.behind_relay = pair.remote.type == "prflx" and self._on_a_relay(address)
        pair.of_known_host = any(
            r.address == address and r.type != "prflx" for r in self.remotes.values()
        )

    def _form_pair(self, endpoint: Endpoint, remote: events.Candidate) -> CheckedPair | None:
        """RFC 8445 section 6.1.2.2; reflexive candidates are not here, only their bases."""
        local = endpoint.candidate
        if local is None or remote.unsupported or (":" in local.address) != (":" in remote.address):
            return None
        if local.type == "relay" and remote.type == "host" and remote.address in self.hidden_hosts:
            return None
        pair = CheckedPair(endpoint, remote, self.ice_controlling)
        self.pairs[(endpoint, pair.addr)] = pair
        endpoint.prepare(pair.addr)
        self._place(pair)
        pair.unlikely = self._unlikely(local, remote)
        self.plan.at(pair, AT_ONCE)
        self.show(pair)
        return pair

    def _unlikely(self, local: events.Candidate, remote: events.Candidate) -> int:
        """See `likelihood.py`."""
        source = self.net.source_address((remote.address, remote.port))
        return unlikely(local, remote, source, self._reflexive_elsewhere(remote))

    def _on_a_relay(self, address: str) -> bool:
        """Whether relayed addresses of either side are on this host, or a server of ours: a check
        that came from there before its candidate was signalled came through it."""
        if address in self.server_hosts:
            return True
        ours = (e.candidate for e in self.endpoints)
        return any(
            c is not None and c.type == "relay" and c.address == address
            for c in (*ours, *self.remotes.values())
        )

    def _reflexive_elsewhere(self, remote: events.Candidate) -> bool:
        """Whether they also have an address that the outside sees."""
        return any(r.type in ("srflx", "relay") for r in self.remotes.values() if r is not remote)

    # --- checks -------------------------------------------------------------------------------

    def trigger(self, pair: CheckedPair) -> None:
        """Check this pair anew and before all others."""
        pair.triggered = True
        pair.attempt = 0
        pair.request = None
        pair.rechecks = 0
        pair.reason = pair.detail = None
        pair.state = State.WAITING
        self.plan.trigger(pair)

    def _check(self, pair: CheckedPair, now: float) -> bool:
        """The next transmission of a pair's check; False when none is to be sent."""
        if pair.valid:
            return False
        if pair.state == State.FAILED:
            interval = self._recheck_interval(pair)
            if interval is None:
                return False
            pair.rechecks += 1
            request = self.requests.build(pair, "check")
            pair.requests_sent += 1
            if pair.reason == Reason.TIMEOUT:
                pair.detail = unanswered(pair)
            self.plan.at(pair, now + interval)
        elif pair.attempt and pair.attempt >= len(pair.waits):
            self.fail(pair, Reason.TIMEOUT, unanswered(pair))
            return False
        else:
            if pair.request is None:
                pair.request = self.requests.build(pair, "check")
                known = pair.smoothed_round_trip or self.server_round_trip
                pair.waits = self.timing.retransmit(known)
                if pair.fruitless > self.timing.fruitless:
                    pair.waits = pair.waits[:1]
                pair.requests_sent += 1
            else:
                pair.retransmissions_sent += 1
            request = pair.request
            pair.state = State.IN_PROGRESS
            self.plan.at(pair, now + pair.waits[pair.attempt])
            pair.attempt += 1
        pair.last_check = now
        pair.first_check = now if pair.first_check is None else pair.first_check
        self.rechecks.sent(pair.remote.address, now)
        self.show(pair)
        pair.endpoint.ask(request)
        return True

    def _recheck_interval(self, pair: CheckedPair) -> float | None:
        """Seconds until a failed pair is tried again, None: not while things are as they are."""
        return self.rechecks.interval(
            pair, self.path.selected, self.pairs.values(), self.loop.time()
        )

    def lively(self) -> bool:
        """Whether the other side has only just come."""
        return self.rechecks.lively(self.loop.time())

    def lively_interval(self, wanted: float) -> float:
        """Seconds between checks of one pair, so that all together take their share at most."""
        return self.rechecks.lively_interval(wanted, len(self.pairs))

    def fail(self, pair: CheckedPair, reason: Reason, detail: str) -> None:
        """A pair failed; it is tried again later as long as that could help."""
        was_valid = pair.valid
        pair.state = State.FAILED
        pair.valid = pair.nominated = pair.remote_nominated = False
        pair.reason, pair.detail = reason, detail
        pair.request = None
        pair.open_probes.clear()
        pair.unanswered_since = None
        self.show(pair)
        if was_valid:
            self.path.lost(pair)
        self.path.reconsider()
        self.plan.at(pair, self.loop.time() + (self._recheck_interval(pair) or 0.0))
        self._judge()

    def _judge(self) -> None:
        """Whether there is hope left, for now."""
        if self.state == "checking" and not any(map(self._hopeful, self.pairs.values())):
            self.set_state("failed", "every pair has failed; checks go on")

    def _hopeful(self, pair: CheckedPair) -> bool:
        """Whether it has not failed yet. One that is triggered again and again has, once it was
        tried for as long as any other; one more of a storm of new ports is no news."""
        if pair.valid or pair.state == State.FAILED:
            return pair.valid
        if pair.remote.type == "prflx" and self._unsignalled.stormy(pair.remote.address):
            return False
        tried = 0.0 if pair.first_check is None else self.loop.time() - pair.first_check
        return tried < self.timing.verdict or not pair.fruitless

    def recheck_failed(self) -> None:
        """There is no path any more, or only a relayed one: put failed pairs back into the plan."""
        for pair in self.pairs.values():
            if pair.state != State.FAILED:
                continue
            interval = self._recheck_interval(pair)
            due = self.loop.time() + (interval or 0.0)
            if interval is not None and not self.loop.time() <= pair.due <= due:
                self.plan.at(pair, due)

    def request(self, pair: CheckedPair, purpose: Purpose) -> Request:
        """Send a signed Binding request for a pair, once."""
        self.plan.sent()
        return self.requests.send(pair, purpose)

    # --- incoming checks ------------------------------------------------------------------------

    def request_received(self, message: stun.Message, addr: Address, endpoint: Endpoint) -> None:
        """A request for this generation."""
        self.incoming.received(message, addr, endpoint)

    def names_us(self, username: str) -> bool:
        """Whether a USERNAME is of these two user fragments (RFC 8445 section 7.2.2); theirs can
        only be told once it is known."""
        ours, colon, theirs = username.partition(":")
        return (
            colon == ":" and ours == self.local_username and self.remote_username in (None, theirs)
        )

    def check_incoming(self, message: stun.Message, addr: Address, endpoint: Endpoint) -> None:
        """A check that is well signed and has been answered (RFC 8445 section 7.3)."""
        if not self.peer_heard:
            self.peer_heard = True
            self.loop.call_soon(self.path.peer_heard)
        if self.remote_password is None:
            self._early.append((message, addr, endpoint))
            self._knock(message, addr)
            self._knockers.heard(endpoint, addr)
            return
        if addr not in self.remotes:
            number = self._admit(addr)
            if number is None:
                return
            self.add_remote(
                events.Candidate(
                    id="",
                    type="prflx",
                    address=addr[0],
                    port=addr[1],
                    priority=message.number(stun.Attribute.PRIORITY) or 0,
                    foundation=f"prflx{number}",
                ),
                number,
            )
        pair = self.pairs.get((endpoint, addr))
        if pair is None:
            return  # beyond the limit on remote candidates
        pair.requests_received += 1
        pair.responses_sent += 1
        self.incoming.agreed()
        self.heard()
        if stun.Attribute.USE_CANDIDATE in message and not self.ice_controlling:
            pair.remote_nominated = True
        if pair.valid:
            if pair.remote_nominated and not pair.nominated:
                pair.nominated = True
                self.path.nominated(pair, "nominated by the other side")
            self.upkeep.asked(pair)
        else:
            self._triggered(pair)
        self.upkeep.changed(pair)

    def _triggered(self, pair: CheckedPair) -> None:
        """A check of theirs triggers ours, also while one is in progress (RFC 8445 7.3.1.4)."""
        timing = self.timing
        pause = min(
            timing.again * timing.again_growth ** min(pair.fruitless, 64), timing.again_most
        )
        if self.loop.time() - pair.last_check >= pause:
            pair.fruitless += 1
            self.trigger(pair)
            self._judge()
        elif pair.state == State.IN_PROGRESS and pair.last_check + pause < pair.due:
            self.plan.at(pair, pair.last_check + pause)

    def _admit(self, addr: Address) -> str | None:
        """The id for an address that was not signalled, None when it is one too many; it may take
        the place of the oldest one of the same host that came to nothing."""
        if not self._unsignalled.admit(addr, self.loop.time()):
            return None
        of_host = self._unsignalled.of(addr[0])
        if len(of_host) <= KEPT and len(self.remotes) < MOST_REMOTE_CANDIDATES:
            return self.next_remote_id()
        gone = next((a for a in of_host if a != addr and self._came_to_nothing(a)), None)
        if gone is None:
            self._unsignalled.signalled(addr)
            return None
        self._unsignalled.signalled(gone)
        for endpoint, remote in [key for key in self.pairs if key[1] == gone]:
            self.plan.forget(self.pairs.pop((endpoint, remote)))
        return self.remotes.pop(gone).id

    def _came_to_nothing(self, addr: Address) -> bool:
        return all(p.state == State.FAILED for p in self.pairs.values() if p.addr == addr)

    def heard(self) -> None:
        """The other side is there: what has failed is tried again quickly from its first word on,
        as loss rather than a firewall may have been the cause."""
        if self.rechecks.lively_until is None:
            self.rechecks.lively_until = self.loop.time() + self.timing.lively
            self.recheck_failed()

    def _knock(self, message: stun.Message, addr: Address) -> None:
        """Someone who has our blob is there before we have theirs."""
        count = self._knocks.add(addr)
        _, _, ufrag = (message.username or "").partition(":")
        if count is not None:
            self.stream.emit(
                events.Knocked, address=addr[0], port=addr[1], ufrag=ufrag[:256], count=count
            )

    def refuse(self, endpoint: Endpoint, addr: Address, reason: Reason, detail: str) -> None:
        """Count and show a datagram that is not acted upon."""
        count = self._refusals.add((addr, detail))
        if count is not None:
            self.stream.emit(
                events.Refused,
                remote=address_port(*addr),
                local=address_port(*endpoint.address),
                reason=reason,
                detail=detail,
                count=count,
            )

    def data_arrived(self, endpoint: Endpoint, addr: Address, data: bytes) -> None:
        self.traffic.arrived(endpoint, addr, data)

    def seen_as(self, endpoint: Endpoint, mapped: Address) -> None:
        """A peer says how it sees one of our endpoints."""
        if self.observer is not None and mapped != endpoint.address:
            self.observer.peer_reflexive(endpoint, mapped)

    def peer_left(self, pair: CheckedPair) -> None:
        """They said goodbye: nothing is sent to them any more, and nothing counts as lost."""
        self.gone = True
        self.plan.stop()
        self.set_state("disconnected", "the other side has left")
        if self.observer is not None:
            self.observer.peer_left(pair)

    # --- roles and states -----------------------------------------------------------------------

    def switch_role(self, ice_controlling: bool) -> None:
        """A role conflict was repaired (RFC 8445 section 7.3.1.1)."""
        self.ice_controlling = ice_controlling
        self._show_role("conflict")
        self._reprioritise()
        self.path.reconsider()

    def _show_role(self, cause: str) -> None:
        role = "controlling" if self.ice_controlling else "controlled"
        self.stream.emit(events.RoleChanged, role=role, cause=cause)

    def _reprioritise(self) -> None:
        """By all that is known of both sides now; what was planned by less is planned anew."""
        self.plan.clear()
        for pair in self.pairs.values():
            pair.prioritise(self.ice_controlling)
            if pair.endpoint.candidate is not None:
                pair.unlikely = self._unlikely(pair.endpoint.candidate, pair.remote)
            if pair.due != NEVER and not pair.valid:
                self.plan.at(pair, pair.due)

    def set_state(self, state: events.ConnectionState, cause: str) -> None:
        if state == self.state:
            return
        self.state = state
        if self.primary:
            self.stream.emit(events.ConnectionStateChanged, state=state, cause=cause)

    def show(self, pair: CheckedPair) -> None:
        """Put the pair as it is now into the stream."""
        self.upkeep.shown(pair)
        self.stream.emit(events.PairChanged, pair=pair.snapshot())

    def pair_id(self, endpoint: Endpoint, addr: Address) -> str | None:
        """Which pair a datagram between these two belongs to, if any."""
        pair = self.pairs.get((endpoint, addr))
        return pair.id if pair else None

    def holds(self, pair: CheckedPair) -> bool:
        """Whether it is still one of ours: its endpoint or its place may have been lost."""
        return self.pairs.get((pair.endpoint, pair.addr)) is pair

    def find(self, pair_id: str) -> CheckedPair | None:
        """A pair by its id."""
        return next((p for p in self.pairs.values() if p.id == pair_id), None)

    def endpoint_lost(self, endpoint: Endpoint) -> None:
        """An endpoint is gone: a lost TURN allocation, or we close."""
        if self.closing:
            return
        if endpoint in self.endpoints:
            self.endpoints.remove(endpoint)
        for pair in [p for p in self.pairs.values() if p.endpoint is endpoint]:
            del self.pairs[(endpoint, pair.addr)]
            self.fail(pair, Reason.SEND_ERROR, "the TURN allocation is gone")
            pair.due = NEVER

    def supersede(self, by: str = "an ICE restart") -> None:
        """Another check list has taken over: this one ends, its pairs say why."""
        self.stop()
        for pair in self.pairs.values():
            before = f"; before that it failed: {pair.reason}" if pair.reason else ""
            pair.state = State.FAILED
            pair.valid = pair.nominated = False
            pair.reason, pair.detail = Reason.SUPERSEDED, f"{by} replaced it{before}"
            self.show(pair)

    def stop(self) -> None:
        """No more checks; endpoints are the session's to close."""
        self.closing = True
        self._knockers.stop()
        self.plan.stop()
        self.upkeep.stop()
        self.path.stop()
