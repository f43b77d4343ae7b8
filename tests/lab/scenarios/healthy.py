"""NAT kinds × NAT kinds: every cell connects, so none may be said to have a problem."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from icetui.diagnosis import Finding
from tests.lab.lab import Lab
from tests.lab.scenarios.kernel_stage import KernelStage
from tests.lab.scenarios.scenario import SIDES, judge
from tests.lab.scenarios.scenario import Scenario as Cell
from tests.lab.scenarios.stage import Stage
from tests.lab.topology import KINDS, Topology

WATCH = 4.0
"""Seconds after both have a path: longer than any silence needs to mean something."""
AT_ONCE = 2


def play(alice: str, bob: str) -> tuple[str, list[Finding]]:
    """One cell: the path, and every problem or warning either side ever said."""
    cell = Cell(name=f"{alice} {bob}", cause="none", play=_play, topology=Topology.pair(alice, bob))
    with tempfile.TemporaryDirectory() as folder, Lab.build(cell.topology) as lab:
        stage = KernelStage(lab, Path(folder))
        cell.play(stage)
        verdicts = [judge(cell, side, stage.told(side)) for side in SIDES]
        stage.end()
    first = verdicts[0].first
    return (first.claim if first is not None else "nothing"), [
        finding for verdict in verdicts for finding in verdict.false
    ]


def _play(stage: Stage) -> None:
    stage.connect()
    stage.wait(WATCH)


def cells(pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str, str, list[Finding]]]:
    """Several cells, a few at a time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for (alice, bob), (said, false) in zip(
            pairs, pool.map(lambda pair: play(*pair), pairs), strict=True
        ):
            yield alice, bob, said, false


def run() -> int:
    """Print all cells; returns in how many something was said to be wrong."""
    wrong = 0
    for alice, bob, said, false in cells(list(itertools.product(KINDS, KINDS))):
        wrong += bool(false)
        print(f"{'WRONG' if false else 'right'}  {alice:9}{bob:9}{said}", flush=True)
        for finding in false:
            print(f"       FALSE {finding.rule}: {finding.claim} [{finding.evidence}]", flush=True)
    print(f"{len(KINDS) ** 2 - wrong} of {len(KINDS) ** 2} healthy cells without a false claim")
    return wrong
