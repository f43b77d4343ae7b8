"""Event streams of a few hundred simulated networks: ``--keep`` and ``--compare``.

What belongs here: whether a change of the engine changes what it says. Of each side a hash of every
event it wrote, and beside it what a person would call the outcome: which pairs ended how, which
states and paths came when. A change that is to change nothing leaves the hashes as they are; one
that moves times leaves the outcome.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from icetui import events, signaling
from icetui.events import Event, StartSession, StunServer, TurnServer
from icetui.session import Session
from icetui.streams.own_form import own_mid
from icetui.vnet.network import Network, Server
from icetui.vnet.network_parts import Attachment, Host, Interface, Line, Link, NatKind, Router
from icetui.vnet.peer import Peer
from icetui.vnet.servers import StunOptions, TurnOptions
from icetui.vnet.world import World
from tests.vnet.search.play import command
from tests.vnet.search.random_network import random_network

STUN, OTHER_STUN = "192.0.2.50", "192.0.2.60"
KINDS: tuple[NatKind, ...] = ("open", "cone", "arc", "prc", "sym", "udpblock")
NATS = KINDS[:5]
TOLERANCE = 0.06
"""Seconds by which times may differ and the outcome still be the same."""

Act = tuple[float, str, tuple[str, ...]]
"""What happens so many seconds after both pasted: a change or a command, and to whom."""


@dataclass(frozen=True)
class Case:
    """One network and what is done in it."""

    name: str
    network: Network
    late: float = 0.0
    """Seconds by which bob's paste comes after alice's."""
    acts: tuple[Act, ...] = ()
    lasts: float = 4.0
    start: dict[str, Any] = field(default_factory=dict)
    turn: bool = True
    damage: str = ""
    """What is done to the texts that are pasted."""


def homes(alice: NatKind, bob: NatKind, seed: int, line: Line | None = None) -> Network:
    """Two homes behind a NAT each, a STUN and a TURN server."""
    line = Line(delay=0.025) if line is None else line

    def home(name: str, nat: NatKind) -> Router:
        outside = (Attachment("internet", line=line),)
        return Router(inside=(Attachment(f"{name}-lan"),), outside=outside, nat=nat)

    return Network(
        seed=seed,
        routers={"alice-nat": home("alice", alice), "bob-nat": home("bob", bob)},
        hosts={n: Host(interfaces=(Interface(f"{n}-lan"),)) for n in ("alice", "bob")}
        | {"stun": _stun_host()},
        servers=_servers(),
    )


def _stun_host() -> Host:
    return Host(interfaces=(Interface("internet", addresses=(f"{STUN}/24", f"{OTHER_STUN}/24")),))


def _servers() -> dict[str, Server]:
    return {
        "stun": Server(StunOptions(other_addresses=(OTHER_STUN,)), host="stun"),
        "turn": Server(TurnOptions(users={"alice": "secret"})),
    }


def one_lan(seed: int, line: Line) -> Network:
    """Both in one home."""
    home = Router(
        inside=(Attachment("lan"),),
        outside=(Attachment("internet", line=Line(delay=0.02)),),
        nat="prc",
    )
    hosts = {n: Host(interfaces=(Interface("lan", line=line),)) for n in ("alice", "bob")}
    return Network(
        seed=seed,
        links={"lan": Link()},
        routers={"home": home},
        hosts=hosts | {"stun": _stun_host()},
        servers=_servers(),
    )


def two_interfaces(alice: NatKind, bob: NatKind, seed: int) -> Network:
    """Alice has another interface, right on the internet."""
    network = homes(alice, bob, seed)
    both = (
        Interface("alice-lan"),
        Interface("internet", name="eth1", line=Line(delay=0.04)),
    )
    hosts = network.hosts | {"alice": Host(interfaces=both)}
    return msgspec.structs.replace(network, hosts=hosts)


def cases() -> Iterator[Case]:
    """All of them; the same each time."""
    grid = [(a, b) for a in KINDS for b in KINDS]
    plain = [(a, b) for a in NATS for b in NATS]
    jittery = Line(delay=0.03, jitter=0.01, loss=0.2)
    for n, (a, b) in enumerate(grid):
        texts: Act = (1.5, "text", ("alice",))
        yield Case(f"prompt {a} {b}", homes(a, b, n), acts=(texts,))
        yield Case(f"late {a} {b}", homes(a, b, n), late=5.0)
        yield Case(f"lossy {a} {b}", homes(a, b, n, jittery), lasts=5.0)
    for n, (a, b) in enumerate(plain):
        cut: tuple[Act, ...] = (
            (2.0, "cut", ("alice-nat",)), (6.0, "restore", ("alice-nat",)),
        )  # fmt: skip
        yield Case(f"cut {a} {b}", homes(a, b, n), acts=cut, lasts=11.0)
        yield Case(
            f"rebind {a} {b}", homes(a, b, n), acts=((2.0, "rebind", ("bob-nat",)),), lasts=8
        )
    for n, (a, b) in enumerate(
        [("sym", "sym"), ("sym", "prc"), ("udpblock", "prc"), ("prc", "sym")]
    ):
        network = homes(a, b, n)  # type: ignore[arg-type]  # these are names of NATs
        restart: tuple[Act, ...] = ((2.0, "restart", ("turn",)),)
        yield Case(f"server restart {a} {b}", network, acts=restart, lasts=8.0)
        yield Case(f"no relay {a} {b}", network, turn=False, lasts=8.0)
    for n, loss in enumerate((0.0, 0.05, 0.1, 0.3, 0.5)):
        yield Case(f"lan {loss}", one_lan(n, Line(delay=0.001, loss=loss)), lasts=6.0)
    for n, (a, b) in enumerate(plain[::3]):
        network = two_interfaces(a, b, n)
        yield Case(f"interfaces {a} {b}", network)
        cut = ((2.0, "cut", ("alice.eth1",)), (7.0, "restore", ("alice.eth1",)))
        yield Case(f"interfaces cut {a} {b}", network, acts=cut, lasts=12.0)
    for n, (a, b) in enumerate(plain[1::3]):
        yield Case(f"ipv6 {a} {b}", msgspec.structs.replace(homes(a, b, n), ipv6=True))
        yield Case(f"relay only {a} {b}", homes(a, b, n), start={"relay_only": True})
    for n, (a, b) in enumerate(plain[2::3]):
        again: tuple[Act, ...] = (
            (1.5, "ice restart", ("alice",)), (2.0, "paste", ("bob", "alice")),
            (2.5, "paste", ("alice", "bob")), (3.5, "text", ("bob",)),
        )  # fmt: skip
        both: tuple[Act, ...] = (
            (1.5, "ice restart", ("alice",)), (1.5, "ice restart", ("bob",)),
            (2.0, "paste", ("bob", "alice")), (2.5, "paste", ("alice", "bob")),
        )  # fmt: skip
        yield Case(f"restart {a} {b}", homes(a, b, n), acts=again, lasts=6.0)
        yield Case(f"both restart {a} {b}", homes(a, b, n), acts=both, lasts=6.0)
        nominate: tuple[Act, ...] = ((2.0, "nominate", ("alice",)), (2.0, "nominate", ("bob",)))
        yield Case(f"by hand {a} {b}", homes(a, b, n), acts=nominate)
        yield Case(f"goodbye {a} {b}", homes(a, b, n), acts=((2.0, "leave", ("alice",)),))
    for n, (a, b) in enumerate(plain[::5]):
        yield Case(f"wrong password {a} {b}", homes(a, b, n), damage="password", lasts=8.0)
        yield Case(f"two answers {a} {b}", homes(a, b, n), damage="answer")
        yield Case(f"two offers {a} {b}", homes(a, b, n), damage="offer")
    for seed in range(100):
        yield Case(f"random {seed}", random_network(seed), lasts=8.0)


class Playing:
    """One case as it runs."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.world = World(case.network)
        self.lines: dict[str, list[bytes]] = {"alice": [], "bob": []}
        self.sessions = {name: Session() for name in self.lines}
        self.peers = {name: self._begin(name) for name in self.lines}

    def _begin(self, name: str) -> Peer:
        session = self.case.network.sessions.get(name)
        if session is not None:
            start = command(session)
        else:
            start = StartSession(
                stun_servers=(StunServer(host=STUN),),
                turn_servers=(self._turn(),) if self.case.turn else (),
                **self.case.start,
            )

        def heard(event: Event) -> None:
            self.lines[name].append(events.encode(event))
            self.sessions[name].apply(event)  # type: ignore[arg-type]  # all are of the union

        return Peer(self.world.hosts[name], start, heard)

    def _turn(self) -> TurnServer:
        addresses = [a for _, a in self.world.hosts["turn"].interfaces() if a.startswith("192.0.2")]
        return TurnServer(host=addresses[0], username="alice", password="secret")

    def play(self) -> None:
        """From gathering to the end."""
        clock = self.world.clock
        clock.run_until_true(lambda: all(p.gathered for p in self.peers.values()), 8.0)
        blobs = {name: peer.blob for name, peer in self.peers.items()}
        texts = {"bob": self._text(blobs["bob"], blobs["alice"])}
        texts["alice"] = self._text(blobs["alice"], blobs["bob"])
        self._paste("alice", texts["bob"])
        clock.run_for(self.case.late)
        self._paste("bob", texts["alice"])
        began = clock.now
        for at, what, whom in self.case.acts:
            clock.run_until(began + at)
            self._act(what, whom)
        clock.run_until(began + self.case.lasts)
        for name, peer in self.peers.items():
            if not self.world.hosts[name].loop.suspended:
                peer.leave()
        clock.run_for(1.0)
        for host in self.world.hosts.values():
            host.loop.close()

    def _text(self, blob: str, reader: str) -> str:
        """What whoever has the blob `reader` is given to read."""
        if not blob or not reader:
            return blob
        theirs = signaling.read(blob)
        if self.case.damage == "password":
            return signaling.write_blob(msgspec.structs.replace(theirs, pwd="A" * 22))
        if self.case.damage == "answer":
            return signaling.write_sdp(theirs, "answer", own_mid(signaling.read(reader).ufrag))
        if self.case.damage == "offer":
            return signaling.write_sdp(theirs, "offer")
        return blob

    def _paste(self, name: str, text: str) -> None:
        if text:
            self.peers[name].send(events.Paste(text=text))

    def _act(self, what: str, whom: tuple[str, ...]) -> None:
        if what in ("cut", "restore", "rebind", "restart"):
            self.world.change(what, whom[0])
        elif what == "paste":
            self._paste(whom[0], self.peers[whom[1]].blob)
        elif what == "ice restart":
            self.peers[whom[0]].send(events.Restart())
        elif what == "text":
            self.peers[whom[0]].send(events.SendText(text=f"from {whom[0]}"))
        elif what == "leave":
            self.peers[whom[0]].leave()
        else:
            pairs = self.sessions[whom[0]].pairs.values()
            spare = [p.id for p in pairs if p.valid and not p.nominated]
            self.peers[whom[0]].send(events.Nominate(pair=(spare or ["L9-R9"])[0]))

    # --- what is kept ---------------------------------------------------------------------------

    def kept(self) -> dict[str, Any]:
        """By side."""
        found = {name: self._side(name) for name in self.lines}
        return found | {"failures": [str(f) for f in self.world.failures]}

    def _side(self, name: str) -> dict[str, Any]:
        session, lines = self.sessions[name], self.lines[name]
        pairs = {
            f"{self._address(session.local_candidates.get(p.local))} "
            f"{self._address(session.remote_candidates.get(p.remote))}":
            f"{p.state} {p.reason or ''} {'relayed' if p.relayed else ''}"
            for p in session.pairs.values()
        }  # fmt: skip
        states: list[tuple[float, str]] = []
        paths: list[tuple[float, str]] = []
        for line in lines:
            if b'"connection-state-changed"' in line:
                event = json.loads(line)
                states.append((event["t"], event["state"]))
            elif b'"selected-pair-changed"' in line:
                event = json.loads(line)
                paths.append((event["t"], event["pair"] or ""))
        digest = hashlib.sha256(b"".join(lines)).hexdigest()
        return {
            "sha256": digest, "events": len(lines), "pairs": pairs, "states": states,
            "paths": paths,
        }  # fmt: skip

    @staticmethod
    def _address(candidate: events.Candidate | None) -> str:
        return f"{candidate.type} {candidate.address}" if candidate is not None else "?"


def play(case: Case) -> tuple[str, dict[str, Any]]:
    """Play one and say what came of it."""
    began = time.process_time()
    playing = Playing(case)
    playing.play()
    return case.name, playing.kept() | {"cpu": time.process_time() - began}


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What a person would call different in one network."""
    found = []
    for side in ("alice", "bob"):
        one, other = before[side], after[side]
        if one["sha256"] == other["sha256"]:
            continue
        for what in ("states", "paths"):
            was, now = [w for _, w in one[what]], [w for _, w in other[what]]
            if was != now:
                found.append(f"{side}: {what} {was} now {now}")
                continue
            late = [
                f"{w} {a:.3f} now {b:.3f}"
                for (a, w), (b, _) in zip(one[what], other[what], strict=True)
                if abs(a - b) > TOLERANCE
            ]
            found += [f"{side}: {what}: {moment}" for moment in late]
        changed = [
            f"{pair}: {one['pairs'].get(pair)} now {other['pairs'].get(pair)}"
            for pair in {**one["pairs"], **other["pairs"]}
            if one["pairs"].get(pair) != other["pairs"].get(pair)
        ]
        found += [f"{side}: {c}" for c in changed]
    found += [f"failed: {f}" for f in after["failures"]]
    return found


def main() -> int:
    """Exit code 1: something differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.vnet.streams", description=__doc__)
    parser.add_argument("--keep", type=Path, metavar="FILE", help="write what is said now")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="with what was said then")
    parser.add_argument("--only", default="", metavar="TEXT", help="networks with this in the name")
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    parser.add_argument("--names", action="store_true", help="of all that differ in any byte")
    options = parser.parse_args()
    wanted = [case for case in cases() if options.only in case.name]
    with ProcessPoolExecutor(options.jobs) as pool:
        found = dict(pool.map(play, wanted, chunksize=4))
    cpu = sum(f["cpu"] for f in found.values())
    print(f"{len(found)} networks, {cpu:.1f} s of CPU")
    if options.keep is not None:
        options.keep.write_text(json.dumps(found), encoding="utf-8")
    if options.compare is None:
        return 0
    before = json.loads(options.compare.read_text(encoding="utf-8"))
    same = different = 0
    for name, now in found.items():
        sides = ("alice", "bob")
        identical = all(before[name][s]["sha256"] == now[s]["sha256"] for s in sides)
        said = differences(before[name], json.loads(json.dumps(now)))
        same += identical
        different += bool(said)
        for line in said:
            print(f"{name}: {line}")
        if options.names and not identical:
            print(f"{name}: not the same bytes")
    print(f"{same} of {len(found)} the same byte for byte, {different} with another outcome")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
