"""A Binding transaction with a STUN server (RFC 8489 section 6.2.1), and what its answer says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aioice import stun

from icetui.engine.endpoint import Endpoint, Request
from icetui.engine.net import Address, Randomness
from icetui.events import Reason

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
    attributes = {"CHANGE-REQUEST": change} if change else {}
    kind = stun.Message if response_port is None else _ElsewhereRequest
    message = kind(stun.Method.BINDING, stun.Class.REQUEST, random.randbytes(12), attributes)
    if isinstance(message, _ElsewhereRequest) and response_port is not None:
        message.response_port = response_port
    return message


class _ElsewhereRequest(stun.Message):
    """With RESPONSE-PORT, which aioice does not know."""

    response_port = 0

    def __bytes__(self) -> bytes:
        data = super().__bytes__()
        attribute = b"\x00\x27\x00\x04" + self.response_port.to_bytes(2, "big") + bytes(2)
        length = int.from_bytes(data[2:4], "big") + len(attribute)
        return data[:2] + length.to_bytes(2, "big") + data[4:] + attribute


async def binding(
    endpoint: Endpoint,
    addr: Address,
    answered: Callable[[Answer], None],
    *,
    message: stun.Message | None = None,
    waits: Sequence[float] = SERVER_TIMEOUTS,
    from_anywhere: bool = False,
) -> tuple[Reason, str] | None:
    """Ask a server and tell `answered`, late answers too; returns why there was none.

    `waits` are the seconds each transmission waits. `from_anywhere` takes an answer from another
    address than the one asked.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[tuple[Reason, str] | None] = loop.create_future()

    def settle(result: tuple[Reason, str] | None) -> None:
        if not outcome.done():
            outcome.set_result(result)

    def on_answer(answer: stun.Message, source: Address, at: float) -> None:
        if source != addr and not from_anywhere:
            return
        endpoint.answered(answer)
        plain = answer.attributes.get("MAPPED-ADDRESS")
        xored = answer.attributes.get("XOR-MAPPED-ADDRESS")
        mapped = xored or plain
        if answer.message_class == stun.Class.ERROR or mapped is None:
            words = answer.attributes.get("ERROR-CODE", (0, "no mapped address in the answer"))
            settle((Reason.BAD_REQUEST, f"{words[0] or ''} {words[1]}".strip()))
            return
        other = answer.attributes.get("OTHER-ADDRESS") or answer.attributes.get("CHANGED-ADDRESS")
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

    asked = Request(
        message or request(endpoint.net.random),
        addr,
        on_answer,
        refused=lambda reason, detail: settle((reason, detail)),
    )
    for patience in waits:
        if endpoint.transport.is_closing():
            return Reason.SEND_ERROR, "the socket is closed"
        endpoint.ask(asked)
        await asyncio.wait({outcome}, timeout=patience)
        if outcome.done():
            return outcome.result()
    return Reason.TIMEOUT, f"{len(asked.sent)} requests, no answer"
