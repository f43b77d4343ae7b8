"""Text inside base64, hexadecimal digits, gzip and zlib: found and unpacked.

What belongs here: where such a payload starts and ends, and what is wrong with it.
What must never come in: what is inside.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from icetui.signaling.description import MAX_TEXT

_MOST_PAYLOADS = 200
_START = re.compile(
    r"(?<![A-Za-z0-9+_-])(?=eyJ|eyAi|eyAg|ewo|ewA|ewk|ew0K|W3s|WyB7|Insi|Intc|dj0w|bT0|YT1|Y2Fu|aWNl|"
    r"PHRy|PGpp|PGlx|PD94|H4sI|e[AFJN]|ZXlK|KLUv|QlpoO|/Td6|JTd)[A-Za-z0-9+/_-]{16}"
)
_TOKEN = re.compile(r"[A-Za-z0-9+/_-]+(?:={1,2}|(?:%3[dD]){1,2})?")
_GAP = re.compile(r"[ \t>|\"'+\\,]*(?:\r\n?|\n|\\n)[\s>|\"'+]*")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}[\s:]{0,2}){40,}")
_WORDS = ("sdp", "candidate", "v=0", "ice-", "ufrag", "usernameFragment", "\\n")
_OTHERS = {
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
}
"""Compressions that are named and not read."""


class Payload(NamedTuple):
    """One that was found."""

    text: str
    """What is inside, as far as it goes."""
    cut: bool = False
    """It stops in the middle."""
    problem: str = ""
    """A sentence, where it cannot be read at all."""


def payloads(text: str) -> Iterator[Payload]:
    """Every payload in `text` that holds what a description could be made of."""
    at = 0
    for _ in range(_MOST_PAYLOADS):
        start = _START.search(text, at)
        if start is None:
            break
        characters, at = _characters(text, start.start())
        payload = _unpacked(_decoded(characters), whole=len(characters) % 4 != 1)
        if payload is not None:
            yield payload
    hexadecimal = _HEX.search(text)
    if hexadecimal is not None:
        digits = re.sub(r"[\s:]+", "", hexadecimal.group())
        payload = _unpacked(bytes.fromhex(digits[: len(digits) // 2 * 2]), whole=True)
        if payload is not None:
            yield payload


def _characters(text: str, at: int) -> tuple[str, int]:
    """The characters of the payload that starts there, and where it ends.

    It goes on in the next line when that is not longer: lines are broken at one width.
    """
    parts: list[str] = []
    while True:
        token = _TOKEN.match(text, at)
        if token is None:
            break
        word = token.group()
        if parts and (len(word) > len(parts[-1]) or _START.match(text, at)):
            break
        bare = re.sub(r"(?:=|%3[dD])+\Z", "", word)
        parts.append(bare)
        at = token.end()
        gap = _GAP.match(text, at)
        if bare != word or gap is None:
            break
        at = gap.end()
    return "".join(parts).replace("-", "+").replace("_", "/"), at


def _decoded(characters: str) -> bytes:
    """The bytes; of an incomplete last group what there is, and a single character says nothing."""
    usable = characters[: len(characters) - (len(characters) % 4 == 1)]
    try:
        return base64.b64decode(usable + "=" * (-len(usable) % 4))
    except binascii.Error:
        return b""


def _unpacked(data: bytes, *, whole: bool) -> Payload | None:
    for magic, name in _OTHERS.items():
        if data.startswith(magic):
            sentence = f"This is base64 of {name}-compressed data, which icetui does not read: "
            return Payload("", problem=sentence + "send the description uncompressed.")
    compressed = data[:2] == b"\x1f\x8b" or _is_zlib(data)
    cut = not whole
    if compressed:
        engine = zlib.decompressobj(47)  # gzip (RFC 1952) or zlib (RFC 1950), told by the header
        try:
            data = engine.decompress(data, MAX_TEXT)
        except zlib.error:
            return Payload(
                "", problem="The compressed data in this base64 is damaged: copy it again."
            )
        if engine.unconsumed_tail:
            return Payload("", problem="What is compressed in this base64 is too long to be read.")
        cut = not engine.eof
    wide = len(data) > 20 and not any(data[1:20:2])  # as PowerShell encodes
    decoded = data.decode("utf-16-le" if wide else "utf-8", "replace").rstrip("\ufffd")
    if not any(word in decoded for word in _WORDS) and not _START.match(decoded):
        return None
    if "\ufffd" in decoded:
        return Payload("", problem="The base64 was damaged on the way: copy it again, all of it.")
    return Payload(decoded, cut)


def _is_zlib(data: bytes) -> bool:
    return len(data) > 6 and data[0] == 0x78 and (data[0] << 8 | data[1]) % 31 == 0
