"""Fuzzes whatever takes in something from outside: `python -m tests.fuzz [WHAT …] --count 1000000`.

WHAT is datagrams (for the codec), engine (datagrams for a session that is connected), texts (for
the reader of what is pasted) or recordings; all of them by default. What ends in an exception is
written to a file. `guided` runs the reader of texts under a coverage-guided fuzzer for `--seconds`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback

from tests.fuzz.run import KINDS, run

COUNTS = {"datagrams": 1_000_000, "engine": 100_000, "texts": 1_000_000, "recordings": 100_000}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("what", nargs="*", choices=[*KINDS, "guided", []], help="what to fuzz")
    parser.add_argument("--count", type=int, help="how many of each")
    parser.add_argument("--seconds", type=float, help="no longer than this for each")
    parser.add_argument("--seed", type=int, default=20261126)
    chosen = parser.parse_args()
    if "guided" in chosen.what:
        from tests.fuzz import guided

        return guided.main(int(chosen.seconds or 60))
    failures = 0
    for kind in chosen.what or KINDS:
        began = time.monotonic()
        count = chosen.count or COUNTS[kind]
        outcome = run(kind, count, chosen.seed, chosen.seconds)
        for data, error in outcome.failures:
            # It is closed below and stays, for whoever looks at what went wrong.
            handle = tempfile.NamedTemporaryFile(delete=False, suffix=f".{kind}")  # noqa: SIM115  # kept
            with handle:
                handle.write(data)
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{where.name}:{where.lineno}, {handle.name}"
            print(f"  {type(error).__name__}: {str(error)[:200]} ({place})")
        failures += len(outcome.failures)
        took = time.monotonic() - began
        kinds = ", ".join(f"{n:,} {name}" for name, n in sorted(outcome.counts.items()))
        print(f"{kind}: {len(outcome.failures)} exceptions in {outcome.tried:,} ({kinds}), "
              f"{took:.0f} s", flush=True)  # fmt: skip
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
