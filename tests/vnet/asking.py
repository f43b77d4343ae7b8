"""A client that asks servers one thing at a time and keeps what it hears."""

from __future__ import annotations

import hashlib
from typing import Any

from icetui.engine.net import Address, Undelivered
from icetui.vnet import stun_messages as stun
from tests.vnet.lan import Host

UDP = (stun.REQUESTED_TRANSPORT, bytes((17, 0, 0, 0)))


class Asking:
    """A socket, or a connection, on a host of a `Lan`."""

    def __init__(self, host: Host, server: Address) -> None:
        self.host = host
        self.server = server
        self.heard: list[tuple[bytes, Address]] = []
        self.refused: list[Undelivered] = []
        self.transport: Any = None
        self.stream = False
        self.lost = False
        self.framing = stun.Framing()
        self.user, self.password, self.realm = "alice", "secret", "turn.test"
        self.nonce = b""
        self.count = 0

    # --- hearing ----------------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True

    def packet_received(self, data: bytes, addr: Address, at: float) -> None:
        self.heard.append((data, addr))

    def data_received(self, data: bytes) -> None:
        self.heard += [(frame, self.server) for frame in self.framing.feed(data)]

    def unreachable(self, addr: Address, error: Undelivered) -> None:
        self.refused.append(error)

    def send_failed(self, addr: Address, error: OSError) -> None:
        raise AssertionError(error)

    # --- asking -----------------------------------------------------------------------------------

    def open(self) -> Asking:
        self.host.run(self.host.open_udp(self, self.host.addresses[0]))
        return self

    def connect(self, tls: str | None = None) -> Asking:
        self.stream = True
        there = self.host.open_stream(self, self.server, local=self.host.addresses[0], tls=tls)
        self.host.run(there)
        return self

    @property
    def address(self) -> Address:
        address: Address = self.transport.get_extra_info("sockname")
        return address

    def send(self, data: bytes, to: Address | None = None) -> None:
        if self.stream:
            self.transport.write(data)
        else:
            self.transport.sendto(data, to or self.server)

    def wait(self, within: float = 1.0) -> bytes | None:
        """The next thing heard."""
        if not self.host.lan.clock.run_until_true(lambda: bool(self.heard), within):
            return None
        return self.heard.pop(0)[0]

    def ask(
        self,
        method: int,
        *attributes: tuple[int, bytes],
        to: Address | None = None,
        peer: Address | None = None,
        signed: bool = False,
        transaction: bytes | None = None,
        within: float = 1.0,
    ) -> stun.Message | None:
        """One request and its answer."""
        self.count += 1
        tid = transaction or self.count.to_bytes(12, "big")
        said = list(attributes)
        if peer is not None:
            said.append((stun.XOR_PEER_ADDRESS, stun.xor_address(peer, tid)))
        key = None
        if signed:
            text = f"{self.user}:{self.realm}:{self.password}".encode()
            key = hashlib.md5(text, usedforsecurity=False).digest()
            said += [
                (stun.USERNAME, self.user.encode()),
                (stun.REALM, self.realm.encode()),
                (stun.NONCE, self.nonce),
            ]
        self.send(stun.build(method, stun.REQUEST, tid, said, key=key, fingerprint=True), to)
        data = self.wait(within)
        if data is None:
            return None
        answer = stun.parse(data)
        assert answer is not None and answer.transaction == tid and answer.method == method
        self.nonce = answer.attributes.get(stun.NONCE, self.nonce)
        return answer

    def request(self, method: int, *attributes: tuple[int, bytes], **more: Any) -> stun.Message:
        """The same, signed, once more where the nonce was stale."""
        answer = self.ask(method, *attributes, signed=True, **more)
        assert answer is not None
        if code(answer) == 438:
            answer = self.ask(method, *attributes, signed=True, **more)
            assert answer is not None
        return answer

    def allocate(self, *attributes: tuple[int, bytes]) -> Address:
        """Allocate and return the relayed address."""
        challenge = self.ask(stun.ALLOCATE, UDP)
        assert challenge is not None and code(challenge) == 401
        answer = self.request(stun.ALLOCATE, UDP, *attributes)
        assert code(answer) == 0, code(answer)
        relayed = address(answer, stun.XOR_RELAYED_ADDRESS)
        assert relayed is not None
        return relayed


def code(answer: stun.Message | None) -> int:
    """The error code; 0: success."""
    assert answer is not None
    if answer.kind == stun.RESPONSE:
        return 0
    value = answer.attributes[stun.ERROR_CODE]
    return value[2] * 100 + value[3]


def address(answer: stun.Message | None, attribute: int) -> Address | None:
    """An XORed address."""
    assert answer is not None
    return stun.read_xor_address(answer.attributes[attribute], answer.transaction)


def plain(answer: stun.Message | None, attribute: int) -> Address | None:
    """An address as it is."""
    assert answer is not None
    value = answer.attributes[attribute]
    return stun.read_xor_address(
        value[:2] + (int.from_bytes(value[2:4], "big") ^ 0x2112).to_bytes(2, "big")
        + bytes(a ^ b for a, b in zip(value[4:], stun.COOKIE + answer.transaction, strict=False)),
        answer.transaction,
    )  # fmt: skip
