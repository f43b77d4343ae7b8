"""Bytes as they come ↔ the lines in them, in linear time and bounded memory.

What belongs here: splitting. What a line means is its reader's business.
"""

from __future__ import annotations

LONGEST_LINE = 1024 * 1024
"""Bytes; the longest line of our own, a summary of 2,500 pairs, has about that."""


class Lines:
    """Splits a stream of chunks into lines without their ends.

    A line longer than `longest` bytes is passed over as far as its end and counted: whatever writes
    such lines is no icetui, and the rest of one is no line of its own.
    """

    def __init__(self, longest: int = LONGEST_LINE) -> None:
        self._longest = longest
        self._pieces: list[bytes] = []
        self._held = 0
        self._skipping = False
        self.too_long = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that `chunk` completes."""
        first, *others = chunk.split(b"\n")
        self._hold(first)
        if not others:
            return []
        *whole, rest = others
        lines = [line for line in (self._taken(), *whole) if line is not None]
        self._hold(rest)
        if len(chunk) > self._longest:  # a chunk of that size may hold such lines whole
            kept = [line for line in lines if len(line) <= self._longest]
            self.too_long += len(lines) - len(kept)
            return kept
        return lines

    def rest(self) -> bytes:
        """What stands behind the last line end; the stream is over."""
        return self._taken() or b""

    def _hold(self, piece: bytes) -> None:
        self._held += len(piece)
        if self._held > self._longest and not self._skipping:
            self._skipping = True
            self.too_long += 1
            self._pieces.clear()
        if piece and not self._skipping:
            self._pieces.append(piece)

    def _taken(self) -> bytes | None:
        line = None if self._skipping else b"".join(self._pieces)
        self._pieces.clear()
        self._held, self._skipping = 0, False
        return line
