"""Takes out of pasted text what people did not see when they copied it.

What belongs here: character-level repair that is right for every format.
What must never come in: knowledge of any one format.
"""

from __future__ import annotations

import re

# Terminal sequences (bracketed paste, colours), ECMA-48 section 5.4. The three character classes
# are disjoint and exclude ESC, so matching is linear.
_TERMINAL_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


def _table() -> dict[int, str | None]:
    table: dict[int, str | None] = {}

    def drop(first: int, last: int) -> None:
        table.update(dict.fromkeys(range(first, last + 1)))

    drop(0x00, 0x08)
    drop(0x0E, 0x1F)
    drop(0x7F, 0x84)
    drop(0x86, 0x9F)
    for invisible in (0xAD, 0x34F, 0x61C, 0x180E, 0xFEFF):
        table[invisible] = None
    drop(0x200B, 0x200F)  # zero-width characters, bidi marks
    drop(0x202A, 0x202E)  # bidi embeddings
    drop(0x2060, 0x206F)  # word joiner, bidi isolates
    drop(0xD800, 0xDFFF)  # lone surrogates
    drop(0xFE00, 0xFE0F)  # variation selectors
    drop(0xFFF9, 0xFFFB)
    for space in (0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000):
        table[space] = " "
    for line_end in (0x0B, 0x0C, 0x85, 0x2028, 0x2029):
        table[line_end] = "\n"
    for quote in "\u2018\u2019\u201a\u201b\u2039\u203a\u00b4":
        table[ord(quote)] = "'"
    for quote in "\u201c\u201d\u201e\u201f\u00ab\u00bb":
        table[ord(quote)] = '"'
    for dash in "\u2010\u2011\u2012\u2013\u2212":
        table[ord(dash)] = "-"
    table[0x2014] = "--"  # "smart punctuation" makes an em dash of two hyphens
    table[0xFE55] = ":"
    for full_width in range(0xFF01, 0xFF5F):
        table[full_width] = chr(full_width - 0xFEE0)
    return table


_REPAIRS = _table()
_CURLY = re.compile("[\u2018\u2019\u201a\u201b\u2039\u203a\u201c\u201d\u201e\u201f\u00ab\u00bb]")


def has_curly_quotes(text: str) -> bool:
    """Whether `cleaned` makes plain quotes of curly ones."""
    return _CURLY.search(text) is not None


def cleaned(text: str) -> str:
    """`text` without invisible characters and terminal sequences, with plain quotes and spaces.

    Of the control characters only tab, line feed and carriage return remain.
    """
    return _TERMINAL_SEQUENCE.sub("", text).translate(_REPAIRS)
