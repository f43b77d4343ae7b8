"""Text in other people's messages, made safe to show: the one function that all of it passes."""

from __future__ import annotations

MOST_SHOWN = 128
"""Characters: RFC 8489 allows SOFTWARE, REALM and reason phrases no more."""


def cleaned(value: bytes, most: int = MOST_SHOWN) -> str:
    """UTF-8 as one printable line of at most `most` characters.

    Control characters, line ends, bidirectional marks and everything else that does not show as
    itself becomes a dot, what is no UTF-8 a replacement character.
    """
    # A character has at most four bytes: what lies behind is cut off anyway, and costs nothing.
    text = value[: 4 * most + 4].decode("utf-8", "replace")
    if not text.isprintable():
        text = "".join(c if c.isprintable() else "·" for c in text)
    return text if len(text) <= most else text[: most - 1] + "…"
