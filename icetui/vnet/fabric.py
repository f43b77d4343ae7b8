"""What every part of a simulated network shares: the clock, the network's own loop, randomness."""

from __future__ import annotations

import hashlib
from random import Random

from icetui.vnet.clock import Clock
from icetui.vnet.tap import Tap


class Fabric:
    """One for each world."""

    __slots__ = ("clock", "loop", "seed", "tap")

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.clock = Clock()
        self.loop = self.clock.loop("network")
        """On which packets travel; it is never suspended."""
        self.tap = Tap(self.clock)

    def stream(self, name: str) -> Random:
        """A stream of randomness of its own for each name, so that taking one part out of a
        network leaves those of the others as they were."""
        digest = hashlib.sha256(f"{self.seed} {name}".encode()).digest()
        return Random(int.from_bytes(digest, "big"))
