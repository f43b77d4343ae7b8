"""Putting things into stores that hold so many and no more, so that neither hours nor a hostile
peer grow a session."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")

HISTORY_KEPT = 200
SOURCES_KEPT = 200


def append(into: list[T], item: T, most: int = HISTORY_KEPT) -> None:
    into.append(item)
    if len(into) > most:
        del into[0]


def keep(into: dict[str, V], key: str, value: V, most: int, but: str | None = None) -> None:
    """Put it in its place; of too many the oldest goes, if it is not `but`."""
    into[key] = value
    if len(into) > most:
        del into[next(k for k in into if k not in (but, key))]


def renew(into: dict[K, V], key: K, value: V, most: int = SOURCES_KEPT) -> None:
    """Put it last; the oldest entry goes when there are too many."""
    into.pop(key, None)
    into[key] = value
    if len(into) > most:
        del into[next(iter(into))]
