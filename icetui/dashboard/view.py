"""What there is to draw at one moment: a frozen value that every screen gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from icetui.dashboard.chronicle import Chronicle
from icetui.dashboard.exchange_state import Exchange
from icetui.diagnosis import Finding
from icetui.events import Pair
from icetui.session import Session


@dataclass(frozen=True, slots=True)
class View:
    """A session, what it means, and how the screen stands to it."""

    session: Session
    chronicle: Chronicle
    findings: Sequence[Finding]
    now: float
    """The stream's time, seconds."""
    exchange: Exchange
    live: bool = True
    """False for a recording, a frozen screen's too: there is nobody to command."""
    current: bool = True
    """False for an earlier session of this window."""
    frozen: bool = False
    masked: bool = False
    """The events are masked; our own blob, which cannot be, is not shown."""
    hint: str = ""
    trouble: str | None = None
    again: bool = False
    """Whether another session can be begun here."""
    number: int = 1
    sessions: int = 1
    """Which session of this window it is, and of how many."""
    side: str = ""
    """Whose session it is, where both sides can be looked at."""
    highlighted: Pair | None = None
    focus: str = ""
    """Id of the pane that has the focus."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """The user's own keys by action id."""

    @property
    def commandable(self) -> bool:
        """Whether an engine is there to be told something."""
        return (
            self.live
            and self.current
            and self.session.closed is None
            and self.session.failure is None
            and self.trouble is None
        )

    @property
    def card_open(self) -> bool:
        return self.commandable and self.exchange.card_open(self.session)


@runtime_checkable
class Drawn(Protocol):
    """A screen that draws a view."""

    def show(self, view: View) -> int:
        """How many lines changed."""
        ...
