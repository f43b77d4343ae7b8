"""The command ``python -m tests.lab scenarios``: plays them, prints the table."""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import sys
import tempfile
import textwrap
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from icetui.events import AnyEvent
from tests.lab import netns
from tests.lab.lab import Lab
from tests.lab.scenarios import alike, blobs, changes, healthy, networks, servers
from tests.lab.scenarios.kernel_stage import KernelStage
from tests.lab.scenarios.recorded import keep
from tests.lab.scenarios.scenario import Scenario, Verdict, looked_at, named

MODULES = (blobs, servers, networks, alike, changes)
"""They fill the list when they are loaded."""
WIDTH = 100


@dataclasses.dataclass(frozen=True)
class Outcome:
    """A scenario played once."""

    scenario: Scenario
    verdicts: tuple[Verdict, ...]
    seconds: float
    events: dict[str, list[AnyEvent]]
    problem: str = ""
    """Why it could not be played to its end."""

    @property
    def good(self) -> bool:
        return not self.problem and all(verdict.good for verdict in self.verdicts)


def play(scenario: Scenario) -> Outcome:
    """Build the lab, play, look, take everything down."""
    try:
        return _play(scenario)
    except (TimeoutError, netns.SetupError) as error:
        return Outcome(scenario, (), 0.0, {}, problem=str(error))


def _play(scenario: Scenario) -> Outcome:
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        Lab.build(scenario.topology, server=scenario.server) as lab,
    ):
        stage = KernelStage(lab, Path(folder))
        scenario.play(stage)
        stage.wait(scenario.watch)
        told, verdicts = looked_at(scenario, stage)
        stage.end()
    return Outcome(scenario, verdicts, time.monotonic() - began, told)


def add_options(parser: argparse.ArgumentParser) -> None:
    """What ``python -m tests.lab scenarios`` understands."""
    parser.add_argument("names", nargs="*", help="only those whose name contains one of these")
    parser.add_argument("--quick", action="store_true", help="without the slow ones")
    parser.add_argument("--healthy", action="store_true", help="all 36 healthy cells, too")
    parser.add_argument("--only-healthy", action="store_true", help="only the healthy cells")
    parser.add_argument("--at-once", type=int, default=2, metavar="N", help="labs at a time")
    parser.add_argument("--record", type=Path, metavar="FOLDER", help="keep the sessions there")
    parser.add_argument("--explain", action="store_true", help="show every finding's evidence")
    parser.add_argument("--list", action="store_true", help="only name them")


def run(options: argparse.Namespace) -> int:
    """Play and print; 0 when every first finding was right and none was false."""
    chosen = [s for s in named(options.names) if not (options.quick and s.slow)]
    if options.list:
        for scenario in chosen:
            print(f"{scenario.name}: {scenario.cause}")
        return 0
    bad = 0
    if not options.only_healthy:
        bad += broken(chosen, options)
    if options.healthy or options.only_healthy:
        bad += healthy.run()
    return 1 if bad else 0


def broken(chosen: Sequence[Scenario], options: argparse.Namespace) -> int:
    """The table of the broken networks; returns how many were wrong."""
    wrong = 0
    with ThreadPoolExecutor(options.at_once) as pool:
        for number, outcome in zip(itertools.count(1), pool.map(play, chosen), strict=False):
            wrong += not outcome.good
            show(number, outcome, explain=options.explain)
            if options.record is not None:
                keep(options.record, outcome.scenario, outcome.events)
    print(f"{len(chosen) - wrong} of {len(chosen)} right, none false" if not wrong else
          f"{len(chosen) - wrong} of {len(chosen)} right", flush=True)  # fmt: skip
    return wrong


def show(number: int, outcome: Outcome, *, explain: bool) -> None:
    """A row of the table: the cause, and what each side said first."""
    mark = "right" if outcome.good else "WRONG"
    print(f"{number:2} {mark}  {outcome.scenario.name}  ({outcome.seconds:.0f} s)")
    print(f"          cause  {outcome.scenario.cause}")
    if outcome.problem:
        print(f"          could not be played: {outcome.problem}")
    for verdict in outcome.verdicts:
        first = verdict.first
        said = f"{first.rule}: {first.claim}" if first is not None else "nothing"
        sign = "" if verdict.right else "WRONG "
        print(textwrap.fill(f"{verdict.side:>14}  {sign}{said}", WIDTH, subsequent_indent=" " * 17))
        if explain and first is not None:
            for text in (first.evidence, first.remedy):
                print(textwrap.fill(f"{'':17}{text}", WIDTH, subsequent_indent=" " * 17))
        for finding in verdict.false:
            text = f"FALSE {finding.severity} {finding.rule}: {finding.claim} [{finding.evidence}]"
            print(textwrap.fill(f"{'':17}{text}", WIDTH, subsequent_indent=" " * 17))
    sys.stdout.flush()
