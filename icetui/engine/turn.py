"""A TURN client (RFC 8656): one allocation at one server, from its request to its end.

What belongs here: what an allocation needs to come about and to live. What is said to the server
and how is `turn_conversation.py`'s business, how datagrams go through it `relay.py`'s.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

from icetui import events
from icetui.engine import server_failure, stun
from icetui.engine.alternate_servers import Redirections
from icetui.engine.claims import impossible
from icetui.engine.core import Failure
from icetui.engine.net import Address, Net, TlsFailure
from icetui.engine.stream import Stream
from icetui.engine.stun.values import read_error_code, read_xor_address
from icetui.engine.tasks import INTERNAL, Tasks
from icetui.engine.turn_conversation import (
    REQUEST_WITHIN,
    Attributes,
    Refused,
    TurnConversation,
    Unanswered,
)
from icetui.events import Evidence, Reason, TurnServer, address_port

UDP_RELAY = 17
"""REQUESTED-TRANSPORT: UDP's protocol number (RFC 8656 section 18.7)."""
FAMILIES = {4: 1, 6: 2}
"""IP versions in REQUESTED-ADDRESS-FAMILY (section 18.6)."""
NO_SECOND = (400, 420, 440)
"""Errors with which servers that know ADDITIONAL-ADDRESS-FAMILY in part, or refuse what they do not
know, may turn down a request that has it; others pass over it, or allocate one family and say in
ADDRESS-ERROR-CODE why not the other (section 7.2)."""

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

Families = tuple[int, ...]
"""IP versions that relayed addresses are asked for of: 4, 6, or 4 and 6."""


class RelayUnavailable(Exception):
    """No allocation; `why` says what for."""

    def __init__(self, why: Failure) -> None:
        super().__init__(why.detail)
        self.why = why


class NothingGranted(Exception):
    """A success without what makes it one; `why` says what."""

    def __init__(self, why: Failure) -> None:
        super().__init__(why.detail)
        self.why = why


class TurnClient:
    """One allocation."""

    def __init__(
        self, net: Net, stream: Stream, server: TurnServer, address: Address, domain: str = ""
    ) -> None:
        """`address`: where the server is; `domain` as in `TurnConversation`. Nothing is sent
        before `allocate`."""
        self.server = server
        self.redirected: tuple[Address, ...] = ()
        """The servers that we were sent to until this one (RFC 8489 section 10)."""
        self.relays: tuple[Address, ...] = ()
        """Relayed addresses, one for each family."""
        self.not_relayed: tuple[Evidence, ...] = ()
        """Why there is none of a family that was asked for."""
        self.mapped: Address | None = None
        """Where the server saw us when it allocated."""
        self.granted: float | None = None
        """Seconds the server lets the allocation live without a refresh."""
        self.on_lost: Callable[[Exception | None], None] = lambda _: None
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Fails with what ends the connection to the server before there is an allocation."""
        self.why_lost: Failure | None = None
        """Why the allocation is no more; None while it lives and when we closed it."""
        self.conversation = TurnConversation(net, stream, server, address, domain)
        self.conversation.on_lost = self._lost
        self.conversation.on_failure = self._undelivered
        self._net = net
        self._stream = stream
        self._expires: float | None = None
        """Loop time at which the server forgets the allocation unless it is refreshed."""
        self._local = ""
        """The address that it is asked from."""
        self._tasks = Tasks()

    # --- the connection -------------------------------------------------------------------------

    async def connect(self, local: str) -> None:
        """Connect from a local address. Raises OSError, `TlsFailure`."""
        self._local = local
        await self.conversation.connect(local)

    def is_closing(self) -> bool:
        return self.conversation.is_closing()

    def close(self) -> None:
        """Close the connection; the allocation runs out by itself."""
        self._tasks.cancel()
        self.conversation.close()

    def _breaks(self, error: Exception) -> None:
        """The connection does not carry us to the server."""
        if not self.broken.done():
            self.broken.set_exception(error)
            self.broken.exception()  # looked at: nobody may be waiting any more

    def _lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self._tasks.cancel()
        self._breaks(exc or ConnectionResetError("the server closed the connection"))
        self.on_lost(exc)

    def _undelivered(self, why: Failure) -> None:
        """Something that was sent to the server did not arrive, or did not leave."""
        self._breaks(RelayUnavailable(why))
        if not self.relays or self.conversation.unsent < UNSENT or self.why_lost:
            return
        words = f"nothing can be sent from its address here any more ({why.detail})"
        self._end(words, why.evidence)

    # --- the allocation -------------------------------------------------------------------------

    async def allocate(self, families: Families) -> None:
        """Get an allocation and keep it alive. Raises `Refused`, `NothingGranted`, `Unanswered`."""
        try:
            answer = await self._request(stun.Method.ALLOCATE, _wanted(families))
        except Refused as error:
            if len(families) == 1 or error.code not in NO_SECOND:
                raise
            evidence = Evidence(code=error.code, phrase=error.phrase, family=families[1])
            self.not_relayed = (evidence,)
            answer = await self._request(stun.Method.ALLOCATE, _wanted(families[:1]))
        if stun.Attribute.LIFETIME not in answer:
            raise NothingGranted(server_failure.missing(stun.Attribute.LIFETIME))
        mapped = answer.address(stun.Attribute.XOR_MAPPED_ADDRESS)
        relays = _relayed(answer)
        if mapped is None:
            raise NothingGranted(server_failure.missing(stun.Attribute.XOR_MAPPED_ADDRESS))
        if not relays:
            raise NothingGranted(server_failure.missing(stun.Attribute.XOR_RELAYED_ADDRESS))
        # A NAT64 on the way makes an IPv4 address of our IPv6 one, and nothing makes the reverse.
        seen = self._local if ":" in mapped[0] else mapped[0]
        for claimed, like in ((mapped, seen), *((r, r[0]) for r in relays)):
            why = impossible(claimed, like)
            if why is not None:
                raise NothingGranted(server_failure.impossible_claim(claimed, why))
        self.mapped = mapped
        self.relays = relays
        self.not_relayed += _refused_families(answer)
        self._tell_lifetime()
        self._tasks.start(self._keep_alive(), lambda: self._end(INTERNAL[1], None))
        if self.server.transport == "udp":
            self._tasks.start(self._keep_warm())

    async def refresh(self) -> None:
        """Ask for a whole lifetime again (section 8). Raises as `allocate`."""
        sent = self._net.now()
        overdue = asyncio.get_running_loop().call_later(OVERDUE, self._tell_lifetime, sent)
        try:
            answer = await self._request(stun.Method.REFRESH, {stun.Attribute.LIFETIME: LIFETIME})
        finally:
            overdue.cancel()
        if stun.Attribute.LIFETIME not in answer:
            raise NothingGranted(server_failure.missing(stun.Attribute.LIFETIME))
        self._tell_lifetime()

    def _tell_lifetime(self, unanswered: float | None = None) -> None:
        """`unanswered`: loop time at which the Refresh was sent that has no answer yet."""
        if not self.relays or self._expires is None or self.granted is None:
            return
        self._stream.emit(
            events.AllocationChanged,
            server=self.server.url,
            relayed=address_port(*self.relays[0]),
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
            await self._request(stun.Method.REFRESH, {stun.Attribute.LIFETIME: 0})
        finally:
            self.close()

    async def bind_channel(self, number: int, peer: Address) -> None:
        """Section 12. Raises `Refused`, `Unanswered`."""
        await self._request(
            stun.Method.CHANNEL_BIND,
            {stun.Attribute.CHANNEL_NUMBER: number, stun.Attribute.XOR_PEER_ADDRESS: peer},
        )

    async def permit(self, peer: Address) -> None:
        """Section 9. Raises `Refused`, `Unanswered`."""
        await self._request(stun.Method.CREATE_PERMISSION, {stun.Attribute.XOR_PEER_ADDRESS: peer})

    async def _request(
        self, method: stun.Method, attributes: Attributes, within: float = REQUEST_WITHIN
    ) -> stun.Message:
        """Ask; its success. Raises as `TurnConversation.request`, and `NothingGranted` for a
        lifetime of 0 that was not asked for."""
        answer = await self.conversation.request(method, attributes, within)
        granted = answer.number(stun.Attribute.LIFETIME)
        if granted is not None and attributes.get(stun.Attribute.LIFETIME):
            if granted == 0:
                raise NothingGranted(Failure(Reason.INVALID_ANSWER, "the server allocates for 0 s"))
            self.granted = granted
            self._expires = self._net.now() + granted
        return answer

    # --- its life -------------------------------------------------------------------------------

    async def _keep_alive(self) -> None:
        """Refresh in time. Silence ends no allocation before the server forgets it: a line that
        was dead for a while finds it alive."""
        while True:
            await asyncio.sleep(REFRESH_AT * (self.granted or LIFETIME))
            while not await self.prove():
                if self._expires is not None and self._net.now() >= self._expires:
                    silence = round(self._net.now() - self.conversation.heard, 6)
                    self._end("it was not refreshed in time", Evidence(silence=silence))
                    return

    async def prove(self, moved_to: Address | None = None) -> bool:
        """Refresh the allocation; False when the server has not said anything about it. `moved_to`:
        where something has said that we are seen now.

        It ends when the server knows nothing of it (437, RFC 8656 section 7.3; from another 5-tuple
        others say 400 or 401), or when nobody listens there any more.
        """
        if self._local not in (address for _, address in self._net.interfaces()):
            words = f"{self._local}, from which it was asked for, is gone from this machine"
            self._end(words, Evidence(removed=self._local))
            return True
        try:
            await self.refresh()
        except Refused as error:
            if moved_to is None:
                evidence = Evidence(code=error.code, phrase=error.phrase)
                self._end(f"the server said {error}", evidence)
            else:
                before, now = _shown(self.mapped), _shown(moved_to)
                evidence = Evidence(moved_from=before, moved_to=now)
                self._end(f"our NAT moved us from {before} to {now}", evidence)
        except NothingGranted as error:
            self._end(error.why.detail, error.why.evidence)
        except Unanswered:
            nobody = self.conversation.nobody_there
            if nobody is None:
                return False
            self._end("nobody listens at the server's port any more", nobody.evidence)
        return True

    async def _keep_warm(self) -> None:
        """Now and then by a Refresh, so that the nonce is no older than that when a peer comes: a
        stale one would cost it a round trip."""
        for number in itertools.count(1):
            await asyncio.sleep(KEEP_WARM)
            if number % REFRESH_EACH == 0:
                await self.prove()
                continue
            try:
                answer = await self._request(stun.Method.BINDING, {}, within=WARMING)
            except (Refused, NothingGranted, Unanswered):
                continue  # no news of the binding: what is sent through it will tell
            seen = answer.address(stun.Attribute.XOR_MAPPED_ADDRESS)
            if seen is not None and seen != self.mapped:
                # Anybody may have said so: the server decides, by whether it knows us from there.
                await self.prove(moved_to=seen)

    def _end(self, words: str, evidence: Evidence | None) -> None:
        """The allocation is no more."""
        self.why_lost = Failure(Reason.GONE, words, evidence)
        self.close()


def _shown(address: Address | None) -> str:
    return address_port(*address) if address is not None else ""


def _wanted(families: Families) -> dict[stun.Attribute, int | Address]:
    """Section 7.1: the default is IPv4, both are asked for as IPv4 and an additional one."""
    wanted: dict[stun.Attribute, int | Address] = {
        stun.Attribute.LIFETIME: LIFETIME,
        stun.Attribute.REQUESTED_TRANSPORT: UDP_RELAY,
    }
    if families[1:]:
        wanted[stun.Attribute.ADDITIONAL_ADDRESS_FAMILY] = FAMILIES[families[1]]
    elif families[0] != 4:
        wanted[stun.Attribute.REQUESTED_ADDRESS_FAMILY] = FAMILIES[families[0]]
    return wanted


def _relayed(answer: stun.Message) -> tuple[Address, ...]:
    """The first relayed address of each family; where there is one that can be, those that cannot
    count for nothing: older servers say `::` for a family that they have not."""
    found: dict[bool, Address] = {}
    for value in answer.every(stun.Attribute.XOR_RELAYED_ADDRESS):
        address = read_xor_address(value, answer.transaction_id)
        if address is not None:
            found.setdefault(":" in address[0], address)
    possible = tuple(a for a in found.values() if impossible(a, a[0]) is None)
    return possible or tuple(found.values())


def _refused_families(answer: stun.Message) -> tuple[Evidence, ...]:
    """ADDRESS-ERROR-CODE (section 18.12): as ERROR-CODE, with the family in the first byte."""
    versions = {number: version for version, number in FAMILIES.items()}
    told = []
    for value in answer.every(stun.Attribute.ADDRESS_ERROR_CODE)[: len(FAMILIES)]:
        error = read_error_code(value)
        if error is not None:
            evidence = Evidence(code=error.code, phrase=error.phrase, family=versions.get(value[0]))
            told.append(evidence)
    return tuple(told)


async def allocated(
    net: Net, stream: Stream, server: TurnServer, address: Address, local: str, families: Families
) -> TurnClient:
    """A client with an allocation at the server at `address`, asked from the local one, or at one
    that it sends us to.

    Raises `RelayUnavailable`.
    """
    redirections = Redirections(address, local)
    domain = ""
    while True:
        client = TurnClient(net, stream, server, address, domain)
        client.redirected = redirections.followed
        try:
            await _allocated_by(client, local, families)
        except Refused as error:
            if error.code != 300:
                raise RelayUnavailable(_refused(error, server)) from None
            refused = redirections.follow(error.alternate)
            if refused is not None:
                told = _refused(error, server)
                why = server_failure.not_followed(told, error.alternate, refused)
                raise RelayUnavailable(why) from None
            address, domain = redirections.followed[-1], error.domain or domain
        else:
            return client


async def _allocated_by(client: TurnClient, local: str, families: Families) -> None:
    """Connect and allocate; whoever does not get that far, or is cancelled, is closed. Raises
    `RelayUnavailable`, `Refused`."""
    try:
        await _connect_and_allocate(client, local, families)
    except BaseException:  # cancelled, too: nothing of it may go on without an owner
        client.close()
        raise


async def _connect_and_allocate(client: TurnClient, local: str, families: Families) -> None:
    try:
        await client.connect(local)
        await _first(client, families)
    except Unanswered:
        raise RelayUnavailable(Failure(Reason.TIMEOUT, "no answer")) from None
    except NothingGranted as error:
        raise RelayUnavailable(error.why) from None
    except TlsFailure as error:
        raise RelayUnavailable(server_failure.tls(error)) from None
    except OSError as error:
        raise RelayUnavailable(server_failure.unsent(error)) from None


async def _first(client: TurnClient, families: Families) -> None:
    """The allocation, or what broke the connection to the server meanwhile."""
    task = asyncio.get_running_loop().create_task(client.allocate(families))
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
