"""The lab, the two peers and their blobs while a scenario is played."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from icetui import events, signaling
from icetui.event_reader import EventReader
from icetui.events import AnyEvent
from icetui.session import Session, fold
from icetui.signaling import Description
from tests.lab import netns
from tests.lab.icetui_peer import Peer
from tests.lab.lab import Lab
from tests.lab.topology import SERVER_V4, STUN_PORT, TURN_TCP_URL, TURN_UDP_URL

STUN = tuple(f"stun:{address}:{STUN_PORT}" for address in SERVER_V4)
TWO_STUN = ("--stun", STUN[0], "--stun", STUN[1])
"""Two addresses: a NAT that changes ports shows itself."""
WITH_TURN = (*TWO_STUN, "--turn", TURN_UDP_URL, "--turn", TURN_TCP_URL)
NONE = ("--no-servers",)
LONG = 60.0
"""Seconds after which a peer of a scenario gives up or ends its hold; none gets there."""
GATHERING = 12.0
POLL = 0.05

Change = Callable[[Description], Description]


class Stage:
    """What a scenario is played on."""

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

    def start_both(self, *options: str, servers: Sequence[str] = WITH_TURN) -> None:
        """Start Alice and Bob alike and wait until both have gathered."""
        for name in ("alice", "bob"):
            self.start(name, *options, servers=servers)
        self.gathered("alice", "bob")

    def gathered(self, *names: str) -> None:
        """Wait until these have complete blobs."""
        for name in names:
            self.peers[name].wait_for("blob-changed", GATHERING, complete=True)

    def hand(self, giver: str, taker: str, change: Change | None = None) -> None:
        """Give one's blob to the other, as it is now or changed on the way."""
        self.put(taker, self.blob_of(giver), change)

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

    def exchange(self) -> None:
        """Both get the other's blob."""
        self.hand("alice", "bob")
        self.hand("bob", "alice")

    def connect(self, *options: str, servers: Sequence[str] = WITH_TURN) -> None:
        """Start both, exchange the blobs, wait until both have a path and it has settled."""
        self.start_both(*options, servers=servers)
        self.exchange()
        self.connected("alice", "bob")

    def connected(self, *names: str) -> None:
        """Wait until these are connected."""
        for name in names:
            self.peers[name].wait_for("connection-state-changed", state="connected")
        self.wait(1.0)

    def kill(self, name: str) -> None:
        """End everything that runs on a host at once, without a goodbye."""
        for pid in netns.processes_in([self.lab.namespace(name)]):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

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

    def drop(self, source: str, target: str, *, share: int = 100) -> None:
        """Drop UDP between the outsides of two sites, in one direction, in the middle of the
        internet; ``share`` in percent."""
        plan = self.lab.topology.plan
        chance = f"numgen random mod 100 < {share} " if share < 100 else ""
        self.rules(
            "net",
            f"ip saddr {plan(source).public} ip daddr {plan(target).public} "
            f"meta l4proto udp {chance}drop",
        )

    # --- looking --------------------------------------------------------------------------------

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

    def session(self, name: str) -> Session:
        """The fold of it."""
        return fold(self.told(name))

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


def with_addresses(address: str) -> Change:
    """A change of a blob: all candidates are host candidates at ``address``."""

    def change(d: Description) -> Description:
        moved = (
            msgspec.structs.replace(
                c, type="host", address=address, related_address=None, related_port=None
            )
            for c in d.candidates[:1]
        )
        return msgspec.structs.replace(d, candidates=tuple(moved))

    return change


def only(kinds: Iterable[str]) -> Change:
    """A change of a blob: only candidates of these types are left."""
    wanted = set(kinds)

    def change(d: Description) -> Description:
        return msgspec.structs.replace(
            d, candidates=tuple(c for c in d.candidates if c.type in wanted)
        )

    return change
