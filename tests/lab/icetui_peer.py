"""Runs ``icetui peer`` on the lab's hosts and reads what it says."""

from __future__ import annotations

import dataclasses
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.lab.lab import Host
from tests.lab.topology import STUN_URL, TURN_TCP_URL, TURN_UDP_URL

LIMIT = 40.0
"""Seconds after which a peer that has not ended by itself is ended."""
POLL = 0.02
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
    """One ``icetui peer``: its blob is in ``folder`` as ``name``, the other's as ``other``;
    without one it reads its standard input."""

    def __init__(
        self,
        host: Host,
        folder: Path,
        name: str,
        other: str | None,
        *options: str,
        servers: Sequence[str] = SERVERS,
        hold: float = 0.5,
        give_up: float = 20,
        limit: float = LIMIT,
        env: Mapping[str, str] | None = None,
        stdin: int = subprocess.DEVNULL,
    ) -> None:
        self._limit = limit
        argv = [sys.executable, "-m", "icetui", "peer", *servers, "--json"]
        argv += ["--blob-out", str(folder / name)]
        argv += ["--blob-in", str(folder / other)] if other else []
        argv += ["--hold", str(hold), "--give-up", str(give_up), *options]
        # No settings of the user's.
        home = folder / f"{name}.home"
        home.mkdir(exist_ok=True)
        self.stdout, self.stderr = folder / f"{name}.jsonl", folder / f"{name}.err"
        self.blob = folder / name
        with self.stdout.open("w") as out, self.stderr.open("w") as err:
            self.process = host.spawn(
                *argv,
                stdout=out,
                stderr=err,
                env={"HOME": str(home), "XDG_CONFIG_HOME": str(home), **(env or {})},
                stdin=stdin,
            )

    def events(self) -> list[dict[str, Any]]:
        """What it has printed so far."""
        lines = self.stdout.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("\n")]

    def wait_for(self, event: str, timeout: float = LIMIT, **values: object) -> dict[str, Any]:
        """The first event of that name with these values. Raises ``TimeoutError``."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            for found in self.events():
                if found["event"] == event and values.items() <= found.items():
                    return found
            if self.process.poll() is not None:
                break
            time.sleep(POLL)  # its output is a file, and a file tells nobody
        raise TimeoutError(f"no {event} {values}; exit {self.process.poll()}")

    def interrupt(self) -> None:
        """As Ctrl-C does: a connected peer leaves and says so."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)

    def outcome(self) -> Outcome:
        """Wait for the end."""
        try:
            self.process.wait(self._limit)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return Outcome(self.process.returncode, self.events(), self.stderr.read_text())


def pair(
    alice: Host, bob: Host, folder: Path, *options: str, **settings: Any
) -> tuple[Outcome, Outcome]:
    """Two peers of which each reads the other's blob, to their ends."""
    one = Peer(alice, folder, "alice.blob", "bob.blob", *options, **settings)
    other = Peer(bob, folder, "bob.blob", "alice.blob", *options, **settings)
    return one.outcome(), other.outcome()


def gathered_pair(alice: Host, bob: Host, folder: Path) -> tuple[Outcome, Outcome]:
    """As ``pair``, but each learns of the other only when both have gathered all candidates."""
    one = Peer(alice, folder, "alice.blob", "bob.copy")
    other = Peer(bob, folder, "bob.blob", "alice.copy")
    for peer in (one, other):
        peer.wait_for("gathering-state-changed", state="complete")
    for peer in (one, other):
        hand_over(peer.blob, peer.blob.with_suffix(".copy"))
    return one.outcome(), other.outcome()


def hand_over(blob: Path, copy: Path) -> None:
    """Copy a blob as it is now, whole or not at all."""
    draft = copy.with_name(f"{copy.name}.draft")
    shutil.copy(blob, draft)
    draft.rename(copy)
