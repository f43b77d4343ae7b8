"""Randomness by name and weight."""

from __future__ import annotations

import hashlib
from random import Random
from typing import TypeVar

T = TypeVar("T")

DELAYS = (0.0, 0.002, 0.010, 0.025, 0.050, 0.080, 0.150)
"""Seconds that a line may take."""


def part(seed: int, name: str) -> Random:
    """The stream of one part."""
    digest = hashlib.sha256(f"network {seed} {name}".encode()).digest()
    return Random(int.from_bytes(digest, "big"))


def one(random: Random, choices: dict[T, int]) -> T:
    """One of them, by weight."""
    return random.choices(list(choices), list(choices.values()))[0]
