"""The tests of NAT behaviour that need sockets of their own (RFC 5780 section 4).

What belongs here: one function a test, each bounded in time and in what it sends. Filtering must
be seen from a socket that has not written to the other address before, so every test opens fresh
ones and closes them; the sockets that ICE uses are never touched.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from icetui.engine import stun
from icetui.engine.binding import CHANGE_ADDRESS, CHANGE_PORT, Answer, binding, request
from icetui.engine.core import Failure
from icetui.engine.endpoint import Endpoint, Transaction
from icetui.engine.nat import FilteringTest
from icetui.engine.net import Address, UdpNet
from icetui.engine.nobody import Nobody
from icetui.engine.stream import Stream
from icetui.events import Reason

SENDINGS = 6
"""Transmissions before silence counts: at 10 % loss each way one question in 20,000 stays unheard,
at 30 % one in 57, so silence is asked about again where loss was seen …"""
PACE_LEAST, PACE_MOST = 0.05, 0.15
"""… and the seconds between two of them."""
LAST_WAIT_LEAST = 0.2
"""Seconds after the last one, or two round trips."""
HAIRPIN_WAITS = (PACE_MOST,) * 4
SLEEPERS = 8
"""Bindings of different ages that are tried for the lifetime."""
HOPS = 3
"""How far out routers are asked for: a home's router, a provider's NAT, one more."""
HOP_WAITS = (0.15, 0.15, 0.3)


class _Asker(Nobody):
    """Owner of a probe: nothing but answers and its own requests concern it."""

    def __init__(self) -> None:
        self.expected: dict[bytes, asyncio.Future[None]] = {}
        """By transaction id, requests of our own that may arrive here."""

    def stun_received(
        self, endpoint: Endpoint, source: Address, message: stun.Message, at: float
    ) -> None:
        heard = self.expected.get(message.transaction_id)
        if heard is not None and not heard.done():
            heard.set_result(None)


@dataclass(slots=True)
class Probe:
    """A socket for one test."""

    endpoint: Endpoint
    owner: _Asker

    @property
    def port(self) -> int:
        return self.endpoint.address[1]

    async def ask(
        self,
        server: Address,
        *,
        change: int = 0,
        response_port: int | None = None,
        waits: Sequence[float] | None = None,
    ) -> Answer | Failure:
        """Ask once, with all retransmissions; an answer from anywhere counts if a change of
        address or port was asked for."""
        heard: list[Answer] = []
        problem = await binding(
            self.endpoint,
            server,
            heard.append,
            message=request(self.endpoint.net.random, change, response_port),
            waits=waits or pace(0.0),
            from_anywhere=change != 0,
        )
        return heard[0] if heard else problem or Failure(Reason.TIMEOUT, "no answer")

    def expect(self, message: stun.Message) -> asyncio.Future[None]:
        """Done once this request, or an answer to it, arrives here by way of the NAT."""
        heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.owner.expected[message.transaction_id] = heard

        def answered(answer: stun.Message, source: Address, at: float) -> None:
            if not heard.done():
                heard.set_result(None)

        self.endpoint.pending[message.transaction_id] = Transaction(
            message, ("", 0), answered, sent=[asyncio.get_running_loop().time()]
        )
        return heard


@asynccontextmanager
async def probe(
    net: UdpNet, stream: Stream, address: str, *, hops: int | None = None
) -> AsyncIterator[Probe]:
    """A fresh socket on a local IP address, closed at the end; its datagrams pass `hops` routers.

    Raises OSError when there is none to be had.
    """
    owner = _Asker()
    endpoint = Endpoint(owner, net, stream)
    await net.open_udp(endpoint, address, hops=hops)
    try:
        yield Probe(endpoint, owner)
    finally:
        endpoint.transport.close()


def pace(round_trip: float) -> tuple[float, ...]:
    """How long each transmission waits, for a server that is `round_trip` seconds away."""
    each = min(max(round_trip, PACE_LEAST), PACE_MOST)
    return (each,) * (SENDINGS - 1) + (max(LAST_WAIT_LEAST, min(2 * round_trip, 1.0)),)


async def filtering(
    net: UdpNet, stream: Stream, address: str, server: Address, other: Address, round_trip: float
) -> tuple[FilteringTest, set[tuple[int, int]]]:
    """Section 4.4, both tests at once, beside a control; also the ports seen (local, outside).

    Raises OSError.
    """
    test = FilteringTest(server, other)
    ports: set[tuple[int, int]] = set()
    waits = pace(round_trip)
    lossy: list[bool] = []
    """Of each answer, whether it took more than one transmission."""
    async with probe(net, stream, address) as fresh, probe(net, stream, address) as known:

        async def change(asker: Probe, flags: int) -> Address | None:
            """Where the answer came from."""
            answer = await asker.ask(server, change=flags, waits=waits)
            if isinstance(answer, Answer):
                lossy.append(answer.round_trip is None)
                ports.add((asker.port, answer.mapped[1]))
                test.ignored = test.ignored or answer.source == server
                return answer.source
            if answer.evidence is not None and answer.evidence.code is not None:
                test.refused = answer.detail
            return None

        async def passed() -> None:
            whole, port = await asyncio.gather(
                change(fresh, CHANGE_ADDRESS | CHANGE_PORT), change(fresh, CHANGE_PORT)
            )
            test.address_passed = test.address_passed or _from_address(whole, server)
            test.port_passed = test.port_passed or _from_port(port, server)

        async def control() -> None:
            first = await asyncio.gather(
                *(known.ask(there, waits=waits) for there in (other, (server[0], other[1])))
            )
            lossy.extend(isinstance(a, Answer) and a.round_trip is None for a in first)
            test.reachable = isinstance(first[0], Answer)
            whole, port = await asyncio.gather(
                change(known, CHANGE_ADDRESS | CHANGE_PORT), change(known, CHANGE_PORT)
            )
            test.address_control = _from_address(whole, server)
            test.port_control = _from_port(port, server)

        await asyncio.gather(passed(), control())
        if any(lossy) and not test.address_passed:
            await passed()
    return test, ports


def _from_address(source: Address | None, server: Address) -> bool:
    return source is not None and source[0] != server[0]


def _from_port(source: Address | None, server: Address) -> bool:
    return source is not None and source[0] == server[0] and source[1] != server[1]


async def hairpinning(
    net: UdpNet, stream: Stream, address: str, server: Address, round_trip: float
) -> tuple[bool | None, set[tuple[int, int]]]:
    """Section 4.5, with two sockets that write to each other's mapped address, so that no filter
    stands in the way; None when the server answers only one of them.

    Raises OSError.
    """
    waits = pace(round_trip)
    async with probe(net, stream, address) as one, probe(net, stream, address) as other:
        answers = await asyncio.gather(*(p.ask(server, waits=waits) for p in (one, other)))
        seen = {
            (p.port, a.mapped[1]): a.mapped
            for p, a in zip((one, other), answers, strict=True)
            if isinstance(a, Answer)
        }
        if len(seen) < 2:
            return None, set(seen)
        to_one, to_other = seen.values()
        arrived = await asyncio.gather(
            _arrives(request(net.random), one, to_other, other, HAIRPIN_WAITS),
            _arrives(request(net.random), other, to_one, one, HAIRPIN_WAITS),
        )
        return any(arrived), set(seen)


async def _arrives(
    message: stun.Message, sender: Probe, to: Address, receiver: Probe, waits: Sequence[float]
) -> bool:
    """Whether a request, or an answer to it, gets to the receiver; sent again after each wait."""
    heard = receiver.expect(message)
    for wait in waits:
        if sender.endpoint.transport.is_closing():
            return False
        sender.endpoint.send_stun(message, to)
        await asyncio.wait({heard}, timeout=wait)
        if heard.done():
            return True
    return False


async def routers(net: UdpNet, stream: Stream, address: str, server: Address) -> dict[int, str]:
    """The first routers on the way to a server, by their distance, as far as they say.

    A request that may only travel so far comes back as ICMP time exceeded (RFC 792), and who says
    so is where it ended. Raises OSError.
    """

    async def at(hops: int) -> str | None:
        async with probe(net, stream, address, hops=hops) as limited:
            await limited.ask(server, waits=HOP_WAITS)
        told = limited.endpoint.undelivered
        return told.router if told is not None and told.time_exceeded else None

    said = await asyncio.gather(*(at(hops) for hops in range(1, HOPS + 1)))
    return {hops: router for hops, router in enumerate(said, 1) if router}


async def lifetime(
    net: UdpNet, stream: Stream, address: str, server: Address, longest: float
) -> tuple[float | None, float | None, str]:
    """Section 4.6: seconds that an unused binding was seen to live, seconds after which one was
    gone, and what went wrong if neither was seen.

    Several bindings are made at once and each is tried once, at its own age, so that it takes
    `longest` seconds and not a search. Raises OSError.
    """
    async with AsyncExitStack() as stack:
        asker, control, *sleepers = [
            await stack.enter_async_context(probe(net, stream, address))
            for _ in range(2 + SLEEPERS)
        ]
        answers = await asyncio.gather(
            *(p.ask(server, waits=pace(PACE_MOST)) for p in (control, *sleepers))
        )

        async def alive(sleeper: Probe, answer: Answer | Failure, age: float) -> bool:
            await asyncio.sleep(age)
            if not isinstance(answer, Answer):
                return False
            message = request(net.random, response_port=answer.mapped[1])
            return await _arrives(message, asker, server, sleeper, pace(PACE_MOST))

        if not await alive(control, answers[0], 0.0):
            return None, None, "the server does not answer to another port (RESPONSE-PORT)"
        ages = [longest * number / SLEEPERS for number in range(1, SLEEPERS + 1)]
        found = await asyncio.gather(*map(alive, sleepers, answers[1:], ages))
    lived = max((age for age, lives in zip(ages, found, strict=True) if lives), default=None)
    lapsed = [age for age, lives in zip(ages, found, strict=True) if not lives]
    return lived, min((age for age in lapsed if age > (lived or 0.0)), default=None), ""
