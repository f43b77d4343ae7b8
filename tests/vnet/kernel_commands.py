"""The commands that hold the simulated internet against the kernel: `kernel` keeps what it did."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from tests.lab.scenarios.scenario import Scenario
from tests.vnet import kernel
from tests.vnet.outcome import plays


def add_commands(commands: Any) -> None:
    """``kernel`` and its options."""
    record = commands.add_parser("kernel", help="play in the lab and keep the outcomes (root)")
    record.add_argument("--at-once", type=int, default=2, metavar="N", help="labs at a time")
    record.set_defaults(run=record_kernel)
    for command in (record,):
        command.add_argument("names", nargs="*", help="only those whose name contains one of these")


def chosen(names: Sequence[str]) -> list[Scenario]:
    """The plays whose key contains one of ``names``; all without any."""
    return [s for s in plays() if not names or any(name in s.key for name in names)]


def record_kernel(options: argparse.Namespace) -> int:
    """Play in the lab; what was kept of others stays."""
    outcomes = kernel.kept() if kernel.TABLE.exists() else {}
    failed = 0
    for scenario, found in kernel.play_all(chosen(options.names), options.at_once):
        if isinstance(found, str):
            failed += 1
            print(f"{scenario.key}: {found}", flush=True)
            continue
        outcomes[scenario.key] = found
        firsts = ", ".join(f"{side} {end.path} {end.first}" for side, end in found.items())
        wrong = not all(end.right and not end.false for end in found.values())
        print(f"{'WRONG' if wrong else 'right'} {scenario.key}: {firsts}", flush=True)
        kernel.keep(outcomes)
    return 1 if failed else 0
