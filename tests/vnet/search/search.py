"""Plays many random networks, on several cores, and keeps what does not hold, shrunk."""

from __future__ import annotations

import gc
import resource
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from icetui.settings.session_settings import BadSettings
from icetui.vnet.network import Network
from icetui.vnet.network_text import write
from tests.vnet.search.judge import Judgement, judge
from tests.vnet.search.play import Run, Side
from tests.vnet.search.random_network import KINDS, random_network
from tests.vnet.search.shrink import shrink

BATCH = 20
KEPT = 5
CHANGED = ("a change",)
"""The cause of a path that went silent; the others are those for which none ever came up."""
TALK = ("claim ", "cause ")
"""How the kinds of what the diagnosis says begin."""
"""Seeds remembered for each kind of violation."""


@dataclass
class Score:
    """What came of networks."""

    networks: int = 0
    can: int = 0
    """In which some way stood at some time."""
    lucky: int = 0
    violations: Counter[str] = field(default_factory=Counter)
    """Networks by kind."""
    claims: Counter[str] = field(default_factory=Counter)
    """The same of what the diagnosis said."""
    namings: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Sides without a path by true cause and `first`, `within` or `missed`; `all` for any cause."""
    soon: Counter[bool] = field(default_factory=Counter)
    """Those that are right, by whether they were at the first look already."""
    remedies: Counter[tuple[bool, bool]] = field(default_factory=Counter)
    """Remedies carried out: whether the finding was right, whether a path came of it."""
    failed_remedies: Counter[str] = field(default_factory=Counter)
    """By the hypothesis, of findings that were right."""
    judged: int = 0
    """Networks that do not change, in which the diagnosis was held against the truth."""
    examples: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    slowest: list[tuple[float, int]] = field(default_factory=list)
    """Seconds from knowing both to the first path, and the seed."""
    busiest: list[tuple[int, int]] = field(default_factory=list)
    """Packets of one side, and the seed."""
    cpu: float = 0.0
    virtual: float = 0.0
    memory: list[int] = field(default_factory=list)
    """Bytes, as batches ended."""

    def take(self, seed: int, judgement: Judgement) -> None:
        """Count one."""
        run = judgement.run
        self.networks += 1
        self.can += bool(judgement.truth.any)
        self.lucky += judgement.luck
        self.virtual += run.until
        for kind in dict.fromkeys(v.kind for v in judgement.violations):
            self.violations[kind] += 1
        self.judged += not run.network.changes
        for kind in dict.fromkeys(v.kind for v in judgement.claims):
            self.claims[kind] += 1
        for naming in judgement.namings:
            how = "first" if naming.first else "within" if naming.within else "missed"
            whole = () if naming.causes == CHANGED else ("all",)
            for cause in (*whole, *naming.causes):
                self.namings[cause, how] += 1
            if naming.first and whole:
                self.soon[naming.soon] += 1
        for right, code, worked in judgement.remedies:
            self.remedies[right, worked] += 1
            if right and not worked:
                self.failed_remedies[code] += 1
        for violation in (*judgement.violations, *judgement.claims):
            kept = self.examples.setdefault(violation.kind, [])
            if len(kept) < KEPT and seed not in [s for s, _ in kept]:
                kept.append((seed, violation.evidence))
        for side in run.sides.values():
            self.busiest.append((side.sent, seed))
            taken = waited(run, side)
            if taken is not None:
                self.slowest.append((taken, seed))
        self._cut()

    def add(self, other: Score) -> None:
        """Those of another process."""
        self.networks += other.networks
        self.can += other.can
        self.lucky += other.lucky
        self.violations += other.violations
        self.claims += other.claims
        self.namings += other.namings
        self.soon += other.soon
        self.remedies += other.remedies
        self.failed_remedies += other.failed_remedies
        self.judged += other.judged
        for kind, found in other.examples.items():
            kept = self.examples.setdefault(kind, [])
            kept += found[: KEPT - len(kept)]
        self.slowest += other.slowest
        self.busiest += other.busiest
        self.cpu += other.cpu
        self.virtual += other.virtual
        self.memory += other.memory
        self._cut()

    def _cut(self) -> None:
        self.slowest = sorted(self.slowest, reverse=True)[:KEPT]
        self.busiest = sorted(self.busiest, reverse=True)[:KEPT]


def waited(run: Run, side: Side) -> float | None:
    """Seconds from both knowing both to a side's first path."""
    first = side.session.first_path_at
    known = run.both_known
    if first is None or known is None:
        return None
    return max(0.0, side.at[0] + first - known)


def batch(first: int, number: int, kinds: tuple[str, ...], remedies: bool = False) -> Score:
    """So many networks from a seed on; `remedies`: what is said to be done is done, too."""
    score = Score()
    began = time.process_time()
    for seed in range(first, first + number):
        score.take(seed, judge(random_network(seed, kinds), remedies=remedies))
    gc.collect()
    score.cpu = time.process_time() - began
    score.memory.append(resident())
    return score


def resident() -> int:
    """Bytes of memory this process has now; at its peak where that cannot be told."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return pages * resource.getpagesize()


def search(
    networks: int,
    seed: int,
    jobs: int = 1,
    kinds: tuple[str, ...] = KINDS,
    remedies: bool = False,
) -> Iterator[Score]:
    """Batch after batch, as they are done."""
    batches = [
        (first, min(BATCH, seed + networks - first), kinds, remedies)
        for first in range(seed, seed + networks, BATCH)
    ]
    if jobs <= 1:
        for one in batches:
            yield batch(*one)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(batch, *zip(*batches, strict=True))


def keep(seed: int, kind: str, folder: Path, kinds: tuple[str, ...] = KINDS) -> Path:
    """Shrink the network of a seed, and write it down as a file."""
    small = shrink(random_network(seed, kinds), lambda n: fails(n, kind))
    path = folder / f"{kind.replace(' ', '-')}-{seed}.toml"
    path.write_text(write(small), encoding="utf-8")
    return path


def fails(network: Network, kind: str) -> bool:
    """Whether that kind of violation is still in it."""
    try:
        judgement = judge(network, talk=kind.startswith(TALK))
        return any(v.kind == kind for v in (*judgement.violations, *judgement.claims))
    except BadSettings:
        return False  # no user could have started that
