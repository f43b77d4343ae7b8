"""Runs the cases one after the other and prints a row for each figure."""

from __future__ import annotations

import argparse
import os
import sys

from tests.bench.goals import failures, fidelity, paths, upheaval
from tests.bench.goals.row import HEADER, Case, Options
from tests.lab import foreign, peers

CASES: dict[str, Case] = {
    "first": paths.first_paths,
    "interfaces": paths.interfaces,
    "late": paths.late,
    "loss": paths.loss,
    "cut": upheaval.cut,
    "rebind": upheaval.rebind,
    "hopeless": failures.hopeless,
    "servers": failures.servers,
    "closing": failures.closing,
    "slow": upheaval.slow,
    "rtt": fidelity.round_trips,
    "lateness": fidelity.lateness,
}


def main() -> int:
    """Run what was asked for, everything by default."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.goals", description=__doc__)
    parser.add_argument("case", nargs="*", help=f"of {', '.join(CASES)}; all by default")
    parser.add_argument("--rounds", type=int, help="as many in every case")
    parser.add_argument("--long", action="store_true", help="also what takes ten minutes and more")
    parser.add_argument(
        "--beside",
        default=",".join(foreign.COMPARED),
        metavar="PEERS",
        help="who takes turns with icetui (default: %(default)s); '' is nobody",
    )
    arguments = parser.parse_args()
    for name in arguments.case:
        if name not in CASES:
            parser.error(f"there is no case {name}; there are {', '.join(CASES)}")
    beside = tuple(filter(None, arguments.beside.split(",")))
    for name in beside:
        reason = foreign.absent(name) if name in peers.NAMES else "there is no such peer"
        if reason:
            parser.error(f"not beside {name}: {reason}")
    options = Options(arguments.rounds, arguments.long, beside)
    print(f"both uplinks 25 ms; load of this machine {os.getloadavg()[0]:.1f}\n{HEADER}")
    missed = 0
    for name in arguments.case or CASES:
        for row in CASES[name](options):
            missed += row.met is False
            print(row, flush=True)
    print(f"\n{missed} missed; load of this machine {os.getloadavg()[0]:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
