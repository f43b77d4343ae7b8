"""How soon a path stands, and how soon there is a blob: real engines on loopback.

First path: two `icetui peer` exchange blobs through files. Counted from when both sides know both
descriptions, and as each side's summary counts it, from when that side does: the one that reads
its file first also waits for the other to read its own. Blob: an engine is given a STUN and a TURN
server that never answer; the time from `session-started` to the first `blob-changed`.
"""

from __future__ import annotations

import asyncio
import socket
import tempfile
from pathlib import Path

from icetui import events
from icetui.session import Session, fold
from icetui.streams.event_reader import EventReader
from icetui.streams.process_source import ProcessSource
from tests.bench.table import show
from tests.running import ALONE, ICETUI, Running, environment

RUNS = 11


async def pair(folder: Path, env: dict[str, str]) -> tuple[Session, Session]:
    """Two peers that connected and left."""
    argv = (*ICETUI, "peer", *ALONE, "--hold", "0.3", "--json")
    near = await Running.start(
        (*argv, "--blob-out", str(folder / "a"), "--blob-in", str(folder / "b")), env
    )
    far = await Running.start(
        (*argv, "--blob-out", str(folder / "b"), "--blob-in", str(folder / "a")), env
    )
    try:
        codes = await asyncio.gather(near.ends(), far.ends())
        if codes != [0, 0]:
            raise RuntimeError(f"they ended with {codes}: {near.err} {far.err}")
        return folded(near), folded(far)
    finally:
        await asyncio.gather(near.dispose(), far.dispose())


def folded(running: Running) -> Session:
    """The session of a `--json` run."""
    told = map(EventReader().read, running.out)
    return fold(event for event in told if event is not None)


def on_the_wall(session: Session, t: float | None) -> float:
    """Unix time of a moment of the stream, so that two streams of one machine compare."""
    if t is None or session.engine is None:
        raise RuntimeError("it never came to that")
    return session.engine.wall + t - session.engine.t


async def paths(env: dict[str, str]) -> None:
    names = ("first path", "nominated")
    series: dict[str, list[float]] = {
        f"{name}, {side} side{start}": []
        for start in ("", " by its own clock")
        for name in names
        for side in ("sooner", "later")
    }
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as folder:
            both = await pair(Path(folder), env)
        known = max(on_the_wall(side, side.both_known_at) for side in both)
        taken = {
            "first path": [on_the_wall(side, side.first_path_at) - known for side in both],
            "nominated": [on_the_wall(side, side.nominated_at) - known for side in both],
        }
        told = {
            "first path": [side.time_to_first_path or 0.0 for side in both],
            "nominated": [side.time_to_nominated or 0.0 for side in both],
        }
        for name in names:
            for figures, start in ((taken, ""), (told, " by its own clock")):
                sooner, later = sorted(figures[name])
                series[f"{name}, sooner side{start}"].append(sooner)
                series[f"{name}, later side{start}"].append(later)
    show("Two peers on loopback", series, "first path of both ≤ 30 ms after both know both")


async def blob(*servers: events.StunServer | events.TurnServer) -> float:
    """Seconds from `session-started` to the first blob."""
    start = events.StartSession(
        interfaces=("lo",),
        stun_servers=tuple(s for s in servers if isinstance(s, events.StunServer)),
        turn_servers=tuple(s for s in servers if isinstance(s, events.TurnServer)),
    )
    source = ProcessSource(first=(start,))
    started: float | None = None
    first: float | None = None
    async for event in source.events():
        if isinstance(event, events.SessionStarted):
            started = event.t
        elif isinstance(event, events.BlobChanged) and first is None:
            first = event.t
            await source.close()
    if started is None or first is None:
        raise RuntimeError("the engine ended without a blob")
    return first - started


async def blobs() -> None:
    series: dict[str, list[float]] = {"no servers": [], "dead STUN and dead TURN server": []}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        dead = (
            events.StunServer(host="127.0.0.1", port=port),
            events.TurnServer(host="127.0.0.1", port=port, username="me", password="secret"),
        )
        for _ in range(RUNS):
            series["no servers"].append(await blob())
            series["dead STUN and dead TURN server"].append(await blob(*dead))
    show("Gathering started to first blob", series, "≤ 150 ms")


async def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        await paths(environment(Path(home)))
    await blobs()


if __name__ == "__main__":
    asyncio.run(main())
