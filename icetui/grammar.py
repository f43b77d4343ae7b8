"""Counts in sentences: the noun and the verb agree with the number.

What belongs here: what every sentence with a figure in it needs. Imports nothing of ours.
"""

from __future__ import annotations

_MANY = {"is": "are", "was": "were", "has": "have", "does": "do", "holds": "hold"}


def count(number: int, singular: str, plural: str | None = None, *, verb: str = "") -> str:
    """`1 candidate`, `3 candidates`; with `verb="was"`: `1 candidate was`, `3 candidates were`."""
    noun = singular if number == 1 else plural or singular + "s"
    return f"{number} {noun}" + (f" {agreeing(number, verb)}" if verb else "")


def agreeing(number: int, verb: str) -> str:
    """A verb, given as it goes with one thing: `was` or `were`."""
    return verb if number == 1 else _MANY.get(verb, verb)


def with_article(noun: str) -> str:
    """`a blob`, `an offer`."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"
