"""A media server's half of ICE: it answers checks and sends none (RFC 8445 section 2.5).

With ``--lite`` it says so; without, it is one of those that do the same and do not say it. Like
some of them it has characters in its user fragment that ICE does not allow.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from typing import Any

from aioice import stun

from tests.lab.peers import exchange, sdp

UFRAG, PASSWORD = "srv=_1", "server+password/24chars="
SILENT = 15.0
"""Seconds without a check after which the other side is gone."""


class Answering(asyncio.DatagramProtocol):
    """Answers Binding requests; remembers who nominated and when the latest came."""

    def __init__(self) -> None:
        self.nominated = asyncio.Event()
        self.nominated_at = self.latest = 0.0
        self.by: tuple[str, int] | None = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        try:
            request = stun.parse_message(data)
        except ValueError:
            return
        if request.message_class != stun.Class.REQUEST:
            return
        named = str(request.attributes.get("USERNAME", "")).startswith(f"{UFRAG}:")
        if not named or not request.check_message_integrity(PASSWORD.encode()):
            return
        self.latest = time.monotonic()
        if "USE-CANDIDATE" in request.attributes and self.by is None:
            self.by, self.nominated_at = (addr[0], addr[1]), self.latest
            self.nominated.set()
        answer = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, request.transaction_id)
        answer.attributes["XOR-MAPPED-ADDRESS"] = (addr[0], addr[1])
        answer.add_message_integrity(PASSWORD.encode())
        self.transport.sendto(bytes(answer), addr)


def own_address() -> str:
    """The address by which this host would leave; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("198.51.100.250", 9))
        return str(probe.getsockname()[0])


def description(kind: str, port: int, theirs: str, *, lite: bool) -> str:
    """An offer of audio and video, or an answer with the offer's sections."""
    mids = sdp.values(theirs, "mid") or ["0", "1"]
    lines = [line for line in theirs.splitlines() if line.startswith("m=")]
    lines = lines or ["m=audio 9 UDP/TLS/RTP/SAVPF 111", "m=video 9 UDP/TLS/RTP/SAVPF 96"]
    parts = ["v=0", "o=srv 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0"]
    parts += [f"a=group:BUNDLE {' '.join(mids)}", *(["a=ice-lite"] if lite else [])]
    for mid, line in zip(mids, lines, strict=True):
        parts += [
            line,
            "c=IN IP4 0.0.0.0",
            f"a=candidate:1 1 udp 120 {own_address()} {port} typ host",
            f"a=ice-ufrag:{UFRAG}",
            f"a=ice-pwd:{PASSWORD}",
            f"a=fingerprint:sha-256 {sdp.FINGERPRINT}",
            f"a=setup:{'actpass' if kind == 'offer' else 'passive'}",
            f"a=mid:{mid}",
        ]
    return "".join(f"{part}\r\n" for part in parts)


async def run(options: exchange.Options) -> int:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(
        Answering, local_addr=(own_address(), 0)
    )
    address, port = transport.get_extra_info("sockname")

    async def read(kind: str) -> str:
        return await loop.run_in_executor(
            None, exchange.read_description, options.theirs, kind, options.timeout
        )

    if options.offers:
        offer = description("offer", port, "", lite=options.lite)
        exchange.write_description(options.own, "offer", offer)
        await read("answer")
    else:
        answer = description("answer", port, await read("offer"), lite=options.lite)
        exchange.write_description(options.own, "answer", answer)
    began = time.monotonic()
    try:
        async with asyncio.timeout(options.timeout):
            await server.nominated.wait()
    except TimeoutError:
        said = "nobody nominated" if server.latest else "nobody checked"
        return exchange.finish("passive", "failed", error=said)
    assert server.by is not None
    while time.monotonic() < server.nominated_at + options.hold:
        await asyncio.sleep(0.1)
        if time.monotonic() > server.latest + SILENT:
            break
    return exchange.finish(
        "passive",
        "connected",
        time_to_connect=server.nominated_at - began,
        held=time.monotonic() - server.nominated_at,
        local={"type": "host", "address": address, "port": port},
        remote={"type": "prflx", "address": server.by[0], "port": server.by[1]},
    )


if __name__ == "__main__":
    sys.exit(asyncio.run(run(exchange.read_options())))
