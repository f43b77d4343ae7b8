"""Mutated texts for the reader of what people paste: read or refused in one clear sentence."""

from __future__ import annotations

import random
from pathlib import Path

from tests.signaling.test_hostile import SEEDS, WORDS, harmless

PASTED = Path(__file__).parents[1] / "signaling" / "pasted_texts"
ORIGINALS = [*SEEDS, *(path.read_text() for path in sorted(PASTED.glob("*.txt")))]


def made(rng: random.Random) -> bytes:
    """One text."""
    text = rng.choice(ORIGINALS)
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        at = rng.randrange(len(text) + 1)
        how = rng.randrange(6)
        if how == 0:
            text = text[:at] + chr(rng.choice((0, 10, 13, 27, 32, 34, 0x202E, 0xFFFD))) + text[at:]
        elif how == 1:
            text = text[:at] + text[at + rng.randint(1, 40) :]
        elif how == 2:
            text = text[:at] + rng.choice(WORDS) + text[at:]
        elif how == 3:
            other = rng.choice(ORIGINALS)
            text = text[:at] + other[rng.randrange(len(other)) :]
        elif how == 4:
            text = text[:at] + text[max(0, at - rng.randint(1, 200)) :]
        elif text:
            place = at % len(text)
            text = text[:place] + chr(ord(text[place]) ^ 1 << rng.randrange(7)) + text[place + 1 :]
    return text.encode("utf-8", "surrogatepass")


def look(data: bytes) -> str:
    """Read it; whatever comes of it must be fit to be shown."""
    harmless(data.decode("utf-8", "surrogatepass"))
    return "read"
