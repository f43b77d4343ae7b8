"""Elimination: of all hypotheses those that the evidence leaves, the likeliest first.

How strong a sentence may be follows from what is left, and from nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, Literal

import msgspec

from icetui.diagnosis.hypothesis import E, Hypothesis

Strength = Literal["is", "one of", "unknown"]
SHOWN = 3
"""Hypotheses named at most."""


class Left(msgspec.Struct, Generic[E], frozen=True):
    """One that is not refuted."""

    hypothesis: Hypothesis[E]
    weight: float
    support: tuple[str, ...]
    proved: bool


class Verdict(msgspec.Struct, Generic[E], frozen=True):
    """What is left of a catalogue."""

    strength: Strength
    """`is`: the first is proved, or it is the only one and something speaks for it; `one of`: it is
    in the list, most likely; `unknown`: none is left."""
    left: tuple[Left[E], ...]
    """The likeliest first, at most `SHOWN`."""
    more: int = 0
    """Left, too, and less likely than those."""


def eliminate(catalogue: Iterable[Hypothesis[E]], evidence: E) -> Verdict[E]:
    """Hold every hypothesis against the evidence."""
    left = []
    for hypothesis in catalogue:
        if not hypothesis.possible(evidence):
            continue
        weight = hypothesis.common(evidence)
        speaks = hypothesis.speaks(evidence)
        for factor, _ in speaks:
            weight *= factor
        support = tuple(figure for _, figure in speaks)
        left.append(Left(hypothesis, weight, support, hypothesis.proved(evidence)))
    # What is proved explains everything that the others would explain as well.
    left.sort(key=lambda one: (not one.proved, -one.weight))
    if not left:
        return Verdict("unknown", ())
    sure = left[0].proved or (len(left) == 1 and bool(left[0].support))
    shown = left[:1] if sure else left[:SHOWN]
    return Verdict("is" if sure else "one of", tuple(shown), len(left) - len(shown))
