"""Hypothesis: one thing that may be wrong, at a place, and how evidence bears on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Literal, TypeVar

import msgspec

from icetui.events import Pair

E = TypeVar("E")
"""Of what kind the evidence is."""
Place = Literal[
    "our machine", "our network", "the way between", "a server", "their network", "their machine",
    "the blobs",
]  # fmt: skip
Speaks = tuple[tuple[float, str], ...]
"""What speaks for it: how many times likelier it gets, and the figure that says so."""


def nothing(_: Any) -> Speaks:
    """No evidence of its own."""
    return ()


def never(_: Any) -> bool:
    """Evidence cannot do that."""
    return False


class Hypothesis(msgspec.Struct, Generic[E], frozen=True, kw_only=True):
    """One thing that may be wrong. All functions are pure."""

    code: str
    """Stable name, in lower case with hyphens."""
    rule: str
    """Name of the finding that names it first."""
    place: Place
    words: Callable[[E], str]
    """What it says, without a capital letter and a full stop: it may be one of a list."""
    common: Callable[[E], float]
    """How often it is the reason, before anything else is known; others' are compared with it."""
    possible: Callable[[E], bool]
    """False: the evidence refutes it, or it is no matter in such a session."""
    speaks: Callable[[E], Speaks] = nothing
    proved: Callable[[E], bool] = never
    """Whether the evidence shows it and it suffices to keep both apart, whatever else is wrong."""
    remedy: Callable[[E], str]
    pairs: Callable[[E], tuple[Pair, ...]] | None = None
    """What it rests on; None: all."""


class Suspect(msgspec.Struct, frozen=True, kw_only=True):
    """A hypothesis that is left, held against the evidence."""

    code: str
    words: str
    support: tuple[str, ...] = ()
    """The figures that speak for it."""
