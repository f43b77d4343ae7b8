"""The commands `compare` and `kernel` of `python -m tests.vnet`."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any

from tests.lab.scenarios.scenario import Scenario
from tests.vnet.kernel import lab_outcomes
from tests.vnet.kernel.outcome import Outcome, differences
from tests.vnet.kernel.plays import cells, plays
from tests.vnet.kernel.simulated_stage import play

Commands = Any
"""argparse's subparsers."""


def add_commands(commands: Commands) -> None:
    """`compare` and `kernel`."""
    compare = commands.add_parser("compare", help="the lab's networks, simulated, with the kernel")
    compare.add_argument("--kernel", action="store_true", help="play in the lab now (root)")
    compare.add_argument("--seed", type=int, default=1, help="of the simulated network")
    compare.set_defaults(run=run_compare)
    record = commands.add_parser("kernel", help="play in the lab and keep the outcomes (root)")
    record.set_defaults(run=run_kernel)
    for command in (compare, record):
        command.add_argument("--at-once", type=int, default=2, metavar="N", help="labs at a time")
        command.add_argument("names", nargs="*", help="only those whose name contains one of these")


def chosen(names: Sequence[str]) -> list[Scenario]:
    """The plays whose key contains one of ``names``; all without any."""
    return [s for s in plays() if not names or any(name in s.key for name in names)]


def run_compare(options: argparse.Namespace) -> int:
    """A row for each network; 0 if all are alike and nothing false was said."""
    scenarios = chosen(options.names)
    kernel: dict[str, Outcome] = {}
    if options.kernel:
        for scenario, found in lab_outcomes.play_all(scenarios, options.at_once):
            if isinstance(found, str):
                print(f"in the lab: {found}", flush=True)
            else:
                kernel[scenario.key] = found
    else:
        kernel = lab_outcomes.kept()
    alike, healthy, seconds = 0, {cell.key for cell in cells()}, 0.0
    for scenario in scenarios:
        began = time.process_time()
        try:
            simulated = play(scenario, options.seed)
        except TimeoutError as error:
            print(f"WRONG  {scenario.key}: {error}", flush=True)
            continue
        if scenario.key in healthy:
            seconds += time.process_time() - began
        wrong = [f"{side} says {end.first}" for side, end in simulated.items() if not end.right]
        wrong += [f"{side} false {rule}" for side, end in simulated.items() for rule in end.false]
        if scenario.key in kernel:
            wrong += differences(scenario, simulated, kernel[scenario.key])
        else:
            wrong.append("the kernel's outcome is not known")
        alike += not wrong
        said = ", ".join(f"{side} {end.path} {end.first}" for side, end in simulated.items())
        print(f"{'WRONG' if wrong else 'alike'}  {scenario.key}: {said}", flush=True)
        for text in wrong:
            print(f"         {text}", flush=True)
    print(f"{alike} of {len(scenarios)} alike", end="")
    print(f"; the cells took {seconds:.1f} s of one core" if seconds else "")
    return 0 if alike == len(scenarios) else 1


def run_kernel(options: argparse.Namespace) -> int:
    """Play in the lab; what was kept of others stays."""
    outcomes = lab_outcomes.kept() if lab_outcomes.TABLE.exists() else {}
    failed = 0
    for scenario, found in lab_outcomes.play_all(chosen(options.names), options.at_once):
        if isinstance(found, str):
            failed += 1
            print(f"failed  {found}", flush=True)
            continue
        outcomes[scenario.key] = found
        wrong = not all(end.right and not end.false for end in found.values())
        said = ", ".join(f"{side} {end.path} {end.first}" for side, end in found.items())
        print(f"{'WRONG' if wrong else 'right'}  {scenario.key}: {said}", flush=True)
        lab_outcomes.keep(outcomes)
    return 1 if failed else 0
