"""A Binding transaction with a STUN server (RFC 8489 section 6.2.1), and what its answer says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from icetui.engine import server_failure, stun
from icetui.engine.core import Failure
from icetui.engine.endpoint import Endpoint, Transaction
from icetui.engine.net import Address, Randomness
from icetui.events import Evidence, Reason, address_port

SERVER_TIMEOUTS = (0.1,) * 4 + (0.15,) * 4 + (0.25,) * 4
"""Seconds each transmission waits for an answer: a verdict after 2 s."""

CHANGE_ADDRESS, CHANGE_PORT = 4, 2
"""Flags of CHANGE-REQUEST: from where the server is to answer (RFC 5780 section 7.2)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A success response of a server."""

    mapped: Address
    """Where the server saw us: XOR-MAPPED-ADDRESS, else MAPPED-ADDRESS."""
    source: Address
    """Where the answer came from."""
    took: float
    """Seconds from the first transmission."""
    round_trip: float | None = None
    """Seconds, or None when a retransmission makes it ambiguous (Karn's algorithm)."""
    plain: Address | None = None
    """MAPPED-ADDRESS, where the answer has both: an ALG on the way rewrites only this one."""
    other: Address | None = None
    """OTHER-ADDRESS, or CHANGED-ADDRESS as it was called before (RFC 3489)."""


def request(random: Randomness, change: int = 0, response_port: int | None = None) -> stun.Message:
    """A Binding request, answered from elsewhere or sent elsewhere if so asked (RFC 5780 7.2, 7.5).

    `change` is a sum of CHANGE_ADDRESS and CHANGE_PORT.
    """
    message = stun.Builder(stun.Method.BINDING, stun.Class.REQUEST, random.randbytes(12))
    if change:
        message.number(stun.Attribute.CHANGE_REQUEST, change)
    if response_port is not None:
        message.number(stun.Attribute.RESPONSE_PORT, response_port)
    return message.finish()


async def binding(
    endpoint: Endpoint,
    addr: Address,
    answered: Callable[[Answer], None],
    *,
    message: stun.Message | None = None,
    waits: Sequence[float] = SERVER_TIMEOUTS,
    from_anywhere: bool = False,
    redirected: Callable[[Address | None], None] = lambda _: None,
) -> Failure | None:
    """Ask a server and tell `answered`, late answers too; returns why there was none.

    `waits` are the seconds each transmission waits. `from_anywhere` takes an answer from another
    address than the one asked. `redirected` is told whom an answer 300 names.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[Failure | None] = loop.create_future()

    elsewhere: list[Address] = []
    """From where answers came that do not count (RFC 8489 section 6.3.1 wants them from there)."""

    def settle(result: Failure | None) -> None:
        if not outcome.done():
            outcome.set_result(result)

    def on_answer(answer: stun.Message, source: Address, at: float) -> None:
        if source != addr and not from_anywhere:
            elsewhere.append(source)
            return
        endpoint.answered(answer)
        plain = answer.address(stun.Attribute.MAPPED_ADDRESS)
        xored = answer.address(stun.Attribute.XOR_MAPPED_ADDRESS)
        mapped = xored or plain
        if answer.message_class == stun.Class.ERROR or mapped is None:
            said = answer.error
            if said is None:
                settle(server_failure.missing(stun.Attribute.XOR_MAPPED_ADDRESS))
            else:
                if said.code == 300:
                    redirected(answer.address(stun.Attribute.ALTERNATE_SERVER))
                settle(server_failure.error_answer(said.code, said.phrase))
            return
        other = answer.address(stun.Attribute.OTHER_ADDRESS)
        if other is None:
            other = answer.address(stun.Attribute.CHANGED_ADDRESS)
        answered(
            Answer(
                mapped=mapped,
                source=source,
                took=at - asked.sent[0],
                round_trip=asked.round_trip(at),
                plain=plain if xored else None,
                other=other,
            )
        )
        settle(None)

    asked = Transaction(
        message or request(endpoint.net.random),
        addr,
        on_answer,
        refused=settle,
    )
    for patience in waits:
        if endpoint.transport.is_closing():
            return Failure(Reason.SEND_ERROR, "the socket is closed")
        endpoint.ask(asked)
        await asyncio.wait({outcome}, timeout=patience)
        if outcome.done():
            return outcome.result()
    if elsewhere:
        source = address_port(*elsewhere[0])
        came = f"the answer came from {source}, which was not asked"
        return Failure(Reason.ADDRESS_MISMATCH, came, Evidence(answered_from=source))
    silence = Evidence(silence=round(sum(waits), 6), requests=len(asked.sent))
    return Failure(Reason.TIMEOUT, f"{len(asked.sent)} requests, no answer", silence)
