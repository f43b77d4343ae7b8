"""The lab's server speaks STUN, TURN over UDP, TCP and TLS, and comes back after a kill."""

from __future__ import annotations

import asyncio
import socket
import ssl

import aioice.turn
import pytest
from aioice import stun

from tests.lab import behaviour
from tests.lab.lab import SERVER, BuildLab, Lab
from tests.lab.topology import (
    SERVER_V4,
    STUN_ALT_PORT,
    STUN_PORT,
    TLS_PORT,
    TURN_NAME,
    TURN_PASSWORD,
    TURN_USER,
)


def ask(lab: Lab, change: int | None = None) -> stun.Message:
    """A Binding response to Bob. Raises ``TimeoutError``."""
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    data = bytes(request)
    if change is not None:
        # CHANGE-REQUEST, RFC 5780 §7.2.
        data += b"\x00\x03\x00\x04" + change.to_bytes(4)
        data = data[:2] + (8).to_bytes(2) + data[4:]
    with behaviour.udp_socket(lab["bob"]) as here:
        here.sendto(data, (SERVER_V4[0], STUN_PORT))
        answer, source = here.recvfrom(2048)
    parsed = stun.parse_message(answer)
    parsed.attributes["SOURCE"] = source
    return parsed


def test_it_answers_from_two_addresses_and_ports(build_lab: BuildLab) -> None:
    lab = build_lab("prc", "open")
    answer = ask(lab)
    assert answer.attributes["XOR-MAPPED-ADDRESS"][0] == lab["bob"].address
    assert answer.attributes["OTHER-ADDRESS"] == (SERVER_V4[1], STUN_ALT_PORT)
    assert ask(lab, change=2).attributes["SOURCE"] == (SERVER_V4[0], STUN_ALT_PORT)
    assert ask(lab, change=4).attributes["SOURCE"] == (SERVER_V4[1], STUN_PORT)
    assert ask(lab, change=6).attributes["SOURCE"] == (SERVER_V4[1], STUN_ALT_PORT)


def test_it_comes_back_after_it_was_killed(build_lab: BuildLab) -> None:
    lab = build_lab("prc", "open")
    lab.stop_server()
    with behaviour.udp_socket(lab["bob"]) as here:
        here.connect((SERVER_V4[0], STUN_PORT))
        here.send(bytes(stun.Message(stun.Method.BINDING, stun.Class.REQUEST)))
        with pytest.raises(ConnectionRefusedError):
            here.recv(2048)
    lab.start_server()
    assert ask(lab).message_class is stun.Class.RESPONSE


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_it_relays(build_lab: BuildLab, transport: str) -> None:
    lab = build_lab("open" if transport == "udp" else "udpblock", "open")
    asyncio.run(relay_once(lab, transport))


async def relay_once(lab: Lab, transport: str) -> None:
    """Allocate at the server from Alice's side and let Bob hear her through the relay."""
    heard: asyncio.Future[tuple[bytes, tuple[str, int]]] = asyncio.Future()
    gone: asyncio.Future[None] = asyncio.Future()

    class Client(asyncio.DatagramProtocol):
        def connection_lost(self, exc: Exception | None) -> None:
            gone.set_result(None)

    class Ear(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            heard.set_result((data, addr))

    loop = asyncio.get_running_loop()
    with lab["bob"].inside():
        ear, _ = await loop.create_datagram_endpoint(Ear, local_addr=(lab["bob"].address, 6000))
    # asyncio opens the client's socket at once, in the namespace we are in.
    with lab["alice"].inside():
        client, _ = await aioice.turn.create_turn_endpoint(
            Client,
            server_addr=(SERVER_V4[0], TLS_PORT if transport == "tls" else STUN_PORT),
            username=TURN_USER,
            password=TURN_PASSWORD,
            transport="udp" if transport == "udp" else "tcp",
            ssl=certified(lab) if transport == "tls" else False,
        )
    client.sendto(b"over the relay", (lab["bob"].address, 6000))
    async with asyncio.timeout(5):
        data, (address, port) = await heard
    assert data == b"over the relay"
    assert address == SERVER_V4[0] and port >= 49152
    client.close()
    ear.close()
    await gone


def certified(lab: Lab) -> ssl.SSLContext:
    """Trusts the lab's certificate and nothing else."""
    return ssl.create_default_context(cafile=str(lab.folder / "cert.pem"))


def test_its_certificate_names_it(build_lab: BuildLab) -> None:
    lab = build_lab("prc", "open")
    for name in (TURN_NAME, SERVER_V4[0]):
        with lab[SERVER].inside(), socket.create_connection((SERVER_V4[0], TLS_PORT)) as plain:
            certified(lab).wrap_socket(plain, server_hostname=name).close()
