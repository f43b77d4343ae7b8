"""Engines on the lab's hosts, told directly what to do, and what their events say afterwards.

Both sides learn of each other only when both have gathered, and in the same moment, so that "both
know both" is exact. Events are decoded when they are asked for, never while something is measured.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from icetui import events
from icetui.events import AnyEvent, StartSession, StunServer, TurnServer
from icetui.session import Session, fold
from icetui.streams.event_reader import EventReader
from tests.lab import netns
from tests.lab.lab import Host, Lab
from tests.lab.topology import (
    SERVER_V4,
    STUN_PORT,
    TURN_PASSWORD,
    TURN_USER,
    Site,
    Topology,
)
from tests.lab.weather import Weather

E = TypeVar("E", bound=events.Event)

POLL = 0.02
PATIENCE = 20.0
DELAY = 0.025
"""Seconds of each uplink but the server's: host to host 100 ms there and back, to the server 50."""
ROUND_TRIP, TO_SERVER = 4 * DELAY, 2 * DELAY

STUN = StunServer(host=SERVER_V4[0], port=STUN_PORT)
TURN = TurnServer(host=SERVER_V4[0], port=STUN_PORT, username=TURN_USER, password=TURN_PASSWORD)
STUN_ONLY = StartSession(stun_servers=(STUN,))
BOTH = StartSession(stun_servers=(STUN,), turn_servers=(TURN,))
NO_SERVERS = StartSession()

KEEP = os.environ.get("ICETUI_BENCH_KEEP")
"""A folder that gets the event stream of every engine."""
_names = itertools.count(1)


class Engine:
    """One engine process on a host."""

    def __init__(self, host: Host, start: StartSession, note: str = "") -> None:
        self.host = host
        self.note = note
        argv = netns.command(host.namespace, sys.executable, "-m", "icetui.engine")
        self.process: subprocess.Popen[bytes] = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=host.environment(),
            bufsize=0,
        )
        self._lines: list[bytes] = []
        self._events: list[AnyEvent] = []
        self._reader = EventReader()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        self.send(start)

    def _read(self) -> None:
        assert self.process.stdout is not None
        rest = b""
        with self.process.stdout as out:
            while chunk := out.read(65536):
                *lines, rest = (rest + chunk).split(b"\n")
                self._lines += lines

    def send(self, command: events.AnyCommand) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(events.encode(command))

    @property
    def told(self) -> list[AnyEvent]:
        """All events so far."""
        for line in self._lines[self._reader_at :]:
            event = self._reader.read(line)
            self._reader_at += 1
            if event is not None:
                self._events.append(event)
        return self._events

    _reader_at = 0

    def of(self, kind: type[E]) -> list[E]:
        """The events of one kind so far."""
        return [event for event in self.told if isinstance(event, kind)]

    def first(
        self, kind: type[E], holds: Callable[[E], bool] = lambda _: True, timeout: float = PATIENCE
    ) -> E | None:
        """The first event of that kind for which `holds`; None if none came in time."""
        deadline = time.monotonic() + timeout
        while True:
            for event in self.of(kind):
                if holds(event):
                    return event
            if time.monotonic() > deadline or self.process.poll() is not None:
                return next((e for e in self.of(kind) if holds(e)), None)
            time.sleep(POLL)  # read by a thread; events carry their own time

    def session(self) -> Session:
        """What the events come to."""
        return fold(self.told)

    def gathered(self) -> str:
        """Its blob once gathering is complete."""
        done = self.first(events.BlobChanged, lambda e: e.complete)
        if done is None:
            raise RuntimeError(f"{self.host.name} did not gather: {self.told[-3:]}")
        return done.blob

    def connected_at(self) -> float | None:
        """Wall time of the first path."""
        paths = self.of(events.SelectedPairChanged)
        return next((e.wall for e in paths if e.pair is not None), None)

    def described_at(self) -> float:
        """Wall time from which it knew the other side's description."""
        return self.of(events.DescriptionAccepted)[0].wall

    def leave(self) -> None:
        """End it, politely first."""
        with contextlib.suppress(OSError):
            self.send(events.Leave())
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._thread.join(5)
        if self.process.stdin is not None:
            self.process.stdin.close()
        if KEEP:
            name = f"{next(_names):03}-{self.note or 'engine'}-{self.host.name}.jsonl"
            Path(KEEP, name).write_bytes(b"\n".join(self._lines) + b"\n")


@contextlib.contextmanager
def engines(
    *hosts: Host, start: StartSession = BOTH, note: str = ""
) -> Iterator[tuple[Engine, ...]]:
    """An engine on each host, ended afterwards all at once."""
    running = tuple(Engine(host, start, note) for host in hosts)
    try:
        yield running
    finally:
        for engine in running:
            with contextlib.suppress(OSError):
                engine.send(events.Leave())
        for engine in running:
            engine.leave()


def introduce(alice: Engine, bob: Engine) -> float:
    """Hand over both blobs once both are complete; the wall time from which both know both."""
    blobs = alice.gathered(), bob.gathered()
    bob.send(events.Paste(text=blobs[0]))
    alice.send(events.Paste(text=blobs[1]))
    for engine in (alice, bob):
        if engine.first(events.DescriptionAccepted) is None:
            raise RuntimeError(f"{engine.host.name} did not take the blob: {engine.told[-2:]}")
    return max(alice.described_at(), bob.described_at())


def await_path(*running: Engine, timeout: float = PATIENCE) -> list[float | None]:
    """When each has its first path."""
    for engine in running:
        engine.first(events.SelectedPairChanged, lambda e: e.pair is not None, timeout)
    return [engine.connected_at() for engine in running]


def later(times: list[float | None], since: float) -> float | None:
    """Seconds until the last of them; None if one never came."""
    known = [time for time in times if time is not None]
    return max(known) - since if known and len(known) == len(times) else None


def relays(session: Session, *, first: bool = False) -> int | None:
    """How many relayed addresses the path, or the first one, leads over; None without a path."""
    paths = [event.pair for event in session.path_history if event.pair is not None]
    name = paths[0] if first and paths else session.selected
    pair = session.pairs.get(name) if name else None
    if pair is None:
        return None
    local = session.local_candidates.get(pair.local)
    remote = session.remote_candidates.get(pair.remote)
    ours = local is not None and local.type == "relay"
    theirs = remote is not None and remote.address in SERVER_V4
    return ours + theirs


def lab_of(alice: str | Site, bob: str | Site, *, delay: float = DELAY, loss: float = 0.0) -> Lab:
    """Alice and Bob, each behind a router of that kind, `delay` seconds up each uplink."""
    weather = {name: Weather(delay=delay, loss=loss) for name in ("alice", "bob")}
    return Lab.build(Topology.pair(alice, bob), weather=weather)
