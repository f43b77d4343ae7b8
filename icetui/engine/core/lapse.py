"""When all consent of a generation has run out, with its path gone for whatever reason.

Both sides reckon it from the same thing, the last answer, so that both go over to the next
generation (`succession.py`) even where one has lost its path with an address and the other by
silence: whoever has gone over refuses checks of before.
"""

from __future__ import annotations


class Lapse:
    """Of one generation. All times are the core's, in seconds."""

    def __init__(self, consent: float) -> None:
        """`consent`: how long it lasts after an answer (RFC 7675 section 5.1)."""
        self._consent = consent
        self._had_path = False
        self._answered_at: float | None = None

    def answered(self, now: float) -> None:
        """A check was answered, on any pair."""
        self._answered_at = now

    def path_stands(self) -> None:
        """There is a path: only then is there something to lose."""
        self._had_path = True

    def slept(self, seconds: float) -> None:
        """The clock stood still for so long."""
        if self._answered_at is not None:
            self._answered_at -= seconds

    def due(self) -> float | None:
        """When it is complete if nothing answers any more; None: nothing has stood, or it was."""
        if not self._had_path or self._answered_at is None:
            return None
        return self._answered_at + self._consent

    def complete(self, now: float) -> bool:
        """Whether it has just come to that; once for each path."""
        due = self.due()
        if due is None or due > now:
            return False
        self._had_path = False
        return True
