"""The TURN server on the real loopback: foreign clients use it, and it answers as coturn does."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aioice import stun as aioice_stun
from aioice import turn

from icetui.vnet import stun_messages as stun
from icetui.vnet.servers import TurnOptions
from icetui.vnet.turn_server import TurnServer
from tests.engine.conftest import Coturn
from tests.vnet.asking import UDP
from tests.vnet.loopback import Loopback, free_port

REALM = "icetui.test"
HERE = "127.0.0.1"
FORBIDDEN = "10.1.1.1"


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        assert not os.environ.get("ICETUI_REQUIRE_LAB"), "coturn is required here and missing"
        # Never in CI: the line above makes it a failure there.
        pytest.skip("coturn is not installed (Debian package coturn)")
    return found


def served(**options: Any) -> TurnServer:
    """A server on loopback, configured like the coturn of these tests."""
    options = {
        "port": free_port(),
        "addresses": (HERE,),
        "relay_addresses": (HERE,),
        "realm": REALM,
        "users": {"alice": "secret"},
        "denied": ("10.0.0.0/8",),
        "software": "Coturn",
        "fingerprint": False,
        **options,
    }
    return TurnServer(TurnOptions(**options), Loopback())


@pytest.fixture
async def server() -> AsyncIterator[TurnServer]:
    server = served()
    await server.start()
    yield server
    server.stop()


# --- foreign clients ----------------------------------------------------------------------------


@pytest.mark.parametrize("options", [(), ("-t", "-s")], ids=["udp", "tcp"])
async def test_coturns_client_loses_nothing(
    server: TurnServer, options: tuple[str, ...], tmp_path: Path
) -> None:
    """Two clients relay to each other: even and reserved ports, channels or Send indications."""
    process = await asyncio.create_subprocess_exec(
        program("turnutils_uclient"),
        *options,
        *("-y", "-u", "alice", "-w", "secret", "-n", "10", "-m", "1"),
        *("-p", str(server.options.port), HERE),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=tmp_path,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), 30)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0
    assert b"Total lost packets 0 " in said
    assert b"tot_send_msgs=0" not in said.splitlines()[-4]


class Hearing(asyncio.DatagramProtocol):
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[tuple[bytes, Any]] = asyncio.Queue()
        self.lost = asyncio.Event()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.heard.put_nowait((data, addr))

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_aioice_relays_both_ways(server: TurnServer, transport: str) -> None:
    relayed, ours = await turn.create_turn_endpoint(
        Hearing,
        server_addr=(HERE, server.options.port),
        username="alice",
        password="secret",
        transport=transport,
    )
    loop = asyncio.get_running_loop()
    peer_transport, peer = await loop.create_datagram_endpoint(Hearing, local_addr=(HERE, 0))
    at = peer_transport.get_extra_info("sockname")
    for size in (1, 2, 3, 4, 1200):
        relayed.sendto(b"x" * size, at)
        data, source = await asyncio.wait_for(peer.heard.get(), 5)
        assert data == b"x" * size
        peer_transport.sendto(b"y" * size, source)
        data, source = await asyncio.wait_for(ours.heard.get(), 5)
        assert data == b"y" * size and source == at
    relayed.close()
    peer_transport.close()
    await asyncio.wait_for(ours.lost.wait(), 5)
    assert not server.allocations


async def test_aioice_hears_that_its_password_is_wrong(server: TurnServer) -> None:
    with pytest.raises(aioice_stun.TransactionFailed) as raised:
        await turn.create_turn_endpoint(
            Hearing,
            server_addr=(HERE, server.options.port),
            username="alice",
            password="wrong",
        )
    assert raised.value.response.error_code == 401


# --- the same as coturn -------------------------------------------------------------------------


class Talk:
    """One client's questions and what a server makes of them."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.nonce = b""
        self.count = 0
        self.told: list[Any] = []

    async def open(self) -> Talk:
        loop = asyncio.get_running_loop()
        self.transport, self.hearing = await loop.create_datagram_endpoint(
            Hearing, local_addr=(HERE, 0), remote_addr=(HERE, self.port)
        )
        return self

    async def ask(
        self,
        what: str,
        method: int,
        *said: Any,
        signed: bool = True,
        peers: tuple[tuple[str, int], ...] = (),
        user: str = "alice",
        password: str = "secret",
        realm: str = REALM,
        nonce: bytes | None = None,
        same: bool = False,
    ) -> None:
        """Ask, and keep what was answered: class, error, phrase, types of attributes, lifetime."""
        self.count += not same
        tid = self.count.to_bytes(12, "big")
        attributes = [*said, *((stun.XOR_PEER_ADDRESS, stun.xor_address(p, tid)) for p in peers)]
        key = None
        if signed:
            text = f"{user}:{REALM}:{password}".encode()
            key = hashlib.md5(text, usedforsecurity=False).digest()
            attributes += [
                (stun.USERNAME, user.encode()),
                (stun.REALM, realm.encode()),
                (stun.NONCE, self.nonce if nonce is None else nonce),
            ]
        self.transport.sendto(stun.build(method, stun.REQUEST, tid, attributes, key=key))
        data, _ = await asyncio.wait_for(self.hearing.heard.get(), 5)
        answer = stun.parse(data)
        assert answer is not None
        self.nonce = answer.attributes.get(stun.NONCE, self.nonce)
        error = answer.attributes.get(stun.ERROR_CODE)
        self.told.append(
            (
                what,
                answer.kind,
                None if error is None else (error[2] * 100 + error[3], error[4:]),
                [t for t in answer.attributes if t != stun.MAPPED_ADDRESS],
                answer.number(stun.LIFETIME),
            )
        )


LIFETIME_5, LIFETIME_LONG = (stun.LIFETIME, b"\0\0\0\5"), (stun.LIFETIME, b"\0\0\x27\x10")


def channel(number: int) -> tuple[int, bytes]:
    return stun.CHANNEL_NUMBER, number.to_bytes(2, "big") + b"\0\0"


async def conversation(port: int) -> list[Any]:
    """Everything that a client can do right and wrong."""
    one = await Talk(port).open()
    await one.ask("nothing shown", stun.ALLOCATE, UDP, signed=False)
    await one.ask("refresh, nothing shown", stun.REFRESH, signed=False)
    await one.ask("wrong password", stun.ALLOCATE, UDP, password="wrong")
    await one.ask("wrong nonce", stun.ALLOCATE, UDP, nonce=b"zzz")
    await one.ask("wrong realm", stun.ALLOCATE, UDP, realm="other")
    await one.ask("no transport", stun.ALLOCATE)
    await one.ask("odd transport", stun.ALLOCATE, (stun.REQUESTED_TRANSPORT, b"\x63\0\0\0"))
    await one.ask("TCP over UDP", stun.ALLOCATE, (stun.REQUESTED_TRANSPORT, b"\x06\0\0\0"))
    await one.ask("IPv6", stun.ALLOCATE, UDP, (stun.REQUESTED_ADDRESS_FAMILY, b"\2\0\0\0"))
    await one.ask("odd family", stun.ALLOCATE, UDP, (stun.REQUESTED_ADDRESS_FAMILY, b"\x09\0\0\0"))
    await one.ask("unknown attribute", stun.ALLOCATE, UDP, (0x7001, b"what"))
    await one.ask("no reservation", stun.ALLOCATE, UDP, (stun.RESERVATION_TOKEN, b"12345678"))
    await one.ask(
        "even and reserved",
        stun.ALLOCATE,
        UDP,
        (stun.EVEN_PORT, b"\0"),
        (stun.RESERVATION_TOKEN, bytes(8)),
    )
    await one.ask("permission too early", stun.CREATE_PERMISSION, peers=((HERE, 5),))
    await one.ask("channel too early", stun.CHANNEL_BIND, channel(0x4000), peers=((HERE, 5),))
    await one.ask("refresh too early", stun.REFRESH)
    await one.ask("allocate", stun.ALLOCATE, UDP, LIFETIME_5)
    await one.ask("repeated", stun.ALLOCATE, UDP, LIFETIME_5, same=True)
    await one.ask("again", stun.ALLOCATE, UDP)
    await one.ask("refresh", stun.REFRESH)
    await one.ask("refresh, short", stun.REFRESH, LIFETIME_5)
    await one.ask("refresh, long", stun.REFRESH, LIFETIME_LONG)
    await one.ask("permission for nobody", stun.CREATE_PERMISSION)
    await one.ask("permission", stun.CREATE_PERMISSION, peers=((HERE, 5),))
    await one.ask("two", stun.CREATE_PERMISSION, peers=((HERE, 5), (HERE, 6)))
    await one.ask("forbidden", stun.CREATE_PERMISSION, peers=((FORBIDDEN, 5),))
    await one.ask("one forbidden", stun.CREATE_PERMISSION, peers=((HERE, 5), (FORBIDDEN, 5)))
    await one.ask("low channel", stun.CHANNEL_BIND, channel(0x3000), peers=((HERE, 5),))
    await one.ask("high channel", stun.CHANNEL_BIND, channel(0x5000), peers=((HERE, 55),))
    await one.ask("no channel", stun.CHANNEL_BIND, peers=((HERE, 5),))
    await one.ask("channel", stun.CHANNEL_BIND, channel(0x4000), peers=((HERE, 5),))
    await one.ask("channel again", stun.CHANNEL_BIND, channel(0x4000), peers=((HERE, 5),))
    await one.ask("another number", stun.CHANNEL_BIND, channel(0x4001), peers=((HERE, 5),))
    await one.ask("another peer", stun.CHANNEL_BIND, channel(0x4000), peers=((HERE, 6),))
    await one.ask("channel, forbidden", stun.CHANNEL_BIND, channel(0x4002), peers=((FORBIDDEN, 6),))
    await one.ask("permission, wrong password", stun.CREATE_PERMISSION, password="wrong")
    await one.ask("permission, nothing shown", stun.CREATE_PERMISSION, signed=False)
    await one.ask("permission, wrong nonce", stun.CREATE_PERMISSION, nonce=b"zzz")
    await one.ask("permission, another user", stun.CREATE_PERMISSION, user="bob")
    await one.ask("refresh, wrong realm", stun.REFRESH, realm="other")
    await one.ask("unheard-of method", 0x00F)

    moved = await Talk(port).open()
    moved.nonce = one.nonce
    await moved.ask("moved: permission", stun.CREATE_PERMISSION, peers=((HERE, 5),))
    await moved.ask("moved: permission again", stun.CREATE_PERMISSION, peers=((HERE, 5),))
    await moved.ask("moved: channel", stun.CHANNEL_BIND, channel(0x4000), peers=((HERE, 5),))
    await moved.ask("moved: refresh", stun.REFRESH)

    unknown = await Talk(port).open()
    await unknown.ask("nothing shown", stun.ALLOCATE, UDP, signed=False)
    await unknown.ask("unknown user", stun.ALLOCATE, UDP, user="mallory")
    await unknown.ask("then a known one", stun.ALLOCATE, UDP)

    reserving = await Talk(port).open()
    await reserving.ask("nothing shown", stun.ALLOCATE, UDP, signed=False)
    await reserving.ask("reserve", stun.ALLOCATE, UDP, (stun.EVEN_PORT, b"\x80"))
    for talk in (one, moved, unknown, reserving):
        talk.transport.close()
    return [*one.told, *moved.told, *unknown.told, *reserving.told]


async def test_every_answer_is_coturns(server: TurnServer, tmp_path: Path) -> None:
    coturn = Coturn(program("turnserver"), tmp_path, ("--denied-peer-ip=10.0.0.0-10.255.255.255",))
    await coturn.start()
    try:
        theirs = await conversation(coturn.port)
    finally:
        await coturn.kill()
    ours = await conversation(server.options.port)
    assert len(ours) == 50
    for mine, its in zip(ours, theirs, strict=True):
        assert mine == its
