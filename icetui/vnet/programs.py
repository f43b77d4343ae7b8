"""Other programs that run on hosts: one that sends everything back, one that answers STUN."""

from __future__ import annotations

from typing import Any

from icetui.engine.net import Address, DatagramTransport, Undelivered
from icetui.vnet import stun_messages as stun
from icetui.vnet.host import Host
from icetui.vnet.mdns_responder import MdnsResponder


class Answerer:
    """Bound to a port; a `PacketReceiver`."""

    def connection_made(self, transport: Any) -> None:
        self._transport: DatagramTransport = transport

    def connection_lost(self, exc: Exception | None) -> None: ...
    def unreachable(self, addr: Address, error: Undelivered) -> None: ...
    def send_failed(self, addr: Address, error: OSError) -> None: ...

    def packet_received(self, data: bytes, addr: Address, at: float) -> None:
        answer = self.answer(data, addr)
        if answer is not None:
            self._transport.sendto(answer, addr)

    def answer(self, data: bytes, addr: Address) -> bytes | None:
        raise NotImplementedError


class Echo(Answerer):
    """Sends everything back."""

    def answer(self, data: bytes, addr: Address) -> bytes | None:
        return data


class UnsignedStun(Answerer):
    """Answers every Binding request, without a look at who asks, and without a signature."""

    def answer(self, data: bytes, addr: Address) -> bytes | None:
        request = stun.parse(data)
        if request is None or (request.kind, request.method) != (stun.REQUEST, stun.BINDING):
            return None
        seen = stun.xor_address(addr, request.transaction)
        attributes = [(stun.XOR_MAPPED_ADDRESS, seen)]
        return stun.build(stun.BINDING, stun.RESPONSE, request.transaction, attributes)


def begin(host: Host) -> None:
    """Start what a host's value says runs on it."""
    spec = host.spec
    for ports, kind in ((spec.echo, Echo), (spec.unsigned_stun, UnsignedStun)):
        for number in ports:
            for address in sorted({a for _, a in host.interfaces()}):
                receiver = kind()
                receiver.connection_made(host.bind(receiver, address, number, None))
    if spec.local_names:
        MdnsResponder(host, spec.local_names)
