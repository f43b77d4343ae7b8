"""A TURN client (RFC 8656): one allocation at one server, over UDP, TCP or TLS.

What belongs here: requests and their repetition, credentials (RFC 8489 section 9.2), what the
server sends, the allocation's lifetime. How datagrams go through the allocation is `relay.py`'s
business.
"""

from __future__ import annotations

import asyncio
import itertools
import struct
from collections.abc import Callable
from typing import Any, Protocol

from icetui import events
from icetui.engine import server_failure, stun
from icetui.engine.claims import impossible
from icetui.engine.core import Failure
from icetui.engine.endpoint import show
from icetui.engine.net import (
    Address,
    DatagramTransport,
    Net,
    StreamTransport,
    TlsFailure,
    Undelivered,
)
from icetui.engine.stream import Stream
from icetui.engine.stun.credentials import LongTermCredentials, challenged
from icetui.engine.tasks import INTERNAL, Tasks
from icetui.events import Evidence, Reason, TurnServer, address_port

REQUEST_AGAIN = 0.15
"""Seconds between the sendings of a request over UDP. Doubling from 500 ms (RFC 8489 section 6.2.1)
would leave an allocation, two round trips, two tries in two seconds …"""
REQUEST_LONGER = 1.2
"""… but a server that is down is asked less and less: what each pause is longer than the last."""
REQUEST_WITHIN = 20.0
UDP_RELAY = 17
"""REQUESTED-TRANSPORT: UDP's protocol number (RFC 8656 section 18.7)."""

LIFETIME = 600
"""Seconds asked for an allocation (RFC 8656 section 7.1's default)."""
REFRESH_AT = 5 / 6
"""What part of its lifetime an allocation has behind it when it is refreshed."""
KEEP_WARM = 15.0
"""Seconds between Binding requests that keep our NAT's binding to the server (RFC 8445 section 11),
and show when it is another one: to the server we are a stranger then."""
REFRESH_EACH = 2
"""Each so many times a Refresh does it."""
WARMING = 3.0
"""Seconds for which such a request is repeated."""
OVERDUE = 2.0
"""Seconds without an answer to a Refresh after which that is told."""
UNSENT = 5
"""How often in a row the system has to refuse to send until the address counts as gone."""
NOBODY_THERE = 3
"""How often in a row the server's machine has to say that nobody listens until it is believed."""
MOST_BUFFERED = 262144
"""Bytes waiting on a TCP connection beyond which datagrams are dropped, as a router would."""

Attributes = dict[stun.Attribute, int | Address]
"""What a request says besides who asks."""


class RelayUnavailable(Exception):
    """No allocation; `why` says what for."""

    def __init__(self, why: Failure) -> None:
        super().__init__(why.detail)
        self.why = why


class Refused(Exception):
    """The server answered with an error."""

    def __init__(self, code: int, phrase: str) -> None:
        super().__init__(f"{code} {phrase}")
        self.code, self.phrase = code, phrase


class NothingGranted(Exception):
    """A success without what makes it one; `why` says what."""

    def __init__(self, why: Failure) -> None:
        super().__init__(why.detail)
        self.why = why


class Unanswered(Exception):
    """The server did not answer a request."""


class Connection(Protocol):
    """What carries the client's messages to the server."""

    @property
    def transport(self) -> Any: ...

    def send(self, data: bytes) -> None: ...


class TurnClient:
    """One allocation's conversation with its server."""

    def __init__(self, net: Net, stream: Stream, server: TurnServer, address: Address) -> None:
        """`address`: where the server is. Nothing is sent before `allocate`."""
        self.net = net
        self.server = server
        self.address = address
        self.relayed: Address | None = None
        self.mapped: Address | None = None
        """Where the server saw us when it allocated."""
        self.granted: float | None = None
        """Seconds the server lets the allocation live without a refresh."""
        self.on_channel_data: Callable[[int, bytes, float], None] = lambda *_: None
        self.on_data: Callable[[Address, bytes, float], None] = lambda *_: None
        self.on_lost: Callable[[Exception | None], None] = lambda _: None
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Fails with what ends the connection to the server before there is an allocation."""
        self.why_lost: Failure | None = None
        """Why the allocation is no more; None while it lives and when we closed it."""
        self._expires: float | None = None
        """Loop time at which the server forgets the allocation unless it is refreshed."""
        self._local = ""
        """The address that it is asked from."""
        self._unsent = 0
        """How often the system has refused to send since the server last answered."""
        self._nobody_there = 0
        """How often its machine has said that nobody listens, since the server last answered."""
        self._last_undelivered: Undelivered | None = None
        self._heard = net.now()
        """Loop time at which the server was last heard."""
        self._stream = stream
        self._connection: Connection | None = None
        self._credentials: LongTermCredentials | None = None
        """What requests are signed with, once the server has said how."""
        self._waiting: dict[bytes, asyncio.Future[stun.Message]] = {}
        self._tasks = Tasks()

    # --- the connection -------------------------------------------------------------------------

    async def connect(self, local: str) -> None:
        """Connect from a local address. Raises OSError, `TlsFailure`."""
        self._local = local
        if self.server.transport == "udp":
            datagrams = _Datagrams(self)
            await self.net.open_udp(datagrams, local)
            self._connection = datagrams
        else:
            bytestream = _Bytestream(self)
            tls = self.server.host if self.server.transport == "tls" else None
            await self.net.open_stream(bytestream, self.address, local=local, tls=tls)
            self._connection = bytestream

    def is_closing(self) -> bool:
        return self._connection is None or bool(self._connection.transport.is_closing())

    def close(self) -> None:
        """Close the connection; the allocation runs out by itself."""
        self._tasks.cancel()
        if self._connection is not None:
            self._connection.transport.close()

    def breaks(self, error: Exception) -> None:
        """The connection does not carry us to the server."""
        if not self.broken.done():
            self.broken.set_exception(error)
            self.broken.exception()  # looked at: nobody may be waiting any more

    def lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self._tasks.cancel()
        self.breaks(exc or ConnectionResetError("the server closed the connection"))
        self.on_lost(exc)

    # --- requests -------------------------------------------------------------------------------

    async def allocate(self) -> Address:
        """Get an allocation and keep it alive; returns the relayed address.

        Raises `Refused`, `NothingGranted`, `Unanswered`.
        """
        answer = await self.request(
            stun.Method.ALLOCATE,
            {
                stun.Attribute.LIFETIME: LIFETIME,
                stun.Attribute.REQUESTED_TRANSPORT: UDP_RELAY,
            },
        )
        if stun.Attribute.LIFETIME not in answer:
            raise NothingGranted(server_failure.missing(stun.Attribute.LIFETIME))
        mapped = answer.address(stun.Attribute.XOR_MAPPED_ADDRESS)
        relayed = answer.address(stun.Attribute.XOR_RELAYED_ADDRESS)
        if mapped is None:
            raise NothingGranted(server_failure.missing(stun.Attribute.XOR_MAPPED_ADDRESS))
        if relayed is None:
            raise NothingGranted(server_failure.missing(stun.Attribute.XOR_RELAYED_ADDRESS))
        for claimed in (mapped, relayed):
            why = impossible(claimed, self._local)
            if why is not None:
                raise NothingGranted(server_failure.impossible_claim(claimed, why))
        self.mapped = mapped
        self.relayed = relayed
        self._tell_lifetime()
        self._tasks.start(self._keep_alive(), lambda: self._end(INTERNAL[1], None))
        if self.server.transport == "udp":
            self._tasks.start(self._keep_warm())
        return relayed

    async def refresh(self) -> None:
        """Ask for a whole lifetime again (section 8). Raises as `allocate`."""
        sent = self.net.now()
        overdue = asyncio.get_running_loop().call_later(OVERDUE, self._tell_lifetime, sent)
        try:
            answer = await self.request(stun.Method.REFRESH, {stun.Attribute.LIFETIME: LIFETIME})
        finally:
            overdue.cancel()
        if stun.Attribute.LIFETIME not in answer:
            raise NothingGranted(server_failure.missing(stun.Attribute.LIFETIME))
        self._tell_lifetime()

    def _tell_lifetime(self, unanswered: float | None = None) -> None:
        """`unanswered`: loop time at which the Refresh was sent that has no answer yet."""
        if self.relayed is None or self._expires is None or self.granted is None:
            return
        self._stream.emit(
            events.AllocationChanged,
            server=self.server.url,
            relayed=address_port(*self.relayed),
            lifetime=self.granted,
            expires=round(self._stream.elapsed(self._expires), 6),
            unanswered=None if unanswered is None else round(self._stream.elapsed(unanswered), 6),
        )

    async def delete(self) -> None:
        """Give the allocation back and close. Raises `Refused`, `Unanswered`."""
        self._tasks.cancel()
        if self.is_closing():
            return
        try:
            await self.request(stun.Method.REFRESH, {stun.Attribute.LIFETIME: 0})
        finally:
            self.close()

    async def bind_channel(self, number: int, peer: Address) -> None:
        """Section 12. Raises `Refused`, `Unanswered`."""
        await self.request(
            stun.Method.CHANNEL_BIND,
            {stun.Attribute.CHANNEL_NUMBER: number, stun.Attribute.XOR_PEER_ADDRESS: peer},
        )

    async def permit(self, peer: Address) -> None:
        """Section 9. Raises `Refused`, `Unanswered`."""
        await self.request(stun.Method.CREATE_PERMISSION, {stun.Attribute.XOR_PEER_ADDRESS: peer})

    def send_indication(self, peer: Address, data: bytes) -> None:
        """Section 11.1."""
        if self._connection is not None and not self.is_closing():
            message = stun.Builder(
                stun.Method.SEND, stun.Class.INDICATION, self.net.random.randbytes(12)
            )
            message.address(stun.Attribute.XOR_PEER_ADDRESS, peer).add(stun.Attribute.DATA, data)
            self._connection.send(message.finish().raw)

    def send_channel_data(self, number: int, data: bytes) -> None:
        if self._connection is not None:
            self._connection.send(struct.pack("!HH", number, len(data)) + data)

    async def _keep_alive(self) -> None:
        """Refresh in time. Silence ends no allocation before the server forgets it: a line that
        was dead for a while finds it alive."""
        while True:
            await asyncio.sleep(REFRESH_AT * (self.granted or LIFETIME))
            while not await self.prove():
                if self._expires is not None and self.net.now() >= self._expires:
                    silence = round(self.net.now() - self._heard, 6)
                    self._end("it was not refreshed in time", Evidence(silence=silence))
                    return

    async def prove(self) -> bool:
        """Refresh the allocation; False when the server has not said anything about it.

        It ends when the server knows nothing of it (437, RFC 8656 section 7.3; from another 5-tuple
        others say 400 or 401), or when nobody listens there any more.
        """
        if self._local not in (address for _, address in self.net.interfaces()):
            words = f"{self._local}, from which it was asked for, is gone from this machine"
            self._end(words, Evidence(removed=self._local))
            return True
        try:
            await self.refresh()
        except Refused as error:
            evidence = Evidence(code=error.code, phrase=error.phrase)
            self._end(f"the server said {error}", evidence)
        except NothingGranted as error:
            self._end(error.why.detail, error.why.evidence)
        except Unanswered:
            if self._nobody_there < NOBODY_THERE:
                return False
            told = self._last_undelivered
            said = server_failure.undelivered(told).evidence if told is not None else None
            self._end("nobody listens at the server's port any more", said)
        return True

    def cannot_send(self, error: OSError) -> None:
        """The system does not send from our address any more, or not yet."""
        why = server_failure.unsent(error)
        self.breaks(RelayUnavailable(why))
        self._unsent += 1
        if self.relayed is not None and self._unsent >= UNSENT and not self.why_lost:
            words = f"nothing can be sent from its address here any more ({why.detail})"
            self._end(words, why.evidence)

    def network_says(self, error: Undelivered) -> None:
        """Something that was sent to the server did not arrive."""
        if error.router == self.address[0] and error.port_unreachable:
            self._nobody_there += 1
        self._last_undelivered = error
        self.breaks(RelayUnavailable(server_failure.undelivered(error)))

    async def _keep_warm(self) -> None:
        """Now and then by a Refresh, so that the nonce is no older than that when a peer comes: a
        stale one would cost it a round trip."""
        for number in itertools.count(1):
            await asyncio.sleep(KEEP_WARM)
            if number % REFRESH_EACH == 0:
                await self.prove()
                continue
            try:
                answer = await self.request(stun.Method.BINDING, {}, within=WARMING)
            except (Refused, NothingGranted, Unanswered):
                continue  # no news of the binding: what is sent through it will tell
            seen = answer.address(stun.Attribute.XOR_MAPPED_ADDRESS)
            if seen is not None and seen != self.mapped:
                before, now = _shown(self.mapped), _shown(seen)
                evidence = Evidence(moved_from=before, moved_to=now)
                self._end(f"our NAT moved us from {before} to {now}", evidence)
                return

    def _end(self, words: str, evidence: Evidence | None) -> None:
        """The allocation is no more."""
        self.why_lost = Failure(Reason.GONE, words, evidence)
        self.close()

    async def request(
        self, method: stun.Method, attributes: Attributes, within: float = REQUEST_WITHIN
    ) -> stun.Message:
        """Ask, authenticated as far as the server's realm and nonce are known; its success.

        A 401 or 438 is answered once with what it says (RFC 8489 section 9.2.5). Raises `Refused`,
        `Unanswered` after `within` seconds, `NothingGranted` for a lifetime of 0 that was not asked
        for.
        """
        try:
            answer = await self._transaction(method, attributes, within)
        except _Challenged as challenge:
            self._credentials = challenge.credentials
            try:
                answer = await self._transaction(method, attributes, within)
            except _Challenged as again:
                raise _refusal(again.answer) from None
        granted = answer.number(stun.Attribute.LIFETIME)
        if granted is not None and attributes.get(stun.Attribute.LIFETIME):
            if granted == 0:
                raise NothingGranted(Failure(Reason.INVALID_ANSWER, "the server allocates for 0 s"))
            self.granted = granted
            self._expires = self.net.now() + granted
        return answer

    async def _transaction(
        self, method: stun.Method, attributes: Attributes, within: float
    ) -> stun.Message:
        """One request, sent again until it is answered."""
        request = stun.Builder(method, stun.Class.REQUEST, self.net.random.randbytes(12))
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
                if self._nobody_there >= NOBODY_THERE:
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

    # --- what the server sends ------------------------------------------------------------------

    def arrived(self, data: bytes, at: float) -> None:
        """A frame from the server that came at loop time `at`."""
        self._unsent = 0
        self._nobody_there = 0
        self._heard = at
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


def _shown(address: Address | None) -> str:
    return address_port(*address) if address is not None else ""


def _refusal(answer: stun.Message) -> Refused:
    return Refused(*(answer.error or (0, "")))


class _Datagrams:
    """Over UDP: a datagram a frame."""

    def __init__(self, client: TurnClient) -> None:
        self._client = client
        self.transport: DatagramTransport

    def send(self, data: bytes) -> None:
        self.transport.sendto(data, self._client.address)

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._client.lost(exc)

    def packet_received(self, data: bytes, addr: Address, at: float) -> None:
        if addr == self._client.address:
            self._client.arrived(data, at)

    def unreachable(self, addr: Address, error: Undelivered) -> None:
        self._client.network_says(error)

    def send_failed(self, addr: Address, error: OSError) -> None:
        self._client.cannot_send(error)


class _Bytestream:
    """Over TCP and TLS: frames one after the other, each padded to four bytes (section 12.5)."""

    def __init__(self, client: TurnClient) -> None:
        self._client = client
        self.transport: StreamTransport
        self._buffer = bytearray()

    def send(self, data: bytes) -> None:
        if self.transport.get_write_buffer_size() < MOST_BUFFERED:
            self.transport.write(data + bytes(-len(data) % 4))

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._client.lost(exc)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        now = self._client.net.now()
        at = 0
        while len(self._buffer) - at >= 4:
            length = int.from_bytes(self._buffer[at + 2 : at + 4], "big")
            size = (4 if 0x40 <= self._buffer[at] < 0x80 else 20) + length
            size += -size % 4
            if len(self._buffer) - at < size:
                break
            self._client.arrived(bytes(self._buffer[at : at + size]), now)
            at += size
        del self._buffer[:at]


async def allocated(
    net: Net, stream: Stream, server: TurnServer, address: Address, local: str
) -> TurnClient:
    """A client with an allocation at the server at `address`, asked from the local one.

    Raises `RelayUnavailable`.
    """
    client = TurnClient(net, stream, server, address)
    try:
        await client.connect(local)
        await _first(client)
    except Refused as error:
        raise RelayUnavailable(_refused(error, server)) from None
    except Unanswered:
        raise RelayUnavailable(Failure(Reason.TIMEOUT, "no answer")) from None
    except NothingGranted as error:
        raise RelayUnavailable(error.why) from None
    except TlsFailure as error:
        raise RelayUnavailable(server_failure.tls(error)) from None
    except OSError as error:
        raise RelayUnavailable(server_failure.unsent(error)) from None
    finally:
        if client.relayed is None:
            client.close()
    return client


async def _first(client: TurnClient) -> None:
    """The allocation, or what broke the connection to the server meanwhile."""
    task = asyncio.get_running_loop().create_task(client.allocate())
    either: set[asyncio.Future[Any]] = {task, client.broken}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            client.broken.result()
        await task
    finally:
        task.cancel()


def _refused(error: Refused, server: TurnServer) -> Failure:
    if error.code == 401:
        known = server.username is not None
        return server_failure.unauthenticated(error.code, error.phrase, credentials=known)
    return server_failure.error_answer(error.code, error.phrase)
