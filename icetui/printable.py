"""Foreign text made harmless: nothing in it that a terminal, a log or a reader's eye acts upon.

What belongs here: the one function that text from outside passes where it enters a process (a
server's phrase, a peer's message, a line of an event stream, a recording). It imports nothing of
ours, so every layer may use it. Repair of pasted descriptions is `signaling`'s business.
"""

from __future__ import annotations

import unicodedata

STAND_IN = "·"
"""In the place of each character that must not get through."""
MARKS_KEPT = 2
"""Combining marks on one character; more of them climb over the neighbouring lines."""
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
"""Variation selectors: marks by category, and nothing to be seen."""


def printable(text: str, longest: int | None = None) -> str:
    """`text` on one line, without control, bidi, invisible or half characters.

    Gone are the categories C (C0, C1 and with them ESC, CSI and OSC, bidi marks, zero-width
    characters, lone surrogates) and Z but for the space: line ends, tabs and odd spaces become
    spaces, all else a dot. Cut at `longest` characters, with an ellipsis.
    """
    cut = text if longest is None else text[: longest + 1]
    if not (cut.isascii() and cut.isprintable()):
        cut = _harmless(cut)
    if longest is not None and len(cut) > longest:
        cut = cut[: longest - 1] + "…"
    return cut


def is_printable(text: str) -> bool:
    """Whether `printable` would leave it as it is."""
    return (text.isascii() and text.isprintable()) or _harmless(text) == text


def _harmless(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for character in text:
        if unicodedata.category(character) in ("Mn", "Me"):
            marks += 1
            if marks <= MARKS_KEPT and not any(ord(character) in r for r in _SELECTORS):
                kept.append(character)
            continue
        marks = 0
        if character.isprintable():
            kept.append(character)
        else:
            kept.append(" " if character.isspace() else STAND_IN)
    return "".join(kept)
