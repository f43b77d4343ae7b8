"""One run of a fuzz: so many inputs, and what came of them."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from types import ModuleType

from tests.fuzz import datagrams, engine, recordings, texts

KINDS: dict[str, ModuleType] = {
    "datagrams": datagrams,
    "engine": engine,
    "texts": texts,
    "recordings": recordings,
}
MOST_FAILURES = 20


@dataclass
class Outcome:
    """What came of a run."""

    tried: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[bytes, Exception]] = field(default_factory=list)


def run(kind: str, count: int, seed: int, seconds: float | None = None) -> Outcome:
    """Try `count` inputs, for so many seconds at the most; ends early after many failures."""
    rng, module, outcome = random.Random(seed), KINDS[kind], Outcome()
    end = time.monotonic() + seconds if seconds is not None else float("inf")
    while outcome.tried < count and len(outcome.failures) < MOST_FAILURES:
        data = module.made(rng)
        outcome.tried += 1
        try:
            outcome.counts[module.look(data)] += 1
        except Exception as error:  # whatever comes out is what is looked for
            outcome.failures.append((data, error))
        if time.monotonic() > end:
            break
    return outcome
