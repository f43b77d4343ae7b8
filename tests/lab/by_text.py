"""icetui opposite every foreign peer, through text alone, several cases side by side.

``python -m tests.lab by-text`` prints one row for each case: the foreign peer in both roles, icetui
writing SDP and JSON, browsers with and without mDNS names. ``--late 120`` adds, for every peer in
both roles, a case in which the answer is handed over that late: the offerer waits for it through
two NATs. An answerer checks from the moment at which it has answered, and gives up by itself where
nothing answers it; icetui is in the open for it, and answers without knowing who asks.

Then the offers of real calls: audio, audio and video, and both with data, each with a BUNDLE group
and without one. And servers that only answer: ICE lite, and some that do not say that they are.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.lab import peers
from tests.lab.foreign import Foreign, absent
from tests.lab.icetui_peer import Outcome, Peer
from tests.lab.lab import Lab
from tests.lab.peers import exchange, sdp
from tests.lab.topology import STUN_URL, Topology

BROWSERS = ("chromium", "firefox")
CALLERS = ("chromium", "firefox", "aiortc", "wrtc", "pion")
"""Peers that have audio and video."""
CALLS = ("audio", "audio+video", "audio+video+data")
HEAD = (
    "peer", "place", "mdns", "its role", "what", "text", "late s", "icetui", "path", "theirs", "ms",
    "the peer", "verdict",
)  # fmt: skip
WIDTHS = (9, 6, 5, 9, 26, 5, 7, 18, 7, 7, 6, 20, 7)
STARTING = 40.0
"""Seconds a case may take besides holding and being late: browsers start slowly in company."""


@dataclasses.dataclass(frozen=True)
class Case:
    """One connection. Times in seconds."""

    name: str
    role: str
    """Of the foreign peer: ``offer`` or ``answer``."""
    form: str
    """What both write: ``sdp`` or ``json``."""
    mdns: bool = False
    late: float = 0
    """The answer is handed over that long after it was there."""
    media: str = "data"
    """What its offer holds."""
    bundled: bool = True
    """False: its offer says no BUNDLE group when it is handed over."""
    only_answers: str = ""
    """``lite``: it is ICE lite and says so; ``silent``: it sends no checks and does not say so."""

    @property
    def place(self) -> str:
        """Names that only a LAN resolves are tried in one, where nothing else helps; whoever only
        answers must be in the open."""
        if self.mdns:
            return "LAN"
        if self.only_answers:
            return "server"
        return "open" if self.late and self.role == "answer" else "NATs"

    @property
    def label(self) -> str:
        mdns, late = "-mdns" if self.mdns else "", f"-{self.late:g}-s-late" if self.late else ""
        what = f"-{self.what}".replace(" ", "-") if self.what != "data" else ""
        return f"{self.name}-{self.role}-{self.form}{what}{mdns}{late}"

    @property
    def what(self) -> str:
        """What is special about its description."""
        if self.only_answers:
            return self.only_answers
        return self.media + ("" if self.bundled else ", no group")

    @property
    def options(self) -> list[str]:
        """The foreign peer's, besides those that all have."""
        mdns = ["--mdns"] if self.mdns else []
        lite = ["--lite"] if self.only_answers == "lite" else []
        return ["--media", self.media, *mdns, *lite]


@dataclasses.dataclass(frozen=True)
class Met:
    """How a case ended at both ends."""

    case: Case
    outcome: Outcome
    result: dict[str, Any]
    hold: float
    gave_up: bool = False
    """The foreign peer had ended its session before icetui was given the late answer."""

    @property
    def held(self) -> float:
        """Seconds for which the foreign peer stayed connected."""
        return float(self.result.get("held") or 0)

    @property
    def connected(self) -> bool:
        """Whether both ends were connected and stayed so."""
        steady = self.held >= self.hold - 0.5
        return self.outcome.code == 0 and self.result["state"] == "connected" and steady

    @property
    def verdict(self) -> str:
        """In a word or three."""
        if self.connected:
            return "ok"
        return "it had given up" if self.gave_up else "FAILED"

    @property
    def row(self) -> tuple[str, ...]:
        """As ``HEAD`` names it."""
        case, summary = self.case, self.outcome.summary
        pair = summary.get("selected_pair") or {}
        first = summary.get("time_to_first_path")
        return (
            case.name,
            case.place,
            ("on" if case.mdns else "off") if case.name in BROWSERS else "-",
            case.role,
            case.what,
            case.form,
            f"{case.late:g}",
            f"exit {self.outcome.code} {summary.get('state')}",
            self.outcome.path or "-",
            pair.get("remote", {}).get("type", "-"),
            f"{1000 * first:.0f}" if first is not None else "-",
            f"{self.result['state']} {self.held:.0f} s",
            self.verdict,
        )

    def explain(self) -> str:
        """For the message of a failed assertion."""
        return f"{self.case}: {self.outcome.explain()}, {self.result}"


def cases(names: Iterable[str], *, late: float = 0) -> Iterator[Case]:
    """Every case of these peers; with ``late``, the late ones."""
    for name in names:
        for mdns in (False, True) if name in BROWSERS and not late else (False,):
            for role in ("offer", "answer"):
                for form in ("json",) if late else ("sdp", "json"):
                    yield Case(name, role, form, mdns, late)


def calls(names: Iterable[str]) -> Iterator[Case]:
    """Offers of audio and video, with and without a BUNDLE group."""
    for name in names:
        for media in CALLS if name in CALLERS else ():
            for bundled in (True, False):
                form = "json" if bundled else "sdp"
                yield Case(name, "offer", form, media=media, bundled=bundled)


def servers() -> Iterator[Case]:
    """Peers that only answer checks; as the offering side they have to say that they are lite."""
    for name in ("passive", "pion"):
        for role in ("offer", "answer"):
            for form in ("sdp", "json"):
                yield Case(name, role, form, only_answers="lite")
    for form in ("sdp", "json"):
        yield Case("passive", "answer", form, only_answers="silent")


TOPOLOGIES = {
    "server": Topology.pair("prc", "open"),
    "NATs": Topology.pair("prc", "prc"),
    "open": Topology.pair("open", "prc"),
    "LAN": Topology.shared("prc"),
}


def build(place: str) -> Lab:
    """A lab for the cases of one place; a LAN has no server."""
    return Lab.build(TOPOLOGIES[place], server=place != "LAN")


def meet(lab: Lab, case: Case, folder: Path, hold: float) -> Met:
    """One case from start to end: each side gets the other's text and nothing else.

    The texts are handed over as a person would: icetui's once it has gathered, the answer after
    ``case.late`` seconds. icetui leaves first.
    """
    folder.mkdir(exist_ok=True)
    longest = STARTING + case.late + hold
    servers = [STUN_URL] if lab.server else []
    own = Text(folder / "icetui", case.form)
    for_icetui = Text(folder / "for-icetui", case.form)
    for_foreign = Text(folder / "for-foreign", "json")
    foreign = Foreign(
        lab["bob"],
        case.name,
        case.role,
        folder,
        # In the open it needs none, and pion refuses one that it would not ask.
        [] if case.only_answers else servers,
        other=for_foreign.path,
        # It may be connected all the time that icetui waits for its answer.
        hold=hold + case.late + 2,
        extra=["--timeout", f"{STARTING + case.late:g}", *case.options],
    )
    theirs = Text(foreign.own, "json")
    gave_up = False
    peer = Peer(
        lab["alice"],
        folder,
        own.path.name,
        for_icetui.path.name,
        *("--format", case.form),
        servers=("--stun", STUN_URL) if servers else ("--no-servers",),
        hold=hold,
        give_up=longest,
        limit=longest + 5,
    )
    try:
        if case.role == "offer":
            offer = theirs.wait()
            if not case.bundled:
                offer = re.sub(r"a=group:BUNDLE[^\n]*\n", "", offer)
            for_icetui.write("offer", offer)
            peer.wait_for("description-accepted", longest)
            peer.wait_for("gathering-state-changed", longest, state="complete")
            mid = sdp.value(offer, "mid")
            answer = own.wait(lambda text: sdp.value(text, "mid") == mid)
            time.sleep(case.late)  # the lateness that the case is about
            for_foreign.write("answer", answer)
        else:
            peer.wait_for("gathering-state-changed", longest, state="complete")
            complete = own.wait(lambda text: "a=end-of-candidates" in text)
            for_foreign.write("offer", complete)
            answer = theirs.wait()
            time.sleep(case.late)  # the lateness that the case is about
            gave_up = foreign.process.poll() is not None
            for_icetui.write("answer", answer)
    except TimeoutError as problem:
        print(f"{case.label}: {problem}", file=sys.stderr)
    return Met(case, peer.outcome(), foreign.result(longest + STARTING), hold, gave_up)


@dataclasses.dataclass(frozen=True)
class Text:
    """A description in a file, as SDP or as JSON."""

    path: Path
    form: str

    def wait(self, wanted: Callable[[str], bool] = bool) -> str:
        """The SDP in the file once it is as wanted. Raises ``TimeoutError``."""
        deadline = time.monotonic() + STARTING
        while time.monotonic() < deadline:
            try:
                text = self.path.read_bytes().decode()
                found = text if self.form == "sdp" else str(json.loads(text)["sdp"])
            except (FileNotFoundError, json.JSONDecodeError):
                found = ""
            if wanted(found):
                return found
            time.sleep(0.02)  # a file tells nobody
        raise TimeoutError(f"{self.path.name} does not come within {STARTING:g} s")

    def write(self, kind: str, text: str) -> None:
        """Whole or not at all."""
        if self.form == "json":
            exchange.write_description(self.path, kind, text)
            return
        draft = self.path.with_name(f"{self.path.name}.new")
        draft.write_bytes(text.encode())
        draft.rename(self.path)


def meet_all(some: Sequence[Case], folder: Path, hold: float, lab: Lab) -> list[Met]:
    """These cases side by side."""
    with ThreadPoolExecutor(len(some)) as pool:
        return list(pool.map(lambda case: meet(lab, case, folder / case.label, hold), some))


def add_options(parser: argparse.ArgumentParser) -> None:
    """What ``python -m tests.lab by-text`` understands."""
    parser.add_argument("--peers", default=",".join(peers.NAMES), help="comma-separated")
    parser.add_argument("--hold", type=float, default=30, metavar="SECONDS", help="stay connected")
    parser.add_argument(
        "--late", type=float, metavar="SECONDS", help="also cases whose answer comes so late"
    )
    parser.add_argument("--only-late", action="store_true", help="leave the others out")
    parser.add_argument(
        "--only", choices=("data", "calls", "servers"), help="one kind of cases; all by default"
    )
    parser.add_argument(
        "--side-by-side", type=int, default=4, metavar="N", help="cases at the same time"
    )


def run(options: argparse.Namespace) -> int:
    """Run and print; the exit code is 1 when any case failed."""
    names = []
    for name in options.peers.split(","):
        reason = absent(name)
        if reason:
            print(f"without {name}: {reason}", file=sys.stderr)
        else:
            names.append(name)
    wanted = []
    if not options.only_late:
        wanted += cases(names) if options.only in (None, "data") else []
        wanted += calls(names) if options.only in (None, "calls") else []
        if options.only in (None, "servers"):
            wanted += (case for case in servers() if case.name in (*names, "passive"))
    wanted += cases(names, late=options.late) if options.late else []
    print(rendered(HEAD), flush=True)
    failed = 0
    for place in TOPOLOGIES:
        such = [case for case in wanted if case.place == place]
        if not such:
            continue
        with build(place) as lab, tempfile.TemporaryDirectory() as folder:
            for at in range(0, len(such), options.side_by_side):
                batch = such[at : at + options.side_by_side]
                for met in meet_all(batch, Path(folder), options.hold, lab):
                    failed += met.verdict == "FAILED"
                    print(rendered(met.row), flush=True)
                    if not met.connected:
                        print(met.explain(), file=sys.stderr)
    return 1 if failed else 0


def rendered(row: Sequence[str]) -> str:
    """A row of the table."""
    return " ".join(f"{cell:{w}}" for cell, w in zip(row, WIDTHS, strict=True)).rstrip()
