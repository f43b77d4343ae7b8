"""Starts foreign peers on the lab's hosts and collects their result lines."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.lab import needs
from tests.lab.lab import Host
from tests.lab.peers import exchange, libnice, pion

LIMIT = 30.0
"""Seconds after which a peer that has not ended by itself is ended."""


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

    def result(self) -> dict[str, Any]:
        """Its result line; what it said instead if it has printed none."""
        try:
            out, err = self.process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
        lines = out.splitlines()
        if not lines:
            return {"peer": self.name, "state": "crashed", "path": None, "error": err[-2000:]}
        found: dict[str, Any] = json.loads(lines[-1])
        return found


def results(*peers: Foreign) -> list[dict[str, Any]]:
    """The result lines of peers that run at the same time."""
    return [peer.result() for peer in peers]


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
