"""A stage of kernel namespaces, on which peers are processes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from icetui import events, signaling
from icetui.events import AnyEvent
from icetui.session import Session
from icetui.streams.event_reader import EventReader
from tests.lab import netns
from tests.lab.icetui_peer import Peer
from tests.lab.lab import Lab
from tests.lab.scenarios.stage import GATHERING, LONG, WITH_TURN, Change, Stage

POLL = 0.05


class KernelStage(Stage):
    """Built on a lab."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab = lab
        self.folder = folder
        self.peers: dict[str, Peer] = {}
        self.read = EventReader()
        self.tables = 0
        self._stopped: list[int] = []

    # --- peers ----------------------------------------------------------------------------------

    def start(
        self,
        name: str,
        *options: str,
        servers: Sequence[str] = WITH_TURN,
        run: str = "",
        typed: bool = False,
        **environment: str,
    ) -> Peer:
        """Start a peer on the host of that name. ``run`` tells a second one from the first;
        ``typed`` gives it a standard input."""
        peer = Peer(
            self.lab[name],
            self.folder,
            f"{name}{run}",
            None if typed else f"{name}{run}.in",
            *options,
            servers=servers,
            hold=LONG,
            give_up=LONG,
            env=environment,
            stdin=subprocess.PIPE if typed else subprocess.DEVNULL,
        )
        self.peers[name] = peer
        return peer

    def gathered(self, *names: str) -> None:
        """Wait until these have complete blobs."""
        for name in names:
            self.peers[name].wait_for("blob-changed", GATHERING, complete=True)

    def blob_of(self, name: str) -> str:
        """Its blob as it is now."""
        return self.peers[name].blob.read_text()

    def put(self, taker: str, blob: str, change: Change | None = None) -> None:
        """Let that peer read this blob."""
        if change is not None:
            blob = signaling.write_blob(change(signaling.read(blob)))
        into = self.peers[taker].blob.with_name(f"{self.peers[taker].blob.name}.in")
        draft = into.with_suffix(".draft")
        draft.write_text(blob)
        draft.rename(into)

    def type_in(self, name: str, text: str) -> None:
        """Paste a text into a peer that was started with a standard input."""
        stdin = self.peers[name].process.stdin
        assert stdin is not None
        stdin.write(json.dumps({"command": "paste", "text": text}) + "\n")
        stdin.flush()

    def connected(self, *names: str) -> None:
        """Wait until these are connected."""
        for name in names:
            self.peers[name].wait_for("connection-state-changed", state="connected")
        self.wait(1.0)

    def kill(self, name: str) -> None:
        """End everything that runs on a host at once, without a goodbye."""
        pids = netns.processes_in([self.lab.namespace(name)])
        # All stand still first: an engine whose parent is gone would say goodbye.
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)

    def suspend(self, name: str) -> None:
        """Stop everything that runs on a host until the scenario ends."""
        self._stopped += netns.processes_in([self.lab.namespace(name)])
        for pid in self._stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def leave(self, name: str) -> None:
        """Let a peer leave as a user would."""
        self.peers[name].process.terminate()

    # --- the network ----------------------------------------------------------------------------

    def rules(self, part: str, rule: str, hook: str = "forward") -> None:
        """Add an nftables rule to a host, a router, or ``net``."""
        self.tables += 1
        table = f"broken{self.tables}"
        text = (
            f"add table ip {table}\n"
            f"add chain ip {table} rules {{ type filter hook {hook} priority filter; }}\n"
            f"add rule ip {table} rules {rule}\n"
        )
        netns.run_all([netns.nft(self.lab.namespace(part), text)])

    def ip(self, part: str, *lines: str) -> None:
        """Run ``ip`` commands in a part of the lab."""
        netns.run_all([netns.ip_batch(lines, self.lab.namespace(part))])

    def home(self, name: str, network: int) -> None:
        inside, outside = f"192.168.{network}.2", self.lab[name].address
        self.ip(
            name,
            "link add home0 type bridge",
            f"addr add {inside}/24 dev home0",
            "link set home0 up",
            f"rule add from {inside} lookup 100",
        )
        rules = (
            "add table ip home\n"
            "add chain ip home out { type nat hook postrouting priority srcnat; }\n"
            f"add rule ip home out ip saddr {inside} oifname eth0 snat to {outside}\n"
        )
        netns.run_all([netns.nft(self.lab.namespace(name), rules)])

    # --- looking --------------------------------------------------------------------------------

    def wall(self) -> float:
        return time.time()

    def wait(self, seconds: float) -> None:
        """Let time pass in the network."""
        time.sleep(seconds)  # what the network does meanwhile is the scenario

    def told(self, name: str) -> list[AnyEvent]:
        """What a peer has said so far."""
        if name not in self.peers:
            return []
        lines = self.peers[name].stdout.read_bytes().splitlines(keepends=True)
        found = (self.read.read(line) for line in lines if line.endswith(b"\n"))
        return [e for e in found if e is not None and not isinstance(e, events.Summary)]

    def until(self, name: str, holds: Callable[[Session], bool], timeout: float) -> bool:
        """Wait until that holds of a side's session; whether it came to that."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if holds(self.session(name)):
                return True
            time.sleep(POLL)  # a file tells nobody
        return False

    def end(self) -> None:
        """End both peers."""
        for pid in self._stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        for peer in self.peers.values():
            if peer.process.poll() is None:
                peer.process.terminate()
        for peer in self.peers.values():
            peer.outcome()
