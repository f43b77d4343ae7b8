"""One examination of the NAT in front of one base: whom to ask what, in which order (RFC 5780).

What belongs here: the questions of one round and the evidence they bring. The sockets that ICE
uses are only asked what they may be asked at any time, a Binding request to one more address; every
other test has sockets of its own (`nat_probes.py`). Everything ends by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections.abc import Callable, Iterator, Sequence

from icetui.engine import nat_probes
from icetui.engine.binding import SERVER_TIMEOUTS, Answer, binding
from icetui.engine.core.likelihood import private
from icetui.engine.endpoint import Endpoint
from icetui.engine.interfaces import LocalAddress
from icetui.engine.nat import Evidence
from icetui.engine.net import Address, UdpNet
from icetui.engine.stream import Stream
from icetui.engine.tasks import Tasks
from icetui.events import address_port

MOST_ADDRESSES = 16
"""Addresses asked from one base."""
MOST_OFFERS = 2
"""Servers that get a chance to show that they do what RFC 5780 says."""


class Examination:
    """A round of questions from one base."""

    def __init__(
        self,
        net: UdpNet,
        stream: Stream,
        endpoint: Endpoint,
        local: LocalAddress,
        row: Callable[[Address, Address], None],
        known: Callable[[Evidence], None],
    ) -> None:
        """`row` hears where a server (first) saw the base (second), `known` when the evidence
        bears more than before."""
        self.evidence = Evidence(endpoint.address, local.interface)
        self._net = net
        self._stream = stream
        self._endpoint = endpoint
        self._local = local.address
        self._row = row
        self._known = known
        self._offers: asyncio.Queue[tuple[Address, Answer] | None] = asyncio.Queue()
        """Answers as they come, then None: no more will come."""
        self._something = asyncio.Event()
        """Somebody has answered, or nobody will."""
        self._asking = Tasks()
        self._round_trip = 0.0
        """Seconds, the longest that an answer took."""

    async def run(self, gathered: asyncio.Event) -> None:
        """From the first answer to all that can be known; `gathered` is set once no configured
        server is to be waited for."""
        settled = asyncio.create_task(self._until_all_asked(gathered))
        try:
            await self._something.wait()
            if self.evidence.seen:
                server = next(iter(self.evidence.seen))
                self._known(self.evidence)
                await asyncio.gather(
                    self._test_hairpin(server), self._find_routers(server), self._use_offers()
                )
            await settled
            await self._confirm()
        finally:
            settled.cancel()
            self._asking.cancel()
        self.evidence.mapping_settled = True

    async def _until_all_asked(self, gathered: asyncio.Event) -> None:
        await gathered.wait()
        if self._asking:
            await asyncio.wait(list(self._asking))
        self._offers.put_nowait(None)
        self._something.set()

    # --- questions from the base ----------------------------------------------------------------

    def ask(self, server: Address, *, expected: bool) -> None:
        """Ask one more address; `expected`: whether silence says something of UDP."""
        self._asking.start(
            self._question(server, SERVER_TIMEOUTS, expected=expected, configured=True)
        )

    async def _question(
        self,
        server: Address,
        waits: Sequence[float] = SERVER_TIMEOUTS,
        *,
        expected: bool = False,
        configured: bool = False,
    ) -> None:
        def answered(answer: Answer) -> None:
            self._row(server, answer.mapped)
            self.heard(server, answer, configured=configured)

        problem = await binding(self._endpoint, server, answered, waits=waits)
        if problem is not None and expected:
            self.evidence.silent[server] = problem
        elif problem is not None and configured:
            self.evidence.unexpected.add(server)

    def heard(self, server: Address, answer: Answer, *, configured: bool) -> None:
        """An answer is evidence, if it can be true. What a configured server offers is used."""
        evidence, mapped = self.evidence, answer.mapped
        if (":" in mapped[0]) != (":" in server[0]) or not mapped[1]:
            evidence.notes.append(f"{server[0]} claims to see us at {address_port(*mapped)}.")
            return
        if server not in evidence.seen:
            if len(evidence.seen) >= MOST_ADDRESSES:
                return
            if configured:
                self._offers.put_nowait((server, answer))
        before = evidence.seen.get(server)
        if before is not None and before != mapped:
            evidence.moved = True
        elif mapped not in (seen := set(evidence.seen.values())) and len(seen) == 1:
            # It may have moved meanwhile: that is asked at the end.
            evidence.mapping_settled = False
        evidence.seen[server] = mapped
        self._round_trip = max(self._round_trip, answer.took)
        if answer.plain is not None and answer.plain != mapped:
            evidence.rewritten[server] = answer
        self._something.set()

    async def _confirm(self) -> None:
        """Different answers mean a dependent mapping only if the first one still stands."""
        evidence = self.evidence
        if len(set(evidence.outside.values())) < 2 or evidence.moved:
            return
        await self._question(next(iter(evidence.outside)))

    # --- what RFC 5780 servers offer ------------------------------------------------------------

    async def _use_offers(self) -> None:
        """Servers with a second address, one after the other, until one keeps its word."""
        tried: set[str] = set()
        while len(tried) < MOST_OFFERS:
            offer = await self._offers.get()
            if offer is None:
                return
            server, answer = offer
            if answer.other is None or server[0] in tried:
                continue
            problem = unusable(server, answer.other)
            if problem:
                self.evidence.notes.append(problem)
                continue
            tried.add(server[0])
            await asyncio.gather(
                self._compare_mappings(server, answer.other, answer.took),
                self._test_filtering(server, answer.other, answer.took),
            )
            if answer.other in self.evidence.seen:
                if answer.other[0] != server[0]:
                    return
            else:
                self.evidence.notes.append(
                    f"{address_port(*server)} offers {address_port(*answer.other)} as its other "
                    "address, and nothing answers there."
                )

    async def _compare_mappings(self, server: Address, other: Address, round_trip: float) -> None:
        """Section 4.3, all its questions at once."""
        evidence = self.evidence
        others = dict.fromkeys([(other[0], server[1]), other, (server[0], other[1])])
        waits = nat_probes.pace(round_trip)
        await asyncio.gather(*(self._question(there, waits) for there in others))
        if other in evidence.seen or (other[0], server[1]) in evidence.seen:
            await self._confirm()
            evidence.mapping_settled = True
            self._known(evidence)

    async def _test_filtering(self, server: Address, other: Address, round_trip: float) -> None:
        with self._a_socket():
            test, ports = await nat_probes.filtering(
                self._net, self._stream, self._local, server, other, round_trip
            )
            self.evidence.tests.append(test)
            self.evidence.ports |= ports
            if test.address_passed:
                self._known(self.evidence)

    # --- what any server allows -----------------------------------------------------------------

    async def _test_hairpin(self, server: Address) -> None:
        """Only where there is something to turn round at."""
        if not self.evidence.behind_nat:
            return
        with self._a_socket():
            self.evidence.hairpin, ports = await nat_probes.hairpinning(
                self._net, self._stream, self._local, server, self._round_trip
            )
            self.evidence.ports |= ports

    async def _find_routers(self, server: Address) -> None:
        """Only IPv4 has carrier-grade NATs."""
        if self.evidence.behind_nat and ":" not in server[0]:
            with self._a_socket():
                self.evidence.routers = await nat_probes.routers(
                    self._net, self._stream, self._local, server
                )

    async def watch_bindings(self, longest: float) -> None:
        """How long a binding lives that nobody uses, up to `longest` seconds."""
        evidence, problem = self.evidence, ""
        # A server that can answer from elsewhere is likelier to answer to another port, too.
        for server in dict.fromkeys(
            [*(t.server for t in evidence.tests), *list(evidence.seen)[:1]]
        ):
            with self._a_socket():
                evidence.lived, evidence.lapsed, problem = await nat_probes.lifetime(
                    self._net, self._stream, self._local, server, longest
                )
            if evidence.lived is not None or evidence.lapsed is not None:
                return
        if problem:
            evidence.notes.append(f"How long a binding lives is open: {problem}.")

    @contextlib.contextmanager
    def _a_socket(self) -> Iterator[None]:
        """A test that gets no socket is a question that stays open, no more."""
        try:
            yield
        except OSError as error:
            self.evidence.notes.append(
                f"A test could not be made: no socket on {self._local} ({error.strerror or error})."
            )


def unusable(server: Address, other: Address) -> str | None:
    """Why an OTHER-ADDRESS is not to be asked: it is foreign text, and what we send there reaches
    whoever is there."""
    claim = f"{address_port(*server)} offers {address_port(*other)} as its other address"
    ours, theirs = ipaddress.ip_address(server[0]), ipaddress.ip_address(other[0])
    if ours.version != theirs.version or not other[1]:
        return f"{claim}, which is none of its kind."
    if other == server:
        return f"{claim}, which is where it was asked."
    special = theirs.is_multicast or theirs.is_unspecified or theirs.is_link_local
    if special or theirs.is_loopback != ours.is_loopback or theirs.is_reserved:
        return f"{claim}, which no server can have."
    if private(other[0]) and not private(server[0]):
        return f"{claim}, which is private: it cannot be reached from here."
    return None
