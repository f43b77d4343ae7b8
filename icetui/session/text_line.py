"""What was said: one line of the conversation with the peer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True)
class TextLine:
    """One line of the conversation with the peer."""

    direction: Literal["out", "in"]
    t: float
    wall: float
    text: str
    size: int = 0
    id: int | None = None
    echo: float | None = None
    """Seconds until the peer said it got it."""
    framed: bool = True
