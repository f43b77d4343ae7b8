"""The two blobs on their way: each side's is pasted at the other by itself.

What belongs here: when a blob is handed over. The first time both go at once, a moment after both
sides have gathered and know how their NATs map, so that what a blob says of its NAT is in it, or
have had enough time for either; later ones follow as they change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from icetui import events

MOMENT = 0.1
"""Seconds between a blob and its paste: no longer, because the screen waits for it."""
PATIENCE = 2.5
"""Seconds after which a blob that is not complete is handed over all the same."""
NAT_PATIENCE = 0.6
"""Seconds that whoever has gathered is given to find out how its NAT maps."""

Later = Callable[[float, Callable[[], None]], object]
"""Calls something after so many seconds of the world."""
Paste = Callable[[str, str], None]
"""Pastes a text at the side of that name."""


@dataclass(slots=True)
class _Side:
    other: str
    at: float | None
    """When it pastes; None: with the other."""
    blob: str = ""
    complete: bool = False
    nats: dict[str, events.NatBehaviour] = field(default_factory=dict)
    """By local address, what is known of the NAT in front of it."""
    told_enough: bool = False
    """Whether it has had its time to find that out."""
    read: str = ""
    """The other's blob that was pasted here last."""
    open: bool = False
    """Whether it has pasted, and takes what is new at once."""
    due: bool = False
    settled: bool = False
    """Whether the other has read it whole: what is added to it later need not be sent."""

    @property
    def ready(self) -> bool:
        """Whether nothing that matters would be added to its blob soon."""
        return self.complete and (self.told_enough or all(map(_mapping_known, self.nats.values())))


class BlobExchange:
    """Between two sides; `at` says for each when it pastes, None: as soon as both have gathered."""

    def __init__(self, at: dict[str, float | None], later: Later, paste: Paste) -> None:
        one, other = at
        self._sides = {one: _Side(other, at[one]), other: _Side(one, at[other])}
        self._later = later
        self._paste = paste
        self._patient = True
        later(PATIENCE, self._lose_patience)
        for name, side in self._sides.items():
            if side.at is not None:
                later(side.at, lambda name=name: self._open(name))  # type: ignore[misc]  # bound

    def saw(self, event: events.Event) -> None:
        """An event of one of the two sessions."""
        side = self._sides[event.session]
        if isinstance(event, events.SessionRestarted):
            side.settled = False
        if isinstance(event, events.NatBehaviourChanged):
            side.nats[event.nat.local] = event.nat
            self._look()
        if not isinstance(event, events.BlobChanged):
            return
        if event.complete and not side.complete:
            self._later(NAT_PATIENCE, lambda: self._enough(side))
        side.blob, side.complete = event.blob, event.complete
        self._look()
        reader = self._sides[side.other]
        if reader.open and (event.resend or not side.settled):
            self._soon(side.other)

    def _lose_patience(self) -> None:
        self._patient = False
        self._look()

    def _enough(self, side: _Side) -> None:
        side.told_enough = True
        self._look()

    def _look(self) -> None:
        """Whether it is time for the first paste."""
        sides = self._sides.values()
        if all(s.blob and (s.ready or not self._patient) for s in sides):
            for name, side in self._sides.items():
                if side.at is None and not side.open:
                    self._open(name)

    def _open(self, name: str) -> None:
        self._sides[name].open = True
        self._soon(name)

    def _soon(self, name: str) -> None:
        side = self._sides[name]
        if not side.due:
            side.due = True
            self._later(MOMENT, lambda: self._hand_over(name))

    def _hand_over(self, name: str) -> None:
        side = self._sides[name]
        side.due = False
        other = self._sides[side.other]
        if other.blob and other.blob != side.read:
            side.read, other.settled = other.blob, other.complete
            self._paste(name, other.blob)


def _mapping_known(nat: events.NatBehaviour) -> bool:
    """Or that it will not be."""
    return nat.complete or nat.mapping != "unknown" or nat.behind_nat is False
