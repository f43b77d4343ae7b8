"""A TURN server (RFC 8656) on any `ServerNet`, simulated or real; it behaves as coturn 4.6 does.

What belongs here: clients by 5-tuple, requests and their answers. Who may ask is
`turn_credentials.py`, what is relayed `turn_allocation.py`.
"""

from __future__ import annotations

import asyncio

from icetui.engine.net import Address
from icetui.vnet import stun_messages as stun
from icetui.vnet.binding_service import REASONS, BindingService
from icetui.vnet.front import FiveTuple, Front, host_addresses
from icetui.vnet.prefixes import Prefixes
from icetui.vnet.relay_ports import RelayPorts
from icetui.vnet.servers import Code, TurnOptions, read_address_port
from icetui.vnet.serving import ServerNet
from icetui.vnet.turn_allocation import Allocation, AllocationView
from icetui.vnet.turn_credentials import Credentials, Login, Refused

UDP, TCP = 17, 6
"""REQUESTED-TRANSPORT (RFC 8656 section 18.7)."""
FAMILIES = {1: 4, 2: 6}
METHODS: dict[int, str] = {
    stun.ALLOCATE: "allocate",
    stun.REFRESH: "refresh",
    stun.CREATE_PERMISSION: "create-permission",
    stun.CHANNEL_BIND: "channel-bind",
}
KNOWN = frozenset(
    {
        stun.USERNAME, stun.MESSAGE_INTEGRITY, stun.REALM, stun.NONCE, stun.CHANNEL_NUMBER,
        stun.LIFETIME, stun.XOR_PEER_ADDRESS, stun.DATA, stun.REQUESTED_ADDRESS_FAMILY,
        stun.EVEN_PORT, stun.REQUESTED_TRANSPORT, stun.DONT_FRAGMENT, stun.RESERVATION_TOKEN,
    }
)  # fmt: skip
MOST_SESSIONS = 10_000


class _Session:
    """A 5-tuple that has asked for something."""

    __slots__ = ("allocating", "allocation", "key", "login", "timer")

    def __init__(self, login: Login) -> None:
        self.login = login
        self.key: bytes | None = None
        """What it signs with, once it has shown that."""
        self.allocation: Allocation | None = None
        self.allocating: asyncio.Task[None] | None = None
        self.timer: asyncio.TimerHandle | None = None
        """Ends the allocation."""


class TurnServer:
    """Runs between `start` and `stop`, as often as one likes; nothing outlives a stop."""

    def __init__(self, options: TurnOptions, net: ServerNet) -> None:
        self.options = options
        self._net = net
        self._front = Front(net, options, self._heard, self._left)
        self._binding = BindingService(options, self._front)
        self._credentials = Credentials(options)
        self._denied = Prefixes(options.denied)
        self._allowed = Prefixes(options.allowed)
        self._sessions: dict[FiveTuple, _Session] = {}
        self._ports = RelayPorts(options, net)
        family = {stun.REQUESTED_ADDRESS_FAMILY}
        self._known = KNOWN - family if options.families == "unknown" else KNOWN
        self._used: dict[str, int] = {}
        """Allocations by user."""

    @property
    def running(self) -> bool:
        return self._front.running

    @property
    def allocations(self) -> tuple[AllocationView, ...]:
        """As they are now."""
        now = self._net.now()
        return tuple(a.view(now) for a in self._standing())

    async def start(self) -> None:
        """Raises OSError when an address or port cannot be bound."""
        await self._front.start(self._binding.others)

    def stop(self) -> None:
        self._front.stop()
        for client in list(self._sessions):
            self._forget(client)
        self._ports.close()

    # --- hearing ----------------------------------------------------------------------------------

    def _heard(self, client: FiveTuple, data: bytes) -> None:
        if data and data[0] >= 0x40:
            session = self._sessions.get(client)
            if session is not None and session.allocation is not None and len(data) >= 4:
                session.allocation.channel_data(data, self._net.now())
            return
        message = stun.parse(data)
        if message is None:
            return
        if message.kind == stun.INDICATION and message.method == stun.SEND:
            self._relay(client, message)
        elif message.kind == stun.REQUEST:
            if message.method == stun.BINDING:
                if self.options.binding:
                    self._binding.handle(client, message)
            else:
                self._request(client, message)

    def _relay(self, client: FiveTuple, message: stun.Message) -> None:
        """A Send indication (section 11.2)."""
        session = self._sessions.get(client)
        if session is None or session.allocation is None or len(message.peers) != 1:
            return
        peer = stun.read_xor_address(message.peers[0], message.transaction)
        data = message.attributes.get(stun.DATA)
        if peer is not None and data is not None:
            session.allocation.to_peer(peer, data, self._net.now())

    def _request(self, client: FiveTuple, request: stun.Message) -> None:
        method = METHODS.get(request.method)
        forced = None if method is None else _forced(self.options, method)
        if forced == 300:
            said: stun.Attributes = []
            if self.options.alternate:
                alternate = read_address_port(self.options.alternate)
                said.append((stun.ALTERNATE_SERVER, stun.address(alternate)))
            self._refuse(client, request, None, Refused(300, REASONS[300]), said)
            return
        session = self._session(client)
        net = self._net
        key = self._credentials.check(session.login, request, net.random, net.now(), net.wall())
        if isinstance(key, Refused):
            challenge: stun.Attributes = []
            if key.challenge:
                challenge.append((stun.NONCE, session.login.nonce))
                challenge.append((stun.REALM, self.options.realm.encode()))
            self._refuse(client, request, None, key, challenge)
            return
        session.key = key
        if forced is not None:
            refused: Refused | stun.Attributes | None = Refused(
                forced, REASONS.get(forced, "Server Error")
            )
        elif unknown := request.unknown(self._known):
            said = [(stun.UNKNOWN_ATTRIBUTES, stun.types(unknown))]
            self._refuse(client, request, key, Refused(420, REASONS[420]), said)
            return
        elif request.method == stun.ALLOCATE:
            refused = self._allocate(client, session, request)
        elif request.method == stun.REFRESH:
            refused = self._refresh(client, session, request)
        elif request.method == stun.CREATE_PERMISSION:
            refused = self._create_permission(session, request)
        elif request.method == stun.CHANNEL_BIND:
            refused = self._bind_channel(session, request)
        else:
            refused = Refused(400, REASONS[400])
        if isinstance(refused, Refused):
            # coturn does not sign that a 5-tuple has an allocation already.
            unsigned = request.method == stun.ALLOCATE and refused.code == 437 and not forced
            self._refuse(client, request, None if unsigned else key, refused)
        elif refused is not None:
            self._answer(client, request, stun.RESPONSE, refused, key)

    # --- requests ---------------------------------------------------------------------------------
    # Each gives what its answer says, why it is refused, or None: it is answered later or never.

    def _allocate(
        self, client: FiveTuple, session: _Session, request: stun.Message
    ) -> Refused | stun.Attributes | None:
        """Section 7.2."""
        if session.allocation is not None:
            if session.allocation.transaction == request.transaction:
                return self._granted(client, session.allocation, request)
            return Refused(437, "Mismatched allocation: wrong transaction ID")
        if session.allocating is not None:
            return None  # a repetition
        wanted = self._wanted(client, request)
        if isinstance(wanted, Refused):
            return wanted
        options = self.options
        user = session.login.user or ""
        if options.quota is not None and self._used.get(user, 0) >= options.quota:
            return Refused(486, REASONS[486])
        if options.capacity is not None and len(self._standing()) >= options.capacity:
            return Refused(508, REASONS[508])
        allocation = Allocation(
            client, user, request.transaction, options, self._net.random, self._front.send
        )
        token = request.attributes.get(stun.RESERVATION_TOKEN)
        if token is not None:
            relay = self._ports.reserved(token)
            if relay is None:
                return Refused(404, "Cannot find reserved socket")
            allocation.add(relay)
            return self._begin(client, session, allocation, request)
        if stun.ADDITIONAL_ADDRESS_FAMILY in request.attributes and len(wanted) == 1:
            missing = (6,) if self.options.families == "known" else ()
            allocation.refused_families = missing
        even = request.attributes.get(stun.EVEN_PORT)
        even = b"" if even is None else even or b"\0"
        loop = asyncio.get_running_loop()
        session.allocating = loop.create_task(
            self._open(session, allocation, request, wanted, even)
        )
        return None

    def _wanted(self, client: FiveTuple, request: stun.Message) -> list[str] | Refused:
        """The addresses to bind relayed ports at; none for a reserved one."""
        attributes = request.attributes
        transport = attributes.get(stun.REQUESTED_TRANSPORT)
        if transport is None or len(transport) != 4 or transport[0] not in (UDP, TCP):
            return Refused(400, "Transport field missed or wrong")
        if transport[0] == TCP:
            if client.transport == "udp":
                return Refused(400, "Wrong Transport Data")
            return Refused(442, REASONS[442])  # RFC 6062 is not played
        if stun.RESERVATION_TOKEN in attributes:
            if stun.EVEN_PORT in attributes:
                words = "Reservation Token cannot be used in this request with even port"
                return Refused(400, words)
            return []
        versions = [4]
        if stun.ADDITIONAL_ADDRESS_FAMILY in attributes and self.options.families == "refused":
            return Refused(440, REASONS[440])
        if stun.REQUESTED_ADDRESS_FAMILY in attributes:
            if stun.ADDITIONAL_ADDRESS_FAMILY in attributes:
                return Refused(400, REASONS[400])
            version = FAMILIES.get(attributes[stun.REQUESTED_ADDRESS_FAMILY][0])
            if version is None:
                return Refused(440, REASONS[440])
            versions = [version]
        if stun.ADDITIONAL_ADDRESS_FAMILY in attributes and self.options.families == "known":
            versions.append(6)
        at = self.options.relay_addresses or host_addresses(self._net) or self._front.addresses
        found = [ip for v in versions for ip in at if (6 if ":" in ip else 4) == v][: len(versions)]
        return found or Refused(440, "Unsupported address family")

    async def _open(
        self,
        session: _Session,
        allocation: Allocation,
        request: stun.Message,
        addresses: list[str],
        even: bytes,
    ) -> None:
        """Bind the relayed ports, then answer."""
        client = allocation.client
        try:
            await self._ports.open(allocation, addresses, even)
        except OSError:
            session.allocating = None
            self._refuse(client, request, session.key, Refused(508, "Cannot create socket"))
            return
        session.allocating = None
        said = self._begin(client, session, allocation, request)
        self._answer(client, request, stun.RESPONSE, said, session.key)

    def _begin(
        self, client: FiveTuple, session: _Session, allocation: Allocation, request: stun.Message
    ) -> stun.Attributes:
        """An allocation has its ports and stands from now on."""
        session.allocation = allocation
        self._used[allocation.user] = self._used.get(allocation.user, 0) + 1
        granted = self._keep(
            client, session, allocation, self._lifetime(request.number(stun.LIFETIME))
        )
        return self._granted(client, allocation, request, granted)

    def _refresh(
        self, client: FiveTuple, session: _Session, request: stun.Message
    ) -> Refused | stun.Attributes:
        """Section 7.3."""
        allocation = session.allocation
        if allocation is None:
            return Refused(437, "Invalid allocation")
        family = request.attributes.get(stun.REQUESTED_ADDRESS_FAMILY)
        if family and FAMILIES.get(family[0]) not in allocation.relays:
            return Refused(443, REASONS[443])
        asked = request.number(stun.LIFETIME)
        if asked == 0:
            self._end(session)
            return [(stun.LIFETIME, bytes(4))]
        seconds = self._keep(client, session, allocation, self._lifetime(asked))
        return [(stun.LIFETIME, seconds.to_bytes(4, "big"))]

    def _create_permission(
        self, session: _Session, request: stun.Message
    ) -> Refused | stun.Attributes:
        """Section 10.2."""
        allocation = session.allocation
        if allocation is None:
            return Refused(400, REASONS[400])
        if not request.peers:
            return Refused(400, "No address found")
        peers = [self._peer(allocation, p, request.transaction) for p in request.peers]
        for peer in peers:
            if isinstance(peer, Refused):
                return peer
        for peer in peers:
            if not isinstance(peer, Refused):
                allocation.permit(peer[0], self._net.now())
        return []

    def _bind_channel(self, session: _Session, request: stun.Message) -> Refused | stun.Attributes:
        """Section 12.2."""
        allocation = session.allocation
        if allocation is None:
            return Refused(400, REASONS[400])
        number = request.attributes.get(stun.CHANNEL_NUMBER, b"")
        if len(number) != 4 or len(request.peers) != 1:
            return Refused(400, "Bad channel bind request")
        peer = self._peer(allocation, request.peers[0], request.transaction)
        if isinstance(peer, Refused):
            return peer
        wrong = allocation.bind(int.from_bytes(number[:2], "big"), peer, self._net.now())
        return [] if wrong is None else Refused(400, wrong)

    def _peer(self, allocation: Allocation, value: bytes, transaction: bytes) -> Address | Refused:
        """A peer that may be relayed to, or why not."""
        peer = stun.read_xor_address(value, transaction)
        if peer is None:
            return Refused(400, REASONS[400])
        if (6 if ":" in peer[0] else 4) not in allocation.relays:
            return Refused(443, REASONS[443])
        if peer[0] in self._denied and peer[0] not in self._allowed:
            return Refused(403, "Forbidden IP")
        return peer

    # --- allocations ------------------------------------------------------------------------------

    def _lifetime(self, asked: int | None) -> int:
        """Seconds granted: coturn gives no less than its default."""
        options = self.options
        return int(min(max(asked or 0, options.lifetime), options.most_lifetime))

    def _keep(
        self, client: FiveTuple, session: _Session, allocation: Allocation, seconds: int
    ) -> int:
        """Let an allocation live for so long from now on."""
        allocation.expires = self._net.now() + seconds
        if session.timer is not None:
            session.timer.cancel()
        session.timer = asyncio.get_running_loop().call_later(seconds, self._forget, client)
        return seconds

    def _granted(
        self,
        client: FiveTuple,
        allocation: Allocation,
        request: stun.Message,
        seconds: int | None = None,
    ) -> stun.Attributes:
        if seconds is None:
            seconds = max(0, round(allocation.expires - self._net.now()))
        transaction = request.transaction
        return [
            *(
                (stun.XOR_RELAYED_ADDRESS, stun.xor_address(relay.told, transaction))
                for relay in allocation.relays.values()
            ),
            (stun.XOR_MAPPED_ADDRESS, stun.xor_address(client.remote, transaction)),
            *(
                (stun.ADDRESS_ERROR_CODE, _family_error(version))
                for version in allocation.refused_families
            ),
            *([(stun.RESERVATION_TOKEN, allocation.token)] if allocation.token else []),
            (stun.LIFETIME, seconds.to_bytes(4, "big")),
        ]

    def _standing(self) -> list[Allocation]:
        return [s.allocation for s in self._sessions.values() if s.allocation is not None]

    def _session(self, client: FiveTuple) -> _Session:
        session = self._sessions.get(client)
        if session is None:
            if len(self._sessions) >= MOST_SESSIONS:
                idle = (c for c, s in self._sessions.items() if s.allocation is None)
                self._forget(next(idle, next(iter(self._sessions))))
            session = _Session(Login(self._net.random, self._net.now()))
            self._sessions[client] = session
        return session

    def _left(self, client: FiveTuple) -> None:
        """A TCP connection is no more, and what stood on it neither."""
        self._forget(client)

    def _forget(self, client: FiveTuple) -> None:
        session = self._sessions.pop(client, None)
        if session is not None:
            if session.allocating is not None:
                session.allocating.cancel()
            self._end(session)

    def _end(self, session: _Session) -> None:
        """Delete a session's allocation."""
        if session.timer is not None:
            session.timer.cancel()
            session.timer = None
        allocation, session.allocation = session.allocation, None
        if allocation is not None:
            self._used[allocation.user] -= 1
            self._ports.release(allocation)

    # --- answers ----------------------------------------------------------------------------------

    def _refuse(
        self,
        client: FiveTuple,
        request: stun.Message,
        key: bytes | None,
        refused: Refused,
        more: stun.Attributes | None = None,
    ) -> None:
        # coturn fills the phrase with zeros to a multiple of four bytes and counts them in.
        phrase = refused.reason + "\0" * (-len(refused.reason) % 4)
        said = [(stun.ERROR_CODE, stun.error_code(refused.code, phrase)), *(more or ())]
        self._answer(client, request, stun.ERROR, said, key)

    def _answer(
        self,
        client: FiveTuple,
        request: stun.Message,
        kind: int,
        said: stun.Attributes,
        key: bytes | None,
    ) -> None:
        options = self.options
        if options.software:
            said.append((stun.SOFTWARE, options.software.encode()))
        data = stun.build(
            request.method,
            kind,
            request.transaction,
            said,
            key=key,
            fingerprint=options.fingerprint,
        )
        self._front.answer(client, data)


def _forced(options: TurnOptions, method: str) -> Code | None:
    """The error that every request of a method gets."""
    return next((code for name, code in options.errors.items() if name == method), None)


def _family_error(version: int) -> bytes:
    """ADDRESS-ERROR-CODE (section 18.12): the family before an ERROR-CODE's value."""
    number = next(number for number, known in FAMILIES.items() if known == version)
    return bytes((number,)) + stun.error_code(440, REASONS[440])[1:]
