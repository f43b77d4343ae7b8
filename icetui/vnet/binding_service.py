"""Binding requests and their answers (RFC 8489 section 12, RFC 5780), honest or not."""

from __future__ import annotations

from collections.abc import Iterator

from icetui.engine.net import Address
from icetui.vnet import stun_messages as stun
from icetui.vnet.front import FiveTuple, Front
from icetui.vnet.servers import ServerOptions, read_address_port

CHANGE_ADDRESS, CHANGE_PORT = 4, 2
"""Flags of CHANGE-REQUEST (RFC 5780 section 7.2)."""
MTU = 1500
"""Bytes of PADDING in an answer, so that it exceeds what goes in one packet (section 7.6)."""
KNOWN = frozenset(
    {
        stun.USERNAME, stun.MESSAGE_INTEGRITY, stun.REALM, stun.NONCE, stun.CHANGE_REQUEST,
        stun.RESPONSE_PORT, stun.PADDING, stun.PRIORITY, stun.USE_CANDIDATE,
    }
)  # fmt: skip
REASONS = {
    300: "Try Alternate",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    420: "Unknown Attribute",
    437: "Allocation Mismatch",
    438: "Stale Nonce",
    440: "Address Family not Supported",
    441: "Wrong Credentials",
    442: "Unsupported Transport Protocol",
    443: "Peer Address Family Mismatch",
    486: "Allocation Quota Reached",
    500: "Server Error",
    508: "Insufficient Capacity",
}


class BindingService:
    """Answers Binding requests."""

    def __init__(self, options: ServerOptions, front: Front) -> None:
        self._options = options
        self._front = front
        self._second_port = options.other_port or (
            options.port + 1 if options.other_addresses else options.port
        )
        self._changes = bool(options.other_addresses) or self._second_port != options.port
        """Whether there is anything to change to."""
        self.answered = 0

    # --- the second address and port --------------------------------------------------------------

    def others(self, main: Address) -> Iterator[Address]:
        """Where it listens besides an address of its first."""
        if not self._changes:
            return
        yield main[0], self._second_port
        second = self._second(main[0])
        if second is not None:
            yield second, main[1]
            yield second, self._second_port

    def _second(self, first: str) -> str | None:
        return next(
            (a for a in self._options.other_addresses if (":" in a) == (":" in first)), None
        )

    def _other(self, at: Address) -> Address:
        """The other address and the other port of one of ours."""
        address = at[0]
        if address in self._options.other_addresses:
            address = next(a for a in self._front.addresses if (":" in a) == (":" in address))
        else:
            address = self._second(address) or address
        port = self._options.port if at[1] == self._second_port else self._second_port
        return address, port

    # --- answers ----------------------------------------------------------------------------------

    def handle(self, client: FiveTuple, request: stun.Message) -> None:
        """Answer a Binding request."""
        options = self._options
        if options.other_silent and client.local[0] in options.other_addresses:
            return
        if options.error is not None:
            self._refuse(client, request, options.error)
            return
        unknown = request.unknown(KNOWN)
        change = 0
        leaving: Address | None = None
        offers = self._changes and client.transport == "udp"
        attributes = request.attributes
        if stun.CHANGE_REQUEST in attributes:
            if options.change_request == "dropped":
                return
            if not offers or options.change_request == "refused":
                unknown.append(stun.CHANGE_REQUEST)
            elif options.change_request == "honest":
                change = request.number(stun.CHANGE_REQUEST) or 0
        if stun.RESPONSE_PORT in attributes and not (options.response_port and offers):
            unknown.append(stun.RESPONSE_PORT)
        if stun.PADDING in attributes and not (options.padding and offers):
            unknown.append(stun.PADDING)
        if unknown:
            self._refuse(client, request, 420, [(stun.UNKNOWN_ATTRIBUTES, stun.types(unknown))])
            return
        if stun.PADDING in attributes and stun.RESPONSE_PORT in attributes:
            self._refuse(client, request, 400)  # RFC 5780 section 6.1
            return
        origin = client.local
        if change & (CHANGE_ADDRESS | CHANGE_PORT):
            other = self._other(client.local)
            origin = leaving = (
                other[0] if change & CHANGE_ADDRESS else client.local[0],
                other[1] if change & CHANGE_PORT else client.local[1],
            )
        said = self._mapped(client.remote, request.transaction)
        if offers:
            said.append((stun.RESPONSE_ORIGIN, stun.address(origin)))
            told = self._told(client.local)
            said.append((stun.OTHER_ADDRESS, stun.address(told)))
        if stun.PADDING in attributes:
            said.append((stun.PADDING, bytes(MTU)))
        port = attributes.get(stun.RESPONSE_PORT)
        if port is not None and len(port) >= 2:
            answered = (client.remote[0], int.from_bytes(port[:2], "big"))
            client = FiveTuple("udp", client.local, answered)
        self._send(client, request, stun.RESPONSE, said, leaving)

    def _told(self, at: Address) -> Address:
        if self._options.told_other:
            return read_address_port(self._options.told_other)
        return self._other(at)

    def _mapped(self, seen: Address, transaction: bytes) -> stun.Attributes:
        options = self._options
        lie = options.mapped_address
        address = lie if lie and (":" in lie) == (":" in seen[0]) else seen[0]
        mapped = (address, (seen[1] + options.mapped_port_shift - 1) % 65535 + 1)
        said: stun.Attributes = []
        if options.mapped in ("xor", "both"):
            said.append((stun.XOR_MAPPED_ADDRESS, stun.xor_address(mapped, transaction)))
        if options.mapped in ("plain", "both"):
            said.append((stun.MAPPED_ADDRESS, stun.address(mapped)))
        return said

    def _refuse(
        self,
        client: FiveTuple,
        request: stun.Message,
        code: int,
        more: stun.Attributes | None = None,
    ) -> None:
        said = [(stun.ERROR_CODE, stun.error_code(code, REASONS.get(code, "Error"))), *(more or ())]
        if code == 300 and self._options.alternate:
            alternate = read_address_port(self._options.alternate)
            said.append((stun.ALTERNATE_SERVER, stun.address(alternate)))
        self._send(client, request, stun.ERROR, said, None)

    def _send(
        self,
        client: FiveTuple,
        request: stun.Message,
        kind: int,
        said: stun.Attributes,
        leaving: Address | None,
    ) -> None:
        options = self._options
        if options.software:
            said.append((stun.SOFTWARE, options.software.encode()))
        data = stun.build(
            stun.BINDING, kind, request.transaction, said, fingerprint=options.fingerprint
        )
        self.answered += 1
        self._front.answer(client, data, leaving)
