"""Runs ``icetui peer`` on the lab's hosts and reads what it says."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.lab.lab import Host
from tests.lab.topology import STUN_URL, TURN_TCP_URL, TURN_UDP_URL

LIMIT = 40.0
"""Seconds after which a peer that has not ended by itself is ended."""
SERVERS = ("--stun", STUN_URL, "--turn", TURN_UDP_URL, "--turn", TURN_TCP_URL)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a peer ended: its exit code and the events it printed."""

    code: int
    events: list[dict[str, Any]]
    stderr: str

    @property
    def summary(self) -> dict[str, Any]:
        """The last line; empty if the peer came to no end of its own."""
        last = self.events[-1] if self.events else {}
        return last if last.get("event") == "summary" else {}

    @property
    def state(self) -> str:
        return str(self.summary.get("state"))

    @property
    def path(self) -> str | None:
        """``direct``, ``relayed`` or none."""
        pair = self.summary.get("selected_pair")
        return ("relayed" if pair["relayed"] else "direct") if pair else None

    def explain(self) -> str:
        """For the message of a failed assertion."""
        pairs = [
            f"{pair['local']['type']}→{pair['remote']['type']} {pair['state']} "
            f"{pair.get('reason', '')} {pair.get('detail', '')}"
            for pair in self.summary.get("pairs", ())
        ]
        servers = self.summary.get("servers")
        return f"exit {self.code}, {self.state}, {pairs}, {servers}, said {self.stderr[-800:]}"


class Peer:
    """One ``icetui peer``: its blob is in ``folder`` as ``name``, the other's as ``other``."""

    def __init__(
        self,
        host: Host,
        folder: Path,
        name: str,
        other: str,
        *options: str,
        servers: Sequence[str] = SERVERS,
        hold: float = 0.5,
        give_up: float = 20,
    ) -> None:
        argv = [sys.executable, "-m", "icetui", "peer", *servers, "--json"]
        argv += ["--blob-out", str(folder / name), "--blob-in", str(folder / other)]
        argv += ["--hold", str(hold), "--give-up", str(give_up), *options]
        # No settings of the user's.
        home = folder / f"{name}.home"
        home.mkdir(exist_ok=True)
        self.process = host.spawn(*argv, env={"HOME": str(home), "XDG_CONFIG_HOME": str(home)})

    def outcome(self) -> Outcome:
        """Wait for the end."""
        try:
            out, err = self.process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
        events = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
        return Outcome(self.process.returncode, events, err)


def pair(
    alice: Host, bob: Host, folder: Path, *options: str, **settings: Any
) -> tuple[Outcome, Outcome]:
    """Two peers of which each reads the other's blob, to their ends."""
    one = Peer(alice, folder, "alice.blob", "bob.blob", *options, **settings)
    other = Peer(bob, folder, "bob.blob", "alice.blob", *options, **settings)
    return one.outcome(), other.outcome()
