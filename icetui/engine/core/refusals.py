"""Datagrams that are not acted upon: counted by source, told sparingly."""

from __future__ import annotations

from typing import Any

from icetui import events
from icetui.engine.core.base import Address, Base
from icetui.engine.core.outbox import Outbox
from icetui.engine.core.tally import Tally
from icetui.events import Reason, RefusalKind, address_port


class Refusals:
    """Of one session."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._refused = Tally()
        self._dropped = Tally()

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
        count = self._dropped.add((source, cause))
        if count is not None:
            self._outbox.tell(
                events.DataDropped, remote=address_port(*source), cause=cause, count=count
            )
