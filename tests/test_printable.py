"""Foreign text: whatever a terminal would act upon is gone, what people write stays."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icetui.printable import is_printable, printable

TRAPS = {
    "clear screen": "\x1b[2J",
    "clipboard by OSC 52": "\x1b]52;c;cHduZWQ=\x07",
    "C1 CSI": "\x9b31m",
    "C1 OSC": "\x9d0;title\x9c",
    "bidi override": "\u202egpj.exe",
    "bidi isolate": "\u2066\u2069",
    "newline": "a\nb\r\nc",
    "line separator": "a\u2028b\u2029c\x85d\x0be\x0cf",
    "zero width": "a\u200bb\u200dc\ufeffd\u2060e",
    "tag characters": "a\U000e0041b",
    "soft hyphen": "a\xadb",
    "lone surrogate": "\ud800",
    "delete": "\x7f",
    "nothing": "\x00",
    "odd spaces": "a\xa0b\u3000c",
}


@pytest.mark.parametrize("text", TRAPS.values(), ids=TRAPS)
def test_a_trap_becomes_one_harmless_line(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert len(shown.splitlines()) <= 1
    shown.encode()


@pytest.mark.parametrize("text", ["plain", "grüße, 你好, שלום", "👍", "q\u0301", "a b", ""])
def test_what_people_write_stays(text: str) -> None:
    assert printable(text) == text
    assert is_printable(text)


def test_a_pile_of_accents_does_not_climb_over_the_neighbours() -> None:
    assert printable("a" + "\u0301" * 50 + "b") == "a\u0301\u0301b"


def test_a_long_text_is_cut_and_says_so() -> None:
    assert printable("x" * 20, 10) == "x" * 9 + "…"
    assert printable("x" * 10, 10) == "x" * 10


@given(st.text())
def test_no_text_at_all_leaves_anything_behind(text: str) -> None:
    shown = printable(text)
    assert all(unicodedata.category(c)[0] != "C" for c in shown)
    assert all(c == " " or unicodedata.category(c)[0] != "Z" for c in shown)
    assert printable(shown) == shown
    assert is_printable(shown)
    assert is_printable(text) == (shown == text)
