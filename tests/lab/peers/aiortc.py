"""aiortc, in a virtual environment of its own if the project's has none."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import sys
import time
from typing import Any

from tests.lab.peers import exchange


async def run(options: exchange.Options) -> int:
    import aiortc  # type: ignore[import-not-found]  # in a venv of its own

    servers = [aiortc.RTCIceServer(**server) for server in options.ice_servers()]
    peer = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(iceServers=servers))
    settled = asyncio.Event()
    moments: dict[str, float] = {}

    def watch() -> Any:
        """The transport of the first media section. The state of the whole stays at `new` where a
        section was answered with port 0 and without a group: aiortc does not look at the port."""
        senders = [transceiver.sender for transceiver in peer.getTransceivers()]
        ice = (senders[0] if senders else peer.sctp).transport.transport

        def changed() -> None:
            moments.setdefault(ice.state, time.monotonic())
            if ice.state in ("completed", "failed", "closed"):
                settled.set()

        ice.on("statechange", changed)
        changed()
        return ice

    loop = asyncio.get_running_loop()

    async def read(kind: str) -> object:
        text = await loop.run_in_executor(
            None, exchange.read_description, options.theirs, kind, options.timeout
        )
        return aiortc.RTCSessionDescription(sdp=text, type=kind)

    if options.offers:
        for kind in options.media:
            if kind == "data":
                peer.createDataChannel("lab")
            else:
                peer.addTransceiver(kind)
        await peer.setLocalDescription(await peer.createOffer())
        exchange.write_description(options.own, "offer", peer.localDescription.sdp)
        answer = await read("answer")
        began = time.monotonic()
        await peer.setRemoteDescription(answer)
        ice = watch()
    else:
        await peer.setRemoteDescription(await read("offer"))
        began = time.monotonic()
        ice = watch()
        await peer.setLocalDescription(await peer.createAnswer())
        exchange.write_description(options.own, "answer", peer.localDescription.sdp)
    try:
        async with asyncio.timeout(options.timeout):
            await settled.wait()
    except TimeoutError:
        pass
    if "completed" not in moments:
        return exchange.finish("aiortc", "failed", error=ice.state)
    pair = ice._connection._nominated[1]
    lost = asyncio.Event()
    ice.on("statechange", lost.set)
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
