"""icetui meets a foreign peer: over which cell, in which role, with whose relay.

Without relays: `by_text`. One meeting is what `test_interop_relayed` asserts; all of them by hand:
``python -m tests.lab interop``, for a table of every foreign peer in both roles.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.lab import peers
from tests.lab.foreign import Foreign, absent, blocks_udp
from tests.lab.icetui_peer import LIMIT, Outcome, Peer, hand_over
from tests.lab.lab import Host, Lab
from tests.lab.peers import exchange
from tests.lab.topology import STUN_URL, TURN_TCP_URL, TURN_UDP_URL, Site, Topology

ROLES = ("offer", "answer")
CELLS = {
    ("sym", "sym"): ("ours", "theirs", "both"),
    ("udpblock", "open"): ("ours",),
    ("open", "udpblock"): ("theirs",),
}
"""Where only a relay connects, by the NATs of icetui and of the foreign peer: who may have it."""
AT_ONCE = 2


@dataclasses.dataclass(frozen=True)
class Meeting:
    """icetui behind ``near``, the foreign peer ``name`` in ``role`` behind ``far``."""

    name: str
    role: str
    near: str
    far: str
    relay: str
    """Who knows a TURN server: ``ours``, ``theirs``, ``both`` or ``nobody``."""

    def __str__(self) -> str:
        return f"{self.name} {self.role}, {self.near}–{self.far}, relay {self.relay}"

    @property
    def id(self) -> str:
        """As a test is called."""
        return f"{self.name}-{self.role}-{self.near}-{self.far}-{self.relay}"


def relayed_meetings(names: Iterable[str] = peers.NAMES) -> list[Meeting]:
    """Every meeting that needs a relay."""
    return [
        Meeting(name, role, *cell, relay)
        for cell, relays in CELLS.items()
        for name, role, relay in itertools.product(names, ROLES, relays)
    ]


def build(meetings: Iterable[Meeting]) -> Lab:
    """One lab with a site of its own for each NAT kind and side that the meetings need."""
    sides = {f"i{meeting.near}": meeting.near for meeting in meetings}
    sides |= {f"f{meeting.far}": meeting.far for meeting in meetings}
    return Lab.build(
        Topology(
            sites={name: Site((kind,)) for name, kind in sides.items()},
            hosts={name: (name,) for name in sides},
        )
    )


def meet(lab: Lab, meeting: Meeting, folder: Path) -> tuple[Outcome, dict[str, Any]]:
    """One meeting in a lab of ``build``, to its end."""
    near, far = lab[f"i{meeting.near}"], lab[f"f{meeting.far}"]
    return on_hosts(near, far, meeting, folder)


def on_hosts(
    near: Host, far: Host, meeting: Meeting, folder: Path
) -> tuple[Outcome, dict[str, Any]]:
    """icetui on one host, the foreign peer on the other, which is given what a person would give
    it: icetui's description once gathering is complete."""
    handed = folder / "handed"
    ours = [STUN_URL] if meeting.relay == "theirs" else [STUN_URL, turn(near)]
    if meeting.relay == "nobody":
        ours = [STUN_URL]
    servers = [word for url in ours for word in (f"--{url.partition(':')[0]}", url)]
    theirs = [turn(far)] if meeting.relay in ("theirs", "both") else []
    foreign = Foreign(
        far, meeting.name, meeting.role, folder, [STUN_URL], theirs, other=handed, hold=1
    )
    form = ("--format", "json")
    peer = Peer(near, folder, "icetui", meeting.role, *form, servers=servers, hold=LIMIT)
    try:
        peer.wait_for("gathering-state-changed", state="complete")
        if meeting.role == "offer":
            peer.wait_for("description-accepted")
            # The answer is written a moment after the offer was accepted.
            exchange.read_description(peer.blob, "answer", timeout=5)
        hand_over(peer.blob, handed)
    except TimeoutError:
        foreign.process.kill()  # the outcomes below say why
    # It is the foreign peer that says when it is over: one that waits for better pairs before it
    # nominates connects seconds after data could flow.
    result = foreign.result()
    peer.interrupt()
    return peer.outcome(), result


def turn(host: Host) -> str:
    """The lab's TURN server by the transport that gets out."""
    return TURN_TCP_URL if blocks_udp(host) else TURN_UDP_URL


def add_options(parser: argparse.ArgumentParser) -> None:
    """What ``python -m tests.lab interop`` understands."""
    parser.add_argument("--peers", default=",".join(peers.NAMES), help="default: %(default)s")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="for the event streams")


def run(options: argparse.Namespace) -> int:
    """Every meeting that needs a relay; returns 1 if one of them failed."""
    names = []
    for name in options.peers.split(","):
        reason = absent(name) if name in peers.NAMES else "there is no such peer"
        if reason:
            print(f"without {name}: {reason}", file=sys.stderr)
        else:
            names.append(name)
    meetings = relayed_meetings(names)
    failures = 0
    print(
        f"{'peer':10}{'role':8}{'icetui':10}{'peer':10}{'relay':8}outcome: path, ms of both sides"
    )
    with (
        build(meetings) as lab,
        ThreadPoolExecutor(AT_ONCE) as pool,
        tempfile.TemporaryDirectory() as passing,
    ):

        def one(meeting: Meeting) -> tuple[Outcome, dict[str, Any]]:
            folder = (options.keep or Path(passing)) / meeting.id
            folder.mkdir(parents=True)
            return meet(lab, meeting, folder)

        for meeting, (outcome, result) in zip(meetings, pool.map(one, meetings), strict=True):
            wrong = problem(outcome, result)
            failures += wrong is not None
            told = wrong or f"relayed  {milliseconds(outcome, result)}"
            cells = (meeting.near, meeting.far)
            print(f"{meeting.name:10}{meeting.role:8}", end="")
            print(f"{cells[0]:10}{cells[1]:10}{meeting.relay:8}{told}", flush=True)
    print(f"{failures} of {len(meetings)} failed")
    return 1 if failures else 0


def problem(outcome: Outcome, result: dict[str, Any], path: str = "relayed") -> str | None:
    """What is wrong with a meeting that should have come to such a path."""
    if outcome.code == 0 and outcome.path == result["path"] == path:
        return None
    return f"FAILED  {outcome.explain()}; {result}"


def milliseconds(outcome: Outcome, result: dict[str, Any]) -> str:
    """Both sides' time to connect, each by its own clock."""
    ours = outcome.summary["time_to_first_path"]
    return f"{1000 * ours:.0f} / {1000 * result['time_to_connect']:.0f}"
