"""Datagrams that are not acted upon: counted, told sparingly, and of many sources by kind only."""

from __future__ import annotations

from typing import Any

from icetui import events
from icetui.engine.core.base import Address, Base
from icetui.engine.core.outbox import Outbox
from icetui.engine.core.tally import Tally
from icetui.events import Reason, RefusalKind, StrangerKind, address_port

MOST_SOURCES = 32
"""Sources of one kind that are told one by one: whoever forges them has as many as he likes."""


class Refusals:
    """Of one session."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._refused = Tally()
        self._dropped = Tally()
        self._sources: dict[str, int] = {}
        """Told so far, by kind."""
        self._counted = Tally(each=10_000)

    def refuse(
        self,
        base: Base,
        source: Address,
        reason: Reason,
        detail: str,
        kind: RefusalKind = "other",
        **facts: Any,
    ) -> None:
        """A STUN message; `facts` are further fields of `events.Refused`."""
        if self._one_too_many(self._refused, (source, detail), kind):
            self._count("refused")
            return
        count = self._refused.add((source, detail))
        if count is not None:
            self._outbox.tell(
                events.Refused,
                remote=address_port(*source),
                local=address_port(*base.address),
                reason=reason,
                detail=detail,
                kind=kind,
                count=count,
                **facts,
            )

    def drop(self, source: Address, cause: str) -> None:
        """Application data."""
        if self._one_too_many(self._dropped, (source, cause), cause):
            self._count("data")
            return
        count = self._dropped.add((source, cause))
        if count is not None:
            self._outbox.tell(
                events.DataDropped, remote=address_port(*source), cause=cause, count=count
            )

    def _one_too_many(self, tally: Tally, key: tuple[Address, str], kind: str) -> bool:
        """Whether this source is new, and enough of its kind have been told."""
        if key in tally:
            return False
        told = self._sources.get(kind, 0)
        self._sources[kind] = told + 1
        return told >= MOST_SOURCES

    def _count(self, kind: StrangerKind) -> None:
        count = self._counted.add(kind)
        if count is not None:
            self._outbox.tell(events.StrangersCounted, kind=kind, count=count)
