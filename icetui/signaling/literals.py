"""Objects as programs and consoles print them: JSON, JavaScript, Python, Ruby; read as values.

What belongs here: braces, quotes, numbers and names, in time linear in the text, and what a text
that stops in the middle still holds.
What must never come in: what the values mean.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

_MOST_FAILURES = 20
"""Places that look like an object and are none, after which no more are tried: each may cost a
scan."""
_MOST_TOKENS = 8_000
"""Of what is no JSON; reading those takes some hundredths of a second."""
_DEEPEST = 40

_START = re.compile(r"[{\[]|\b[A-Za-z_]{1,40}\((?=\s{0,8}[A-Za-z_]{1,40}\s{0,8}=)")
_BLANK = re.compile(r"(?:\s|//[^\n]*(?:\n|\Z)|;)*")
_STRINGS = {
    '"': re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL),
    "'": re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL),
    "`": re.compile(r"`((?:[^`\\]|\\.)*)`", re.DOTALL),
}
_NAME = re.compile(r"[:@]?[A-Za-z_$][\w$.-]*|\[\[\w{1,40}\]\]")
_BARE = re.compile(r"[^\s,;{}\[\]()\"'`]+")
_COUNTED = re.compile(r"\([0-9]{1,6}\)\s*(?=[\[{])")
_SEPARATOR = re.compile(r"\s*(?:=>|:|=)")
_ESCAPE = re.compile(r"\\(u\{[0-9A-Fa-f]{1,6}\}|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "0": "\0"}
_ESCAPED_LINE_END = re.compile(r"\\r|\\n")
_RAW_LINE_END = re.compile(r"\r\n|\r|\n")
_WORDS: dict[str, Any] = {
    "true": True, "false": False, "null": None, "undefined": None, "None": None, "True": True,
    "False": False, "nil": None,
}  # fmt: skip


class Rest(NamedTuple):
    """A text without the values that were taken out of it."""

    text: str
    cut: bool
    """The last value taken has no end."""
    shortened: bool
    """A console put `…` in place of a part of one."""


class _NoValue(Exception):
    """It only looked like one."""


def take_values(text: str, take: Callable[[Any], bool]) -> Rest:
    """Hand every object and list in `text` to `take`, which says whether it has any use for it;
    what it has not stays in the text."""
    decoder = json.JSONDecoder()
    rest: list[str] = []
    at = failures = 0
    cut = shortened = False
    left = _MOST_TOKENS
    while failures < _MOST_FAILURES:
        start = _START.search(text, at)
        if start is None:
            break
        reading = None
        try:
            value, end = decoder.raw_decode(text, start.start())
        except (ValueError, RecursionError):  # not JSON, too long a number; nested too deep
            reading = _Reading(text, left)
            try:
                value, end = reading.value(start.start(), 0), reading.at
            except _NoValue:
                failures += 1
                left = reading.left
                rest.append(text[at : start.end()])
                at = start.end()
                continue
            left = reading.left
        taken = take(value)
        if taken and reading is not None:
            cut, shortened = cut or reading.cut, shortened or reading.shortened
        elif not taken and reading is not None and reading.cut:
            end = start.end()  # a lone bracket: what follows is no part of it
            failures += 1
        rest.append(text[at : start.start()])
        rest.append("\n" if taken else text[start.start() : end])
        at = end
    rest.append(text[at:])
    return Rest("".join(rest), cut, shortened)


class _Reading:
    """One value that is no JSON; `at` is where it ends."""

    def __init__(self, text: str, left: int) -> None:
        self.text = text
        self.at = 0
        self.left = left
        self.cut = False
        self.shortened = False

    def value(self, at: int, depth: int) -> Any:
        """Raises `_NoValue`."""
        self.at = at
        self._spend(depth)
        self._skip(_COUNTED)  # the console's `(2) [{…}, {…}]`
        opening = self._here
        if opening in _STRINGS:
            return self._strings()
        if opening in ("{", "["):
            return self._items("}" if opening == "{" else "]", depth)
        name = _NAME.match(self.text, self.at)
        if name is None:
            return self._bare()
        self.at = name.end()
        self._skip(_COUNTED)
        self._blank()
        if self._here == "{" or (self._here == "[" and name.group() == "Array"):
            return self.value(self.at, depth + 1)  # the name of its class
        if self._here == "(" and name.end() == self.at:
            return self._items(")", depth)
        if name.group() in ("new", "const", "let", "var"):
            return self.value(self.at, depth + 1)
        self.at = name.end()
        if name.group() in _WORDS:
            return _WORDS[name.group()]
        self.at = name.start()
        return self._bare()

    def _items(self, closing: str, depth: int) -> Any:
        """The inside of a pair of brackets: a dict where any item has a key, else a list."""
        self.at += 1
        keyed: dict[str, Any] = {}
        listed: list[Any] = []
        while True:
            self._spend(depth)
            self._blank()
            here = self._here
            if here == "":
                if not (keyed or listed):
                    raise _NoValue
                self.cut = True
                break
            if here == closing:
                self.at += 1
                break
            if here == ",":
                self.at += 1
                continue
            if here in "\u2026.":
                self._ellipsis()
                continue
            key = self._key() if closing != "]" else None
            if key is not None:
                self._blank()
                if self._here == "":
                    self.cut = True
                    break
                keyed[key] = self.value(self.at, depth + 1)
            elif closing == "}":
                raise _NoValue
            else:
                listed.append(self.value(self.at, depth + 1))
        return keyed if keyed or closing == "}" else listed

    def _key(self) -> str | None:
        """The key in front of a value, if there is one."""
        start = self.at
        opening = self._here
        found = _STRINGS[opening].match(self.text, start) if opening in _STRINGS else None
        found = found or _NAME.match(self.text, start) or _BARE_KEY.match(self.text, start)
        if found is None:
            return None
        separator = _SEPARATOR.match(self.text, found.end())
        if separator is None:
            return None
        self.at = separator.end()
        return found.group(1) if opening in _STRINGS else found.group().lstrip(":@")

    def _strings(self) -> str:
        """A string, or several joined by `+`."""
        parts = []
        while True:
            self._spend(0)
            opening = self._here
            if opening not in _STRINGS:
                raise _NoValue
            found = _STRINGS[opening].match(self.text, self.at)
            if found is None:
                parts.append(_plain(self.text[self.at + 1 :], opening))
                self.at, self.cut = len(self.text), True
                break
            parts.append(_plain(found.group(1), opening))
            self.at = found.end()
            self._blank()
            if self._here != "+":
                break
            self.at += 1
            self._blank()
        return "".join(parts)

    def _bare(self) -> Any:
        """A number, or a word without quotes."""
        found = _BARE.match(self.text, self.at)
        if found is None:
            raise _NoValue
        self.at = found.end()
        word = found.group()
        self.shortened |= "\u2026" in word
        try:
            return int(word) if len(word) < 20 else word
        except ValueError:
            return word

    def _ellipsis(self) -> None:
        self.shortened = True
        self.at += 3 if self.text.startswith("...", self.at) else 1

    @property
    def _here(self) -> str:
        return self.text[self.at : self.at + 1]

    def _blank(self) -> None:
        self._skip(_BLANK)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()

    def _spend(self, depth: int) -> None:
        self.left -= 1
        if self.left < 0 or depth > _DEEPEST:
            raise _NoValue


_BARE_KEY = re.compile(r"[A-Za-z0-9_$@-]+")


def _plain(inside: str, quote: str) -> str:
    """What stands between two quotes, with its escapes undone.

    A line end in it that is not escaped, where others are, was put there by whatever showed it: a
    terminal breaks where its line is full and nothing is lost, a mail program at a blank.
    """
    if quote != "`" and _ESCAPED_LINE_END.search(inside):
        pieces = _RAW_LINE_END.split(inside)
        if len(pieces) > 1:
            widths = {len(piece) for piece in pieces[1:-1]}
            inside = ("" if len(widths) < 2 else " ").join(pieces)
    return _ESCAPE.sub(_unescape, inside) if "\\" in inside else inside


def _unescape(found: re.Match[str]) -> str:
    said = found.group(1)
    if said[0] in "ux" and len(said) > 1:
        code = int(said[1:].strip("{}"), 16)
        return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else ""
    return _ESCAPED.get(said, said)
