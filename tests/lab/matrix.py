"""The table of NAT kinds × NAT kinds: path and times, icetui beside other implementations.

Each cell is two instances of one implementation, Alice behind one kind and Bob behind another. The
implementations take turns within a cell, so that a busy machine is busy for all of them. Times
count from the moment at which both sides know both descriptions.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.lab import foreign, icetui_peer
from tests.lab.lab import Lab
from tests.lab.topology import KINDS, Site, Topology
from tests.lab.weather import Weather

ICETUI = "icetui"
PEERS = (ICETUI, *foreign.COMPARED)


@dataclasses.dataclass(frozen=True)
class Cell:
    """One connection, or the lack of one. Times in seconds."""

    path: str | None
    first_path: float | None = None
    nominated: float | None = None

    def __str__(self) -> str:
        if self.path is None:
            return "-"
        times = [time for time in (self.first_path, self.nominated) if time is not None]
        return f"{self.path:7} {' / '.join(f'{1000 * time:.0f}' for time in times)}"


def add_options(parser: argparse.ArgumentParser) -> None:
    """What ``python -m tests.lab matrix`` understands."""
    listed = ",".join(PEERS)
    parser.add_argument("--kinds", default=",".join(KINDS), help="comma-separated")
    parser.add_argument("--peers", default=listed, help=f"of {listed} and other foreign peers")
    parser.add_argument("--delay", type=float, default=25, metavar="MS", help="of each uplink")
    parser.add_argument("--rounds", type=int, default=1, help="the median of so many is shown")
    parser.add_argument("--json", action="store_true", help="one line of JSON for each connection")


def run(options: argparse.Namespace) -> int:
    """Measure and print; returns the exit code."""
    kinds = options.kinds.split(",")
    peers = []
    for name in options.peers.split(","):
        reason = None if name == ICETUI else foreign.absent(name)
        if reason:
            print(f"without {name}: {reason}", file=sys.stderr)
        else:
            peers.append(name)
    sides = {f"{side}{kind}": kind for side in ("a", "b") for kind in kinds}
    topology = Topology(
        sites={name: Site((kind,)) for name, kind in sides.items()},
        hosts={name: (name,) for name in sides},
    )
    weather = {name: Weather(delay=options.delay / 1000) for name in sides if options.delay}
    if not options.json:
        print(f"each uplink {options.delay:g} ms; path, ms to first path / to nominated", end="")
        print(" (the others: to connected)")
        print(f"{'alice':9}{'bob':9}{''.join(f'{name:22}' for name in peers)}".rstrip())
    with Lab.build(topology, weather=weather) as lab:
        for alice, bob in itertools.product(kinds, kinds):
            cells = dict(zip(peers, measure(lab, alice, bob, peers, options.rounds), strict=True))
            if options.json:
                for name, cell in cells.items():
                    found = {"alice": alice, "bob": bob, "peer": name, **vars(cell)}
                    print(json.dumps(found), flush=True)
            else:
                texts = "".join(f"{cells[name]!s:22}" for name in peers)
                print(f"{alice:9}{bob:9}{texts}".rstrip(), flush=True)
    return 0


def measure(lab: Lab, alice: str, bob: str, peers: list[str], rounds: int) -> Iterator[Cell]:
    """One cell of the table for each of ``peers``."""
    found: dict[str, list[Cell]] = {name: [] for name in peers}
    for _ in range(rounds):
        for name in peers:
            connect = connect_icetui if name == ICETUI else connect_foreign
            with tempfile.TemporaryDirectory() as folder:
                found[name].append(connect(lab, alice, bob, name, Path(folder)))
    for cells in found.values():
        yield middle(cells)


def middle(cells: list[Cell]) -> Cell:
    """The usual path, and the medians of the times with which it was reached."""
    path = statistics.mode(cell.path for cell in cells)
    such = [cell for cell in cells if cell.path == path]

    def median(times: list[float | None]) -> float | None:
        known = [time for time in times if time is not None]
        return statistics.median(known) if known else None

    return Cell(
        path,
        median([cell.first_path for cell in such]),
        median([cell.nominated for cell in such]),
    )


def connect_icetui(lab: Lab, alice: str, bob: str, _: str, folder: Path) -> Cell:
    """Two headless icetui."""
    outcomes = icetui_peer.gathered_pair(lab[f"a{alice}"], lab[f"b{bob}"], folder)
    if any(outcome.code for outcome in outcomes):
        return Cell(None)
    # The side that learned last counts from when both know both: its time is the shorter one.
    return Cell(
        path="relayed" if any(outcome.path == "relayed" for outcome in outcomes) else "direct",
        first_path=shortest([outcome.summary for outcome in outcomes], "time_to_first_path"),
        nominated=shortest([outcome.summary for outcome in outcomes], "time_to_nominated"),
    )


def shortest(summaries: list[dict[str, Any]], name: str) -> float | None:
    """The smallest value of that name that is known."""
    return min((one[name] for one in summaries if one.get(name) is not None), default=None)


def connect_foreign(lab: Lab, alice: str, bob: str, name: str, folder: Path) -> Cell:
    """Two of a foreign peer."""
    offering, answering = foreign.connect(name, lab[f"a{alice}"], lab[f"b{bob}"], folder)
    if any(result["state"] != "connected" for result in (offering, answering)):
        return Cell(None)
    relayed = "relayed" in (offering["path"], answering["path"])
    return Cell("relayed" if relayed else "direct", offering["time_to_connect"])
