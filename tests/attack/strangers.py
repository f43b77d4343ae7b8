"""Floods from strangers beside a session that is connected over loopback.

`python -m tests.attack.strangers [--seconds 10]` connects two real engines, one of them recorded,
and throws at that one, in turns: nothing, 50,000 datagrams of junk a second, 20,000 wrongly keyed
checks a second, the same from ever new ports, and ten datagrams of 64 kB a second. It prints how
many came, what became of the path, how late the stream was, and how much memory and recording it
cost. The sender is a process of its own; on two cores it takes one of them.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from icetui import events
from icetui.engine import stun
from icetui.session import Session
from icetui.streams.process_source import ProcessSource
from icetui.streams.recording import Recorded
from icetui.streams.source import Source
from tests.attack.pipes import LOOPBACK, memory

FLOODS = {
    "nothing": (0, ""),
    "junk": (50_000, "junk"),
    "wrongly keyed": (20_000, "keyed"),
    "wrongly keyed, ever new ports": (20_000, "ports"),
    "64 kB each": (10, "long"),
}
BURST = 0.002
"""Seconds between two bursts of datagrams."""
PORTS = 400
"""Sockets of the sender, each used for a while."""


def wrongly_keyed(username: str) -> bytes:
    """A check with the right user fragments and another password."""
    return (
        stun.Builder(stun.Method.BINDING, stun.Class.REQUEST, b"strangerbyte")
        .text(stun.Attribute.USERNAME, username)
        .number(stun.Attribute.PRIORITY, 1)
        .number(stun.Attribute.ICE_CONTROLLED, 1)
        .sign(b"no password of anybody")
        .fingerprint()
        .finish()
        .raw
    )


def long(number: int) -> bytes:
    """A request of 60 attributes that nobody knows, as long as a datagram can be."""
    builder = stun.Builder(stun.Method.BINDING, stun.Class.REQUEST, number.to_bytes(12, "big"))
    for attribute in range(60):
        builder.add(0x8500 + attribute, b"x" * 1060)
    return builder.finish().raw


def send(kind: str, port: int, rate: float, seconds: float, username: str) -> int:
    """Run by the process that sends; how many left."""
    made = {"junk": b"\x80 junk of nobody", "long": long(0)}.get(kind) or wrongly_keyed(username)
    sockets = []
    for _ in range(PORTS if kind in ("ports", "long") else 1):
        sockets.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        sockets[-1].connect(("127.0.0.1", port))
    sent, began = 0, time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        while sent < passed * rate:
            with contextlib.suppress(OSError):  # the receiver's buffer is full, or it has closed
                sockets[sent % len(sockets)].send(made)
            sent += 1
        time.sleep(BURST)
    return sent


@dataclass
class Watched:
    """One side: its session, and how late its stream was."""

    source: Source
    session: Session = field(default_factory=Session)
    latest: float = 0.0
    """Seconds, the most by which an event came later than the promptest one."""
    prompt: float = float("inf")
    paths: int = 0

    def take(self, event: events.AnyEvent) -> None:
        self.session.apply(event)
        late = time.monotonic() - event.t
        self.prompt = min(self.prompt, late)
        self.latest = max(self.latest, late - self.prompt)
        self.paths += isinstance(event, events.SelectedPairChanged)


async def follow(watched: Watched) -> None:
    async for event in watched.source.events():
        watched.take(event)


async def until(true: Callable[[], object], within: float = 15.0) -> None:
    end = time.monotonic() + within
    while not true():
        if time.monotonic() > end:
            raise TimeoutError
        await asyncio.sleep(0.02)


async def flooded(name: str, seconds: float, folder: Path) -> None:
    """One flood, and its figures."""
    rate, kind = FLOODS[name]
    engine = ProcessSource(first=(LOOPBACK,))
    recording = folder / f"{kind or 'nothing'}.jsonl"
    one, other = Watched(Recorded(engine, recording)), Watched(ProcessSource(first=(LOOPBACK,)))
    followers = [asyncio.create_task(follow(one)), asyncio.create_task(follow(other))]
    try:
        for a, b in ((one, other), (other, one)):
            await until(lambda b=b: b.session.blob is not None and b.session.blob.complete)
            assert b.session.blob is not None
            a.source.send(events.Paste(text=b.session.blob.blob))
        await until(lambda: one.session.state == "completed")
        await asyncio.sleep(2.0)
        local = next(iter(one.session.local_candidates.values()))
        assert one.session.started is not None
        username = f"{one.session.started.ufrag}:{one.session.remote_ufrag}"
        before, size = memory(engine.pid), recording.stat().st_size
        one.latest, one.paths = 0.0, 0
        answered = _answers(one.session)
        sender = None
        if rate:
            code = f"from tests.attack.strangers import send; print(send({kind!r}, {local.port}, "
            code += f"{rate}, {seconds}, {username!r}))"
            sender = await asyncio.create_subprocess_exec(
                sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE
            )
        await asyncio.sleep(seconds)
        await asyncio.sleep(1.5)
        sent = int((await sender.communicate())[0]) if sender is not None else 0
        grown = memory(engine.pid) - before
        minute = (recording.stat().st_size - size) * 60 / seconds
        strange = sum(one.session.strangers.values())
        print(
            f"{name:32} {sent / seconds:8,.0f}/s  path changes {one.paths}  "
            f"state {one.session.state}  answers of the peer {_answers(one.session) - answered:3}  "
            f"stream late {one.latest:5.2f} s  engine {grown:+6.1f} MB  "
            f"recording {minute / 1e6:5.2f} MB/min  counted {strange:,}"
        )
    finally:
        for side in (one, other):
            await side.source.close()
        for follower in followers:
            follower.cancel()


def _answers(session: Session) -> int:
    pair = session.selected_pair
    return 0 if pair is None else pair.responses_received


async def all_of(seconds: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in FLOODS:
            await flooded(name, seconds, Path(folder))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    asyncio.run(all_of(parser.parse_args().seconds))


if __name__ == "__main__":
    main()
