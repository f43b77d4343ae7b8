"""Bare aioice: what its user gets who adds nothing."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time

import aioice

from tests.lab.peers import exchange, sdp


async def run(options: exchange.Options) -> int:
    arguments: dict[str, object] = {}
    if options.stun:
        arguments["stun_server"] = exchange.host_and_port(options.stun[0])
    if options.turn:
        user, password, url = exchange.split_turn(options.turn[0])
        arguments |= {
            "turn_server": exchange.host_and_port(url),
            "turn_username": user,
            "turn_password": password,
            "turn_transport": "tcp" if "transport=tcp" in url else "udp",
        }
    if options.relay_only:
        arguments["transport_policy"] = aioice.TransportPolicy.RELAY
    connection = aioice.Connection(ice_controlling=options.offers, **arguments)  # type: ignore[arg-type]  # as named
    loop = asyncio.get_running_loop()

    async def read(kind: str) -> str:
        return await loop.run_in_executor(
            None, exchange.read_description, options.theirs, kind, options.timeout
        )

    def own(kind: str, mid: str = "0") -> str:
        lines = [candidate.to_sdp() for candidate in connection.local_candidates]
        return sdp.build(kind, connection.local_username, connection.local_password, lines, mid)

    if options.offers:
        await connection.gather_candidates()
        exchange.write_description(options.own, "offer", own("offer"))
        theirs = await read("answer")
    else:
        theirs = await read("offer")
        await connection.gather_candidates()
        answer = own("answer", sdp.value(theirs, "mid", "0"))
        exchange.write_description(options.own, "answer", answer)
    began = time.monotonic()
    connection.remote_username = sdp.value(theirs, "ice-ufrag")
    connection.remote_password = sdp.value(theirs, "ice-pwd")
    for line in sdp.candidates(theirs):
        await connection.add_remote_candidate(aioice.Candidate.from_sdp(line))
    await connection.add_remote_candidate(None)
    try:
        async with asyncio.timeout(options.timeout):
            await connection.connect()
    except (ConnectionError, TimeoutError) as error:
        return exchange.finish("aioice", "failed", error=repr(error))
    connected = time.monotonic()
    pair = connection._nominated[1]
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(connection.get_event(), options.hold)  # there is one: closed
    ends = [
        {"type": end.type, "address": end.host, "port": end.port}
        for end in (pair.local_candidate, pair.remote_candidate)
    ]
    code = exchange.finish(
        "aioice",
        "connected",
        time_to_connect=connected - began,
        held=time.monotonic() - connected,
        local=ends[0],
        remote=ends[1],
    )
    # Closing may wait long for a TURN server that is gone.
    try:
        async with asyncio.timeout(1):
            await connection.close()
    except TimeoutError:
        pass
    return code


if __name__ == "__main__":
    sys.exit(asyncio.run(run(exchange.read_options())))
