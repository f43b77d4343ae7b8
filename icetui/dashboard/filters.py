"""What is typed behind `/`: words, `!word`, `field:word` and `/regular expression/`.

All terms must hold. Upper and lower case are the same. A term that is no valid expression is looked
for letter by letter, and an unknown field's name is a part of the word.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

TERM = re.compile(r'(?P<no>!?)(?:(?P<field>[a-z][a-z-]*):)?(?P<word>/(?:\\.|[^/])+/|"[^"]*"|\S+)',
                  re.IGNORECASE)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Term:
    """One condition."""

    pattern: re.Pattern[str]
    field: str = ""
    """The column it is about; empty: any."""
    negative: bool = False

    def holds(self, whole: str, field: Callable[[str], str]) -> bool:
        text = field(self.field) if self.field else whole
        return (self.pattern.search(text) is not None) is not self.negative


@dataclass(frozen=True, slots=True)
class Filter:
    """What a row's fields must fulfil to be shown."""

    text: str = ""
    terms: tuple[Term, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.terms)

    def holds(self, whole: str, field: Callable[[str], str]) -> bool:
        """Whether a row passes: all of its text, and a way to one column's."""
        return all(term.holds(whole, field) for term in self.terms)

    def spans(self, text: str, field: str) -> list[tuple[int, int]]:
        """Where `text`, a cell of the column `field`, has what was looked for."""
        return [
            match.span()
            for term in self.terms
            if not term.negative and term.field in ("", field)
            for match in term.pattern.finditer(text)
            if match.end() > match.start()
        ]


def parse(text: str, fields: tuple[str, ...] = ()) -> Filter:
    """The filter that `text` means where columns are called `fields`. Never raises.

    A field may be shortened as long as one column begins so.
    """
    terms = []
    for match in TERM.finditer(text.strip()):
        word, name = match["word"], (match["field"] or "").lower()
        field = next((f for f in fields if f == name), "") or (
            next((f for f in fields if f.startswith(name)), "") if name else ""
        )
        if name and not field:  # `10:4022`, `stun:a`: no column's name
            word = f"{match['field']}:{word}"
        terms.append(Term(_pattern(word), field, bool(match["no"])))
    return Filter(text.strip(), tuple(terms))


def _pattern(word: str) -> re.Pattern[str]:
    if len(word) > 2 and word[0] == word[-1] == "/":
        try:
            return re.compile(word[1:-1], re.IGNORECASE)
        except re.error:
            pass  # half typed: letter by letter until it is whole
    if len(word) > 1 and word[0] == word[-1] == '"':
        word = word[1:-1]
    return re.compile(re.escape(word), re.IGNORECASE)
