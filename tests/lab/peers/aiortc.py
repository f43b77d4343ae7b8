"""aiortc, in a virtual environment of its own if the project's has none."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import sys
import time

from tests.lab.peers import exchange


async def run(options: exchange.Options) -> int:
    import aiortc  # type: ignore[import-not-found]  # in a venv of its own

    servers = [aiortc.RTCIceServer(**server) for server in options.ice_servers()]
    peer = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(iceServers=servers))
    settled = asyncio.Event()
    moments: dict[str, float] = {}

    def changed() -> None:
        moments.setdefault(peer.iceConnectionState, time.monotonic())
        if peer.iceConnectionState in ("completed", "failed", "closed"):
            settled.set()

    peer.on("iceconnectionstatechange", changed)
    loop = asyncio.get_running_loop()

    async def read(kind: str) -> object:
        text = await loop.run_in_executor(
            None, exchange.read_description, options.theirs, kind, options.timeout
        )
        return aiortc.RTCSessionDescription(sdp=text, type=kind)

    if options.offers:
        peer.createDataChannel("lab")
        await peer.setLocalDescription(await peer.createOffer())
        exchange.write_description(options.own, "offer", peer.localDescription.sdp)
        answer = await read("answer")
        began = time.monotonic()
        await peer.setRemoteDescription(answer)
    else:
        await peer.setRemoteDescription(await read("offer"))
        began = time.monotonic()
        await peer.setLocalDescription(await peer.createAnswer())
        exchange.write_description(options.own, "answer", peer.localDescription.sdp)
    try:
        async with asyncio.timeout(options.timeout):
            await settled.wait()
    except TimeoutError:
        pass
    if "completed" not in moments:
        return exchange.finish("aiortc", "failed", error=peer.iceConnectionState)
    pair = peer.sctp.transport.transport._connection._nominated[1]
    lost = asyncio.Event()
    peer.on("iceconnectionstatechange", lost.set)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(lost.wait(), options.hold)
    ends = [
        {"type": end.type, "address": end.host, "port": end.port}
        for end in (pair.local_candidate, pair.remote_candidate)
    ]
    return exchange.finish(
        "aiortc",
        "connected",
        time_to_connect=moments["completed"] - began,
        held=time.monotonic() - moments["completed"],
        local=ends[0],
        remote=ends[1],
    )


if __name__ == "__main__":
    if importlib.util.find_spec("aiortc") is None:
        exchange.run_in(exchange.CACHE / "aiortc/bin/python", "tests.lab.peers.aiortc")
    sys.exit(asyncio.run(run(exchange.read_options())))
