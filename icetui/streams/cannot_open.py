"""What hinders a stream of events from opening, as the user is told it."""

from __future__ import annotations


class CannotOpen(Exception):
    """A stream that cannot be opened as asked: the sentence for the user, and an exit code."""

    def __init__(self, sentence: str, code: int = 2) -> None:
        super().__init__(sentence)
        self.code = code
