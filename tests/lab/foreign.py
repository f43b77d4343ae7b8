"""Starts foreign peers on the lab's hosts and collects their result lines."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.lab import needs
from tests.lab.lab import Host
from tests.lab.peers import exchange, libnice, pion
from tests.lab.topology import STUN_URL, TURN_TCP_URL, TURN_UDP_URL

COMPARED = ("aioice", "libnice", "pion", "wrtc")
"""What icetui is held against: each connects with its like as soon as it can."""
LIMIT = 30.0
"""Seconds after which a peer that has not ended by itself is ended."""
CONNECT_LIMIT = 15.0
"""Seconds that two of a kind get to connect."""


class Foreign:
    """A peer that runs on ``host``; its description lies in ``folder`` under its role's name."""

    def __init__(
        self,
        host: Host,
        name: str,
        role: str,
        folder: Path,
        stun: Sequence[str] = (),
        turn: Sequence[str] = (),
        *,
        other: Path | None = None,
        hold: float = 0.5,
        extra: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.own = folder / role
        theirs = other or folder / ("answer" if role == "offer" else "offer")
        options = ["--role", role, "--out", str(self.own), "--in", str(theirs)]
        for url in stun:
            options += ["--stun", url]
        for url in turn:
            options += ["--turn", url]
        options += ["--hold", str(hold), *extra]
        self.process = host.spawn(sys.executable, "-m", f"tests.lab.peers.{name}", *options)

    def result(self, limit: float = LIMIT) -> dict[str, Any]:
        """Its result line; what it said instead if it has printed none."""
        try:
            out, err = self.process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
        lines = out.splitlines()
        if not lines:
            return {"peer": self.name, "state": "crashed", "path": None, "error": err[-2000:]}
        found: dict[str, Any] = json.loads(lines[-1])
        return found


def results(*peers: Foreign, limit: float = LIMIT) -> list[dict[str, Any]]:
    """The result lines of peers that run at the same time."""
    return [peer.result(limit) for peer in peers]


def blocks_udp(host: Host) -> bool:
    """Whether nothing but TCP leaves the host's first site."""
    return "udpblock" in host.lab.topology.sites[host.interfaces[0].site].nats


def connect(
    name: str, alice: Host, bob: Host, folder: Path, *, late: float = 0.0
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two of a foreign peer to their ends, with the lab's servers; Alice's result is first.

    She offers, and so she learns last and her time counts from when both know both. ``late`` is
    how many seconds she gets the answer later than it is there.
    """
    pair = []
    handed = folder / "handed"
    for role, host in (("offer", alice), ("answer", bob)):
        turn = [TURN_UDP_URL, TURN_TCP_URL]
        if name == "aioice":
            # It takes one server only: give it the one that helps.
            turn = [TURN_TCP_URL if blocks_udp(host) else TURN_UDP_URL]
        pair.append(
            Foreign(
                host,
                name,
                role,
                folder,
                [STUN_URL],
                turn,
                other=handed if late and role == "offer" else None,
                extra=("--timeout", str(CONNECT_LIMIT + late)),
            )
        )
    if late:
        exchange.read_description(folder / "answer", "answer", CONNECT_LIMIT)
        time.sleep(late)  # the lateness measured
        (folder / "answer").rename(handed)
    offering, answering = results(*pair, limit=LIMIT + late)
    return offering, answering


def absent(name: str) -> str | None:
    """Why a peer cannot run here; ``None`` if it can."""
    tools = {"wrtc": "node", "chromium": "chromium", "firefox": "firefox-esr"}
    tool = tools.get(name)
    if tool and shutil.which(tool) is None:
        return f"{tool} is not installed"
    if name == "wrtc" and not (exchange.CACHE / "node_modules/@roamhq/wrtc").is_dir():
        return "@roamhq/wrtc is not installed"
    if name == "aiortc" and not (exchange.CACHE / "aiortc/bin/python").exists():
        return "aiortc is not installed"
    if name == "pion" and not pion.binary().exists():
        return "the pion peer is not built"
    if name == "libnice":
        probe = "import gi; gi.require_version('Nice', '0.1'); from gi.repository import Nice"
        tried = subprocess.run([libnice.SYSTEM_PYTHON, "-c", probe], capture_output=True)
        if tried.returncode:
            return "libnice's GObject bindings are not installed"
    return None


def skip_if_absent(name: str) -> None:
    """Skip, or fail where the lab is required."""
    reason = absent(name)
    if reason:
        needs.skip(f"{reason}; python -m tests.lab install")
