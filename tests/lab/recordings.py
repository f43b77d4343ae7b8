"""The sessions that the pictures are drawn from: `python -m tests.lab record` plays them anew.

Two headless icetui on a line of 12 ms each way; what Alice's says is kept in tests/recordings.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.lab.lab import Lab
from tests.lab.topology import BLACKHOLE_V4, STUN_URL, TURN_TCP_URL, TURN_UDP_URL, Topology
from tests.lab.weather import Weather

RECORDINGS = Path(__file__).parents[1] / "recordings"
LINE = Weather(delay=0.0058, jitter=0.0012)
STUN = ("--stun", STUN_URL)
RELAY = ("--turn", TURN_UDP_URL)
WRONG_PASSWORD = ("--turn", TURN_TCP_URL.replace(":secret@", ":hunter2@"))
DEAD = ("--stun", f"stun:{BLACKHOLE_V4}:3478")
LIMITS = ("--hold", "12", "--give-up", "9")
SESSIONS = {
    "connected": (("prc", "prc"), (*STUN, *WRONG_PASSWORD), (*STUN, *RELAY)),
    "relayed": (("sym", "sym"), (*STUN, *RELAY), STUN),
    "failed": (("sym", "prc"), (*STUN, *WRONG_PASSWORD, *DEAD), STUN),
    "waiting": (("cone", "prc"), (*STUN, *WRONG_PASSWORD), STUN),
}
"""NAT kinds, Alice's options, Bob's."""


def record(name: str) -> None:
    """Play one session; while `waiting` Alice never gets Bob's blob."""
    kinds, *options = SESSIONS[name]
    with Lab.build(Topology.pair(*kinds)) as lab, tempfile.TemporaryDirectory() as folder:
        for link in lab.links:
            lab.set_weather(link, LINE)
        running = []
        for (host, other), chosen in zip(
            (("alice", "bob"), ("bob", "alice")), options, strict=True
        ):
            theirs = "nobody" if name == "waiting" and host == "alice" else other
            files = ("--blob-out", f"{folder}/{host}", "--blob-in", f"{folder}/{theirs}")
            kept = ("--record", str(RECORDINGS / f"{name}.jsonl")) if host == "alice" else ()
            argv = (sys.executable, "-m", "icetui", "peer", *files, *LIMITS, *chosen, *kept)
            running.append(
                lab[host].spawn(*argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            )
        for process in running:
            process.wait(40)
    print(f"{name}: {(RECORDINGS / f'{name}.jsonl').stat().st_size} bytes")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Which of them."""
    parser.add_argument("session", nargs="*", choices=[*SESSIONS, []], help="all by default")


def run(options: argparse.Namespace) -> int:
    """Play the chosen sessions one after the other."""
    for name in options.session or SESSIONS:
        record(name)
    return 0
