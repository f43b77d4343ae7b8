"""The commands of the simulated internet's tests: ``search`` many random networks, ``play`` one."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from icetui.vnet.network import BadNetwork, Network
from icetui.vnet.network_text import read, write
from tests.vnet.kernel.comparison import add_commands
from tests.vnet.search import random_network
from tests.vnet.search.judge import judge
from tests.vnet.search.search import Score, keep, search
from tests.vnet.search.story import story
from tests.vnet.search.table import table


def main() -> int:
    """Exit code 1: the engine did something that must not be."""
    parser = argparse.ArgumentParser(prog="python -m tests.vnet", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    searching = commands.add_parser("search", help="play random networks, print a table")
    searching.add_argument("--networks", type=int, default=300, metavar="N")
    searching.add_argument("--seed", type=int, default=0, help="of the first; each has its own")
    searching.add_argument("--jobs", type=int, default=1, help="processes at a time")
    searching.add_argument(
        "--kinds", nargs="*", choices=random_network.KINDS, default=random_network.KINDS,
        help="what they may have",
    )  # fmt: skip
    searching.add_argument(
        "--remedies", action="store_true", help="do what findings say to do; slower"
    )
    searching.add_argument("--keep", type=Path, metavar="DIR", help="shrunk failures go there")
    playing = commands.add_parser("play", help="play one network and tell what happens")
    playing.add_argument("network", help="a file, or the seed of a random network")
    playing.add_argument("--show", action="store_true", help="the network, too")
    playing.add_argument("--messages", action="store_true", help="every STUN message")
    searching.set_defaults(run=_search)
    playing.set_defaults(run=_play)
    add_commands(commands)
    options = parser.parse_args()
    return int(options.run(options))


def _search(options: argparse.Namespace) -> int:
    began = time.monotonic()
    score = Score()
    kinds = tuple(options.kinds)
    try:
        for done in search(options.networks, options.seed, options.jobs, kinds, options.remedies):
            score.add(done)
            if sys.stderr.isatty():
                bad = sum(score.violations.values())
                sys.stderr.write(f"\r{score.networks} networks, {bad} violations ")
    except KeyboardInterrupt:
        print("stopped; so far:")
    print(table(score, time.monotonic() - began))
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
        for kind, examples in score.examples.items():
            print(keep(examples[0][0], kind, options.keep, kinds))
    return 1 if score.violations else 0


def _play(options: argparse.Namespace) -> int:
    try:
        network = _network(options.network)
    except (BadNetwork, OSError) as error:
        print(f"{options.network}: {error}", file=sys.stderr)
        return 2
    if options.show:
        print(write(network))
    judgement = judge(network)
    print(story(judgement, messages=options.messages))
    return 1 if judgement.violations else 0


def _network(text: str) -> Network:
    if text.isdigit():
        return random_network.random_network(int(text))
    return read(Path(text).read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
