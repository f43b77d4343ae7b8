"""The places that one side of a session can send from, as plain as can be: sockets and relays.

What belongs here: sending, hearing, learning one's address from a STUN server, a relay from a TURN
server. Who tries whom is `truth.py`'s business.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from icetui.engine.net import Address, TlsFailure, Undelivered
from icetui.events import TurnServer
from icetui.vnet import stun_messages as stun
from icetui.vnet.routing_table import written
from icetui.vnet.world import World
from icetui.vnet.world_parts import Machine

ANSWER_WITHIN = 12.0
"""Seconds in which a server answers, or never; its host's name has to be found first."""
RELAY_UDP = stun.REQUESTED_TRANSPORT, bytes((17, 0, 0, 0))

Heard = Callable[["Place", bytes, Address], None]


def plain_address(value: bytes) -> Address | None:
    """MAPPED-ADDRESS (RFC 8489 section 14.1); None: malformed."""
    if (value[1:2], len(value)) not in ((b"\x01", 8), (b"\x02", 20)):
        return None
    version = 4 if len(value) == 8 else 6
    return written(version, int.from_bytes(value[4:], "big")), int.from_bytes(value[2:4], "big")


class Place:
    """A socket, or a relay that is used like one."""

    relayed = False
    address: Address

    def __init__(self, heard: Heard) -> None:
        self._heard = heard

    def send(self, data: bytes, to: Address) -> None:
        raise NotImplementedError

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None: ...
    def unreachable(self, addr: Address, error: Undelivered) -> None: ...
    def send_failed(self, addr: Address, error: OSError) -> None: ...


class SocketPlace(Place):
    """A host candidate's base."""

    def __init__(self, world: World, host: Machine, address: str, port: int, heard: Heard) -> None:
        super().__init__(heard)
        self._world = world
        self._host = host
        self._answers: dict[bytes, stun.Message | None] = {}
        """By transaction id; None: not yet."""
        world.clock.complete(host.loop.create_task(host.net.open_udp(self, address, port)))
        self.address = self.transport.get_extra_info("sockname")

    def send(self, data: bytes, to: Address) -> None:
        self._host.loop.run(self.transport.sendto, data, to)

    def packet_received(self, data: bytes, addr: Address, at: float) -> None:
        message = stun.parse(data)
        if message is not None and message.transaction in self._answers:
            self._answers[message.transaction] = message
        else:
            self._heard(self, data, addr)

    def seen_by(self, server: Address, count: int) -> Address | None:
        """Where a STUN server says it is; None: it says nothing, or nothing of use."""
        transaction = b"truth ask" + count.to_bytes(3, "big")
        self._answers[transaction] = None
        self.send(stun.build(stun.BINDING, stun.REQUEST, transaction, []), server)
        self._world.clock.run_until_true(
            lambda: self._answers[transaction] is not None, ANSWER_WITHIN
        )
        answer = self._answers.pop(transaction)
        if answer is None or answer.kind != stun.RESPONSE:
            return None
        value = answer.attributes.get(stun.XOR_MAPPED_ADDRESS)
        if value is not None:
            return stun.read_xor_address(value, answer.transaction)
        value = answer.attributes.get(stun.MAPPED_ADDRESS)
        return plain_address(value) if value is not None else None


class RelayPlace(Place):
    """A relayed candidate: what a TURN server lends."""

    relayed = True

    def __init__(
        self, world: World, host: Machine, local: str, server: TurnServer, heard: Heard
    ) -> None:
        super().__init__(heard)
        self._world = world
        self._host = host
        self._uri = server
        self._local = local
        self._stream = server.transport != "udp"
        self._framing = stun.Framing()
        self._count = 0
        self._answer: stun.Message | None = None
        self._signing: list[tuple[int, bytes]] = []
        self._key: bytes | None = None
        self._permitted: dict[str, bool] = {}
        self.address = "", 0

    def allocate(self, server: Address) -> bool:
        """Whether the server lends an address."""
        try:
            self._open(server)
        except (OSError, TlsFailure):
            return False
        self._server = server
        answer = self._ask(stun.ALLOCATE, RELAY_UDP)
        if answer is not None and answer.kind == stun.ERROR and stun.REALM in answer.attributes:
            self._sign(answer)
            answer = self._ask(stun.ALLOCATE, RELAY_UDP)
        value = answer.attributes.get(stun.XOR_RELAYED_ADDRESS) if answer is not None else None
        if answer is None or answer.kind != stun.RESPONSE or value is None:
            return False
        relayed = stun.read_xor_address(value, answer.transaction)
        self.address = relayed or self.address
        return relayed is not None

    def _open(self, server: Address) -> None:
        net = self._host.net
        if not self._stream:
            self._complete(net.open_udp(self, self._local))
            return
        tls = self._uri.host if self._uri.transport == "tls" else None
        self._complete(net.open_stream(self, server, local=self._local, tls=tls))

    def _complete(self, coroutine: Any) -> None:
        self._world.clock.complete(self._host.loop.create_task(coroutine))

    def _sign(self, challenge: stun.Message) -> None:
        user, password = self._uri.username or "", self._uri.password or ""
        realm = challenge.attributes[stun.REALM]
        text = user.encode() + b":" + realm + b":" + password.encode()
        self._key = hashlib.md5(text, usedforsecurity=False).digest()
        nonce = challenge.attributes.get(stun.NONCE, b"")
        self._signing = [(stun.USERNAME, user.encode()), (stun.REALM, realm), (stun.NONCE, nonce)]

    def _ask(self, method: int, *attributes: tuple[int, bytes]) -> stun.Message | None:
        self._count += 1
        transaction = b"truth tn" + self._count.to_bytes(4, "big")
        self._answer = None
        said = [*attributes, *self._signing]
        self._out(stun.build(method, stun.REQUEST, transaction, said, key=self._key))
        self._world.clock.run_until_true(lambda: self._answer is not None, ANSWER_WITHIN)
        return self._answer

    def _out(self, data: bytes) -> None:
        if self._stream:
            self._host.loop.run(self.transport.write, data)
        else:
            self._host.loop.run(self.transport.sendto, data, self._server)

    def permit(self, peer: Address) -> bool:
        """Whether the server relays between here and that address."""
        if peer[0] not in self._permitted:
            if (":" in peer[0]) != (":" in self.address[0]):
                return False
            transaction = b"truth tn" + (self._count + 1).to_bytes(4, "big")
            answer = self._ask(
                stun.CREATE_PERMISSION,
                (stun.XOR_PEER_ADDRESS, stun.xor_address(peer, transaction)),
            )
            self._permitted[peer[0]] = answer is not None and answer.kind == stun.RESPONSE
        return self._permitted[peer[0]]

    def send(self, data: bytes, to: Address) -> None:
        self._count += 1
        transaction = b"truth tn" + self._count.to_bytes(4, "big")
        said = [
            (stun.XOR_PEER_ADDRESS, stun.xor_address(to, transaction)),
            (stun.DATA, data),
        ]
        self._out(stun.build(stun.SEND, stun.INDICATION, transaction, said))

    def packet_received(self, data: bytes, addr: Address, at: float) -> None:
        self._message(data)

    def data_received(self, data: bytes) -> None:
        for frame in self._framing.feed(data):
            self._message(frame)

    def _message(self, data: bytes) -> None:
        message = stun.parse(data)
        if message is None:
            return
        if message.kind in (stun.RESPONSE, stun.ERROR):
            self._answer = message
        elif message.method == stun.DATA_METHOD and stun.DATA in message.attributes:
            value = message.attributes.get(stun.XOR_PEER_ADDRESS, b"")
            peer = stun.read_xor_address(value, message.transaction)
            if peer is not None:
                self._heard(self, message.attributes[stun.DATA], peer)
