"""What a TURN client and its server tell each other: requests and their answers, credentials
(RFC 8489 section 9.2), indications and ChannelData.

What belongs here: one connection's messages. What an allocation needs of them is `turn.py`'s
business.
"""

from __future__ import annotations

import asyncio
import errno
import struct
from collections.abc import Callable, Mapping

from icetui.engine import server_failure, stun
from icetui.engine.core import Failure
from icetui.engine.endpoint import show
from icetui.engine.net import Address, Net, Undelivered
from icetui.engine.stream import Stream
from icetui.engine.stun.credentials import LongTermCredentials, challenged
from icetui.engine.turn_connection import Connection, connect
from icetui.events import TurnServer, address_port

REQUEST_AGAIN = 0.15
"""Seconds between the sendings of a request over UDP. Doubling from 500 ms (RFC 8489 section 6.2.1)
would leave an allocation, two round trips, two tries in two seconds …"""
REQUEST_LONGER = 1.2
"""… but a server that is down is asked less and less: what each pause is longer than the last."""
REQUEST_WITHIN = 20.0
NOBODY_THERE = 3
"""How often in a row the server's machine has to say that nobody listens until it is believed."""

Attributes = Mapping[stun.Attribute, int | Address]
"""What a request says besides who asks."""


class Refused(Exception):
    """The server answered with an error."""

    def __init__(
        self, code: int, phrase: str, alternate: Address | None = None, domain: str = ""
    ) -> None:
        """`alternate`, `domain`: of a 300 (RFC 8489 sections 14.15 and 14.16)."""
        super().__init__(f"{code} {phrase}")
        self.code, self.phrase = code, phrase
        self.alternate, self.domain = alternate, domain


class Unanswered(Exception):
    """The server did not answer a request."""


PASSING_ERRORS = (errno.EPERM, errno.EACCES, errno.ENOBUFS, errno.EAGAIN, errno.EMSGSIZE)
"""Why the system may refuse to send although our address is there."""


class TurnConversation:
    """The messages on one connection to one server."""

    def __init__(
        self, net: Net, stream: Stream, server: TurnServer, address: Address, domain: str = ""
    ) -> None:
        """`address`: where the server is; `domain`: whose certificate it has to show, if another's
        than the server's own. Nothing is sent before `connect`."""
        self.server = server
        self._domain = domain or server.host
        self.address = address
        self.on_channel_data: Callable[[int, bytes, float], None] = lambda *_: None
        self.on_data: Callable[[Address, bytes, float], None] = lambda *_: None
        self.on_lost: Callable[[Exception | None], None] = lambda _: None
        self.on_failure: Callable[[Failure], None] = lambda _: None
        """Told what the network or the system says of a message that did not arrive."""
        self.heard = net.now()
        """Loop time at which the server was last heard."""
        self.unsent = 0
        """How often in a row the system has refused to send, since the server last answered."""
        self.nobody_there: Failure | None = None
        """What its machine says of the port, once it is to be believed that nobody listens."""
        self._closed_ports = 0
        """How often it has said so, since the server last answered."""
        self._net = net
        self._stream = stream
        self._connection: Connection | None = None
        self._credentials: LongTermCredentials | None = None
        """What requests are signed with, once the server has said how."""
        self._waiting: dict[bytes, asyncio.Future[stun.Message]] = {}

    # --- the connection -------------------------------------------------------------------------

    async def connect(self, local: str) -> None:
        """Connect from a local address. Raises OSError, `TlsFailure`."""
        self._connection = await connect(
            self._net, self, self.server.transport, self.address, local, self._domain
        )

    def is_closing(self) -> bool:
        return self._connection is None or bool(self._connection.transport.is_closing())

    def close(self) -> None:
        if self._connection is not None:
            self._connection.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self.on_lost(exc)

    def cannot_send(self, error: OSError) -> None:
        """The system does not send from our address any more, or not yet.

        That it is forbidden, or too much at once, says nothing of the address: a firewall's rule
        may go as it came.
        """
        self.unsent += error.errno not in PASSING_ERRORS
        self.on_failure(server_failure.unsent(error))

    def undelivered(self, error: Undelivered) -> None:
        """Something that was sent to the server did not arrive."""
        told = server_failure.undelivered(error)
        if error.router == self.address[0] and error.port_unreachable:
            self._closed_ports += 1
            if self._closed_ports >= NOBODY_THERE:
                self.nobody_there = told
        self.on_failure(told)

    # --- what we say ----------------------------------------------------------------------------

    async def request(
        self, method: stun.Method, attributes: Attributes, within: float = REQUEST_WITHIN
    ) -> stun.Message:
        """Ask, authenticated as far as the server's realm and nonce are known; its success.

        A 401 or 438 is answered once with what it says (RFC 8489 section 9.2.5). Raises `Refused`,
        `Unanswered` after `within` seconds.
        """
        try:
            return await self._transaction(method, attributes, within)
        except _Challenged as challenge:
            self._credentials = challenge.credentials
        try:
            return await self._transaction(method, attributes, within)
        except _Challenged as again:
            raise _refusal(again.answer) from None

    def send_indication(self, peer: Address, data: bytes) -> None:
        """RFC 8656 section 11.1."""
        if self._connection is not None and not self.is_closing():
            message = stun.Builder(
                stun.Method.SEND, stun.Class.INDICATION, self._net.random.randbytes(12)
            )
            message.address(stun.Attribute.XOR_PEER_ADDRESS, peer).add(stun.Attribute.DATA, data)
            self._connection.send(message.finish().raw)

    def send_channel_data(self, number: int, data: bytes) -> None:
        if self._connection is not None:
            self._connection.send(struct.pack("!HH", number, len(data)) + data)

    async def _transaction(
        self, method: stun.Method, attributes: Attributes, within: float
    ) -> stun.Message:
        """One request, sent again until it is answered."""
        request = stun.Builder(method, stun.Class.REQUEST, self._net.random.randbytes(12))
        for name, value in attributes.items():
            if isinstance(value, int):
                request.number(name, value)
            else:
                request.address(name, value)
        signed = self._credentials is not None and method != stun.Method.BINDING
        if self._credentials is not None and signed:
            self._credentials.sign(request).fingerprint()
        message = request.finish()
        answered: asyncio.Future[stun.Message]
        answered = asyncio.get_running_loop().create_future()
        self._waiting[message.transaction_id] = answered
        pause = REQUEST_AGAIN if self.server.transport == "udp" else REQUEST_WITHIN
        left = within
        try:
            while left > 0:
                self._send(message)
                await asyncio.wait({answered}, timeout=min(pause, left))
                if answered.done():
                    return self._outcome(answered.result(), signed=signed)
                if self.nobody_there is not None:
                    break
                left -= pause
                pause *= REQUEST_LONGER
        finally:
            del self._waiting[message.transaction_id]
        raise Unanswered

    def _outcome(self, answer: stun.Message, *, signed: bool) -> stun.Message:
        if answer.message_class == stun.Class.RESPONSE:
            return answer
        code, server = answer.error_code, self.server
        asks = (code == 401 and stun.Attribute.REALM in answer) or (code == 438 and signed)
        if asks and server.username is not None and server.password is not None:
            realm = self._credentials.realm if self._credentials else b""
            credentials = challenged(answer, server.username, server.password, realm)
            if credentials is not None:
                raise _Challenged(answer, credentials)
        raise _refusal(answer)

    def _send(self, message: stun.Message) -> None:
        if self._connection is not None and not self.is_closing():
            self._connection.send(message.raw)
            self._show("out", message)

    # --- what the server says -------------------------------------------------------------------

    def arrived(self, data: bytes, at: float) -> None:
        """A frame from the server that came at loop time `at`."""
        self.unsent = 0
        self.nobody_there = None
        self._closed_ports = 0
        self.heard = at
        if len(data) >= 4 and 0x40 <= data[0] < 0x80:
            channel, length = struct.unpack_from("!HH", data)
            if len(data) >= 4 + length:
                self.on_channel_data(channel, data[4 : 4 + length], at)
            return
        if not stun.is_stun(data):
            return
        try:
            message = stun.parse(data)
        except stun.MalformedStun:
            return
        self._show("in", message)
        if message.fault is not None:
            return
        if message.message_class == stun.Class.INDICATION:
            self._indicated(message, at)
            return
        waiting = self._waiting.get(message.transaction_id)
        if waiting is not None and not waiting.done() and self._authentic(message):
            waiting.set_result(message)

    def _indicated(self, message: stun.Message, at: float) -> None:
        """Data from a peer that no channel is bound to (RFC 8656 section 11.4)."""
        peer = message.address(stun.Attribute.XOR_PEER_ADDRESS)
        data = message.value(stun.Attribute.DATA)
        if message.method == stun.Method.DATA and peer is not None and data is not None:
            self.on_data(peer, data, at)

    def _authentic(self, answer: stun.Message) -> bool:
        """Whether an answer to a signed request is signed; a 401 or 438, which tells what to sign
        with, need not be (RFC 8489 section 9.2.5). Others are as if they had not come."""
        if answer.message_class not in (stun.Class.RESPONSE, stun.Class.ERROR):
            return False
        challenge = answer.message_class == stun.Class.ERROR and answer.error_code in (401, 438)
        credentials = self._credentials
        unsigned = credentials is None or answer.method == stun.Method.BINDING
        return unsigned or challenge or (credentials is not None and credentials.signed(answer))

    def _show(self, direction: str, message: stun.Message) -> None:
        assert self._connection is not None  # nothing was sent or heard before
        name = self._connection.transport.get_extra_info("sockname") or ("", 0)
        show(
            self._stream,
            direction,
            message,
            local=address_port(name[0], name[1]),
            remote=address_port(*self.address),
            via=self.server.url,
        )


class _Challenged(Exception):
    """A 401 or 438 that can be answered."""

    def __init__(self, answer: stun.Message, credentials: LongTermCredentials) -> None:
        self.answer = answer
        self.credentials = credentials


def _refusal(answer: stun.Message) -> Refused:
    code, phrase = answer.error or (0, "")
    if code != 300:
        return Refused(code, phrase)
    domain = answer.value(stun.Attribute.ALTERNATE_DOMAIN) or b""
    named = answer.address(stun.Attribute.ALTERNATE_SERVER)
    return Refused(code, phrase, named, domain.decode("ascii", "replace"))
