"""Hypothesis: one thing that may be wrong, at a place, and how evidence bears on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from icetui.diagnosis.evidence import Evidence
from icetui.events import Pair

Place = Literal[
    "our machine", "our network", "the way between", "a server", "their network", "their machine",
    "the blobs",
]  # fmt: skip
Speaks = tuple[tuple[float, str], ...]
"""What speaks for it: how many times likelier it gets, and the figure that says so."""


def nothing(_: Evidence) -> Speaks:
    """No evidence of its own."""
    return ()


def all_pairs(e: Evidence) -> tuple[Pair, ...]:
    """Whatever was checked."""
    return e.pairs


def never(_: Evidence) -> bool:
    """Evidence cannot do that."""
    return False


class Hypothesis(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that may be wrong. All functions are pure."""

    code: str
    """Stable name, in lower case with hyphens."""
    rule: str
    """Name of the finding that names it first."""
    place: Place
    words: Callable[[Evidence], str]
    """What it says, without a capital letter and a full stop: it may be one of a list."""
    common: Callable[[Evidence], float]
    """How often it is the reason, before anything else is known; others' are compared with it."""
    possible: Callable[[Evidence], bool]
    """False: the evidence refutes it, or it is no matter in such a session."""
    speaks: Callable[[Evidence], Speaks] = nothing
    proved: Callable[[Evidence], bool] = never
    """Whether the evidence shows it and it suffices to keep both apart, whatever else is wrong."""
    remedy: Callable[[Evidence], str]
    pairs: Callable[[Evidence], tuple[Pair, ...]] = all_pairs
    """What it rests on."""


class Suspect(msgspec.Struct, frozen=True, kw_only=True):
    """A hypothesis that is left, held against the evidence."""

    code: str
    words: str
    support: tuple[str, ...] = ()
    """The figures that speak for it."""
