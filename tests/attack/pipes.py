"""A reader that has stopped, a process that does not read, an engine that is stopped.

`python -m tests.attack.pipes` prints, for each, what it costs: the memory of a real engine under
100,000 requests while nobody reads it, how long `send` takes, how soon silence is told, how soon a
signal is obeyed with a stalled stdout.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from icetui import events
from icetui.streams.event_reader import EventReader
from icetui.streams.process_source import ProcessSource, engine_argv

LOOPBACK = events.StartSession(interfaces=("lo",), ipv6=False)
REQUESTS = 100_000
STUN = bytes.fromhex("000100082112a442") + bytes(12) + bytes.fromhex("00240004000000ff")


def memory(pid: int) -> float:
    """Megabytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def stopped_reader() -> None:
    """An engine that is told its stdout's reader has stopped by nothing but a full pipe."""
    engine = subprocess.Popen(engine_argv(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert engine.stdin is not None
    assert engine.stdout is not None
    try:
        engine.stdin.write(events.encode(LOOPBACK))
        engine.stdin.flush()
        reader, port = EventReader(), 0
        while not port:
            event = reader.read(engine.stdout.readline())
            if isinstance(event, events.CandidateGathered):
                port = event.candidate.port
        before = memory(engine.pid)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as attacker:
            began = time.monotonic()
            for number in range(REQUESTS):
                attacker.sendto(STUN, ("127.0.0.1", port))
                if number % 20 == 0:
                    time.sleep(0.001)  # about 20,000 a second at most
            took = time.monotonic() - began
        grown = memory(engine.pid) - before
        print(f"stopped reader: {REQUESTS} requests in {took:.1f} s, engine + {grown:.1f} MB")
        began = time.monotonic()
        engine.send_signal(signal.SIGTERM)
        engine.wait(10)
        print(f"stopped reader: the engine obeys SIGTERM after {time.monotonic() - began:.2f} s")
    finally:
        engine.kill()
        engine.wait()


async def deaf_process() -> None:
    """`send` to a process that never reads."""
    source = ProcessSource((sys.executable, "-c", "import time; time.sleep(60)"))
    worst = 0.0
    for _ in range(200):
        began = time.monotonic()
        source.send(events.Paste(text="x" * 100_000))
        worst = max(worst, time.monotonic() - began)
    began = time.monotonic()
    await source.close()
    print(f"deaf process: send takes {worst * 1000:.1f} ms at most, close "
          f"{time.monotonic() - began:.2f} s")  # fmt: skip


async def stopped_engine() -> None:
    """An engine under SIGSTOP."""
    source = ProcessSource(first=(LOOPBACK,))
    stopped = 0.0
    async for event in source.events():
        if isinstance(event, events.Heartbeat) and not stopped:
            os.kill(source.pid, signal.SIGSTOP)
            stopped = time.monotonic()
        if isinstance(event, events.EngineSilent):
            print(f"stopped engine: told after {time.monotonic() - stopped:.1f} s")
            break
    began = time.monotonic()
    await source.close()
    print(f"stopped engine: closed in {time.monotonic() - began:.2f} s")


def stalled_stdout(number: signal.Signals) -> None:
    """`peer --json` into a pipe that is full."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(writing, True)
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "r"
        peer = subprocess.Popen(
            [sys.executable, "-m", "icetui", "peer", "--no-servers", "--interface", "lo", "--json",
             "--record", recording],
            stdin=subprocess.PIPE, stdout=writing, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            while not recording.exists() or b"blob-changed" not in recording.read_bytes():
                time.sleep(0.01)
            peer.send_signal(number)
            began = time.monotonic()
            peer.wait(30)
            print(f"stalled stdout: {number.name} obeyed after {time.monotonic() - began:.2f} s, "
                  f"exit code {peer.returncode}")  # fmt: skip
        finally:
            peer.kill()
            peer.wait()
    os.close(reading)
    os.close(writing)


def main() -> None:
    """Print the figures."""
    stopped_reader()
    asyncio.run(deaf_process())
    asyncio.run(stopped_engine())
    for number in (signal.SIGINT, signal.SIGTERM):
        stalled_stdout(number)


if __name__ == "__main__":
    main()
